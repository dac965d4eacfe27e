//! An engine without a screen: shared by `serve`, `run`, `record` and `clock`.
//!
//! If the socket is free, it is opened: then `busker attach` shows the engine, and the engine survives the end of the
//! terminal.

use super::{Failure, Outcome, complain, instead, setup::Setup, signals};
use crate::{
    engine::{control::SentListener, host::quiet::QuietStderr, live::Engine, select::PortWish, station::Station},
    remote::socket::{door::SocketDoor, socket_file::SocketFile},
    status::{Event, Severity},
};
use std::{
    os::unix::net::UnixListener,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

/// A running engine that ends on signals.
pub struct RunningEngine {
    engine: Engine,
    door: Option<SocketDoor>,
    /// The handle of the engine.
    pub station: Station,
    /// The names of the output ports.
    pub port_names: Vec<String>,
    events: Receiver<Event>,
    woken: Receiver<()>,
}

impl RunningEngine {
    /// Opens devices and ports and starts an engine on them.
    ///
    /// # Errors
    /// A device, a port or an input that cannot be opened.
    pub fn start(
        setup: &mut Setup,
        ports: &[PortWish],
        listener: Option<SentListener>,
    ) -> Result<RunningEngine, Failure> {
        // If another station has the socket, this one runs without.
        let place = SocketFile::take(&setup.socket).ok();
        RunningEngine::at(setup, ports, listener, place)
    }

    /// The same, and requires the socket.
    ///
    /// # Errors
    /// As above; or the socket cannot be opened.
    pub fn serve(setup: &mut Setup, ports: &[PortWish]) -> Result<RunningEngine, Failure> {
        let place = SocketFile::take(&setup.socket).map_err(Failure::asked)?;
        RunningEngine::at(setup, ports, None, Some(place))
    }

    fn at(
        setup: &mut Setup,
        ports: &[PortWish],
        listener: Option<SentListener>,
        place: Option<(SocketFile, UnixListener)>,
    ) -> Result<RunningEngine, Failure> {
        let quiet = QuietStderr::into(&setup.folders.log_file());
        let selected = instead::select(setup, ports);
        drop(quiet);
        let selected = selected.map_err(Failure::asked)?;
        selected.notices.iter().for_each(|(_, text)| complain(text));
        let port_names = selected.machinery.ports.iter().map(|port| port.info.name.clone()).collect();
        let engine = Engine::start(&setup.config, selected.machinery, listener).map_err(Failure::asked)?;
        let station = engine.station().clone();
        let (wake, woken) = mpsc::sync_channel(1);
        let events = station.subscribe(move || {
            // One wake-up in the queue is enough.
            let _ = wake.try_send(());
        });
        signals::quit_on_signals(station.clone())?;
        let door = match place {
            Some((place, listener)) => {
                let door = SocketDoor::open(place, listener, &station, &setup.config.doors);
                signals::hang_ups()?;
                Some(door.map_err(Failure::other)?)
            }
            None => {
                signals::quit_on_hang_up(station.clone())?;
                None
            }
        };
        if let Some(command) = &setup.session {
            station.ask(command.clone()).map_err(Failure::asked)?;
        }
        Ok(RunningEngine { engine, door, station, port_names, events, woken })
    }

    /// Prints errors of the start, for a subcommand that shows no events; true if the engine is already ending.
    pub fn complain_of_start(&self) -> bool {
        let happened = self.wait(Duration::ZERO);
        let notices = happened.iter().filter_map(Event::notice);
        notices.filter(|(severity, _)| *severity != Severity::Info).for_each(|(_, text)| complain(&text));
        happened.contains(&Event::Quit)
    }

    /// Waits for an event, at most `patience`; returns the events.
    pub fn wait(&self, patience: Duration) -> Vec<Event> {
        let _ = self.woken.recv_timeout(patience);
        self.events.try_iter().collect()
    }

    /// Ends the engine in order; returns the events since the last call, and the errors of the end.
    pub fn end(self) -> (Vec<Event>, Vec<String>) {
        let lost = self.engine.end();
        drop(self.door);
        (self.events.try_iter().collect(), lost)
    }
}

/// Prints errors of the end, which no screen shows any more.
///
/// # Errors
/// There was an error: exit code 1.
pub fn complain_of_end(lost: &[String]) -> Outcome {
    lost.iter().for_each(|text| complain(text));
    if lost.is_empty() { Ok(()) } else { Err(Failure::told(1)) }
}
