//! The patchbay: keeps MIDI ports connected, also when they are unplugged and plugged in again.
//!
//! One thread, "midi-ports", receives everything that comes in, notices at once when a port goes, connects it again
//! when it returns, and hands connections to the sending threads through plugs (`midi/plug.rs`). [`Patchbay`] is its
//! handle: it asks the thread and waits for the answer. Realtime: no.

mod alsa_port;
mod raw_port;
mod retry;
mod sequencer;
mod sockets;
mod thread;

use super::{
    HostError,
    open_port::{OpenPort, PatchbayIndex, PortInfo, PortWay},
};
use crate::{config::PortSettings, midi::Wire, profile::Profile};
use alsa_port::{AlsaAsked, OpenedPort};
use std::sync::mpsc::{self, Receiver, Sender};
use thread::{Ask, Handle, KeepResult, PortEventWaker};

/// A port came or went. The sending threads and the input have the change already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortEvent {
    /// The port.
    pub port: PatchbayIndex,
    /// The change.
    pub change: PortChange,
}

/// A change of a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChange {
    /// It is connected. Its whole name may differ from what was asked for.
    Connected {
        /// The name to show.
        name: String,
    },
    /// It is gone; it is connected again when it returns.
    Gone,
}

/// The ports that are kept. Dropping it closes them.
pub struct Patchbay {
    /// `None` before the first port.
    thread: Option<Handle>,
    sender: Sender<PortEvent>,
    events: Option<Receiver<PortEvent>>,
    knock: Option<PortEventWaker>,
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
        Patchbay { thread: None, sender, events: Some(events), knock: None }
    }

    /// A port of the ALSA sequencer by its name or a part of it. With `output` off it only receives; with `wait` on it
    /// may not be there yet.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub fn alsa(&mut self, name: &str, profile: &Profile, output: bool, wait: bool) -> Result<OpenPort, HostError> {
        let profile = profile.clone();
        let rank = Box::new(move |name: &str| profile.port_rank(name));
        let asked = AlsaAsked { name: name.to_owned(), rank, output, wait };
        self.keep(format!("alsa:{name}"), |answer| Ask::KeepAlsa(asked, answer))
    }

    /// A raw MIDI device, a serial line or a FIFO by its path. A FIFO is only written to, or with `output` off only read.
    ///
    /// # Errors
    /// Where it is not there and is not waited for, or cannot be opened.
    pub fn raw(&mut self, path: &str, output: bool, wait: bool) -> Result<OpenPort, HostError> {
        self.keep(format!("raw:{path}"), |answer| Ask::KeepRaw { path: path.to_owned(), output, wait, answer })
    }

    /// Changes of the ports, for the control thread; once. `knock` is called after each event.
    pub fn take_events(&mut self, knock: impl Fn() + Send + 'static) -> Option<Receiver<PortEvent>> {
        let events = self.events.take()?;
        let knock: PortEventWaker = Box::new(knock);
        match &self.thread {
            Some(thread) => thread.ask(Ask::Knock(knock)),
            None => self.knock = Some(knock),
        }
        Some(events)
    }

    fn keep(&mut self, id: String, ask: impl FnOnce(Sender<KeepResult>) -> Ask) -> Result<OpenPort, HostError> {
        let stopped = || HostError("MIDI ports can no longer be opened: quit with ctrl-q and start again".to_owned());
        let thread = match &mut self.thread {
            Some(thread) => thread,
            none => none.insert(Handle::start(self.sender.clone(), self.knock.take())?),
        };
        let (answer, answered) = mpsc::channel();
        thread.ask(ask(answer));
        let (kept, OpenedPort { name, plugs, input, connected }, wire) = answered.recv().map_err(|_| stopped())??;
        let way = match plugs {
            Some([scheduler, clock]) => PortWay::Threads { scheduler: Box::new(scheduler), clock: Box::new(clock) },
            None => PortWay::InputOnly,
        };
        // The name that was asked for, whether the port is there yet or not: MIDI maps use that name.
        let info = PortInfo { id, name };
        Ok(OpenPort { info, way, input, wire, settings: PortSettings::default(), kept: Some(kept), connected })
    }
}

/// How fast a port of the sequencer takes bytes: most are USB.
const ALSA_WIRE: Wire = Wire::USB;
