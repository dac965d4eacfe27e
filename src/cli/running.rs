//! An engine without a screen: what `serve`, `run`, `record` and `clock` have in common once they know what they want.
//!
//! Where the socket is free it is opened: then `busker attach` shows what goes on, and the end of the terminal is not the
//! end of it.

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
    /// For whoever asks.
    pub station: Station,
    /// The names of the ports it plays on.
    pub port_names: Vec<String>,
    events: Receiver<Event>,
    woken: Receiver<()>,
}

impl RunningEngine {
    /// Opens devices and ports and starts an engine on them.
    ///
    /// # Errors
    /// A device, a port or an input that cannot be had.
    pub fn start(
        setup: &mut Setup,
        ports: &[PortWish],
        listener: Option<SentListener>,
    ) -> Result<RunningEngine, Failure> {
        // Where another station has it, this one is nobody else's.
        let place = SocketFile::take(&setup.socket).ok();
        RunningEngine::at(setup, ports, listener, place)
    }

    /// The same for others to reach.
    ///
    /// # Errors
    /// As above; or the socket cannot be had.
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
            // Already woken is woken.
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

    /// Prints what went wrong on the way here, for a verb that shows nothing of what happens; true where it is to end
    /// already.
    pub fn complain_of_start(&self) -> bool {
        let happened = self.wait(Duration::ZERO);
        let notices = happened.iter().filter_map(Event::notice);
        notices.filter(|(severity, _)| *severity != Severity::Info).for_each(|(_, text)| complain(&text));
        happened.contains(&Event::Quit)
    }

    /// Waits for something to happen, but not longer than `patience`, and says what happened.
    pub fn wait(&self, patience: Duration) -> Vec<Event> {
        let _ = self.woken.recv_timeout(patience);
        self.events.try_iter().collect()
    }

    /// Ends the engine in order: what happened since the last look, and what went wrong on the way out.
    pub fn end(self) -> (Vec<Event>, Vec<String>) {
        let lost = self.engine.end();
        drop(self.door);
        (self.events.try_iter().collect(), lost)
    }
}

/// Prints what went wrong on the way out, where nobody else shows it any more.
///
/// # Errors
/// Something did: exit code 1.
pub fn complain_of_end(lost: &[String]) -> Outcome {
    lost.iter().for_each(|text| complain(text));
    if lost.is_empty() { Ok(()) } else { Err(Failure::told(1)) }
}
