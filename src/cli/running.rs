//! An engine without a screen: what `run`, `record` and `clock` have in common once they know what they want.

use super::{Failure, complain, setup::Setup, signals};
use crate::{
    engine::{
        control::SentListener,
        host::{
            quiet::QuietStderr,
            select::{self, PortWish},
        },
        live::Engine,
        station::Station,
    },
    status::Event,
};
use std::{
    sync::mpsc::{self, Receiver},
    time::Duration,
};

/// A running engine that ends on signals.
pub struct Running {
    engine: Engine,
    /// For whoever asks.
    pub station: Station,
    /// The names of the ports it plays on.
    pub port_names: Vec<String>,
    events: Receiver<Event>,
    woken: Receiver<()>,
}

impl Running {
    /// Opens devices and ports and starts an engine on them.
    ///
    /// # Errors
    /// A device, a port or an input that cannot be had.
    pub fn start(setup: &Setup, ports: &[PortWish], listener: Option<SentListener>) -> Result<Running, Failure> {
        let quiet = QuietStderr::into(&setup.folders.log_file());
        let selected = select::select(&setup.device, ports, &setup.request, &setup.config.profile);
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
        if let Some(command) = &setup.session {
            station.ask(command.clone()).map_err(Failure::asked)?;
        }
        Ok(Running { engine, station, port_names, events, woken })
    }

    /// Waits for something to happen, but not longer than `patience`, and says what happened.
    pub fn wait(&self, patience: Duration) -> Vec<Event> {
        let _ = self.woken.recv_timeout(patience);
        self.events.try_iter().collect()
    }

    /// Ends the engine in order and says what happened on the way.
    pub fn end(self) -> Vec<Event> {
        drop(self.engine);
        self.events.try_iter().collect()
    }
}
