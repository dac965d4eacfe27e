//! The patchbay: keeps MIDI ports connected that come and go.

use super::{HostError, alsa_midi, raw_midi};
use crate::{engine::assembly::OpenPort, profile::Profile};
use std::sync::mpsc::{self, Receiver, Sender};

/// A port of the patchbay, counted from 0 in the order they were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kept(pub u8);

/// A port came or went. The sending threads and the input know already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortEvent {
    /// Which.
    pub port: Kept,
    /// What became of it.
    pub change: PortChange,
}

/// What became of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChange {
    /// It is connected. Its whole name may differ from what was asked for.
    Connected {
        /// As a person knows it.
        name: String,
    },
    /// It is gone; it is taken back when it returns.
    Gone,
}

/// The ports that are kept. Dropping it closes them.
pub struct Patchbay {
    events: Option<Receiver<PortEvent>>,
    _sender: Sender<PortEvent>,
    connections: Vec<alsa_midi::Connection>,
}

impl Default for Patchbay {
    fn default() -> Self {
        Self::new()
    }
}

impl Patchbay {
    /// One without ports.
    pub fn new() -> Patchbay {
        let (sender, events) = mpsc::channel();
        Patchbay { events: Some(events), _sender: sender, connections: Vec::new() }
    }

    /// A port of the ALSA sequencer by its name or a part of it. With `output` off it is only heard; with `wait` on it
    /// may not be there yet.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub fn alsa(&mut self, name: &str, profile: &Profile, _output: bool, _wait: bool) -> Result<OpenPort, HostError> {
        let (port, connection) = alsa_midi::open(name, profile)?;
        self.connections.extend(connection);
        Ok(port)
    }

    /// A raw MIDI device, a serial line or a FIFO by its path.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub fn raw(&mut self, path: &str, _output: bool, _wait: bool) -> Result<OpenPort, HostError> {
        raw_midi::open(path)
    }

    /// What becomes of the ports, for the control thread; once. `knock` is called after each event.
    pub fn take_events(&mut self, _knock: impl Fn() + Send + 'static) -> Option<Receiver<PortEvent>> {
        self.events.take()
    }
}
