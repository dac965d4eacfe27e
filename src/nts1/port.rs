//! The port of a real device: a port of the patchbay. The calling thread waits here; the patchbay's thread receives.

use super::session::{SysExTransport, WireFailed};
use crate::engine::{
    host::open_port::{OpenPort, PortWay},
    host::patchbay::Patchbay,
    midi::{
        input::MidiIn,
        port::{MidiOut, PortNews, SendFailed},
    },
    realtime,
};
use std::{thread, time::Duration};

/// How often the input is polled.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long sending is retried, in ms: the longest message takes 1.3 s at 31250 baud.
const SEND_PATIENCE_MS: u64 = 3000;

/// A port for sending and receiving.
pub struct PortWire {
    name: String,
    out: Box<dyn MidiOut>,
    input: MidiIn,
    // Dropping either closes the port.
    _clock: Box<dyn MidiOut>,
    _patchbay: Patchbay,
}

impl PortWire {
    /// Takes an open port.
    ///
    /// # Errors
    /// The port cannot both send and receive.
    pub fn new(patchbay: Patchbay, port: OpenPort) -> Result<PortWire, WireFailed> {
        let name = port.info.name;
        match (port.way, port.input) {
            (PortWay::Threads { scheduler, clock }, Some(input)) => {
                Ok(PortWire { name, out: scheduler, input, _clock: clock, _patchbay: patchbay })
            }
            _ => Err(WireFailed(format!(
                "{name} has no input and output of its own, which nts1 needs: choose the synth's own port"
            ))),
        }
    }

    /// The name of the port.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_there(&mut self) -> Result<(), WireFailed> {
        while let Some(news) = self.out.news() {
            if news == PortNews::Gone {
                return Err(WireFailed(format!("{} disconnected: plug it in and start again", self.name)));
            }
        }
        Ok(())
    }

    /// Retries until it succeeds or the time is over.
    fn try_for(&mut self, mut go: impl FnMut(&mut dyn MidiOut) -> Result<(), SendFailed>) -> Result<(), WireFailed> {
        let until_ms = self.now_ms() + SEND_PATIENCE_MS;
        while go(&mut *self.out).is_err() {
            self.is_there()?;
            if self.now_ms() > until_ms {
                return Err(WireFailed(format!("{} accepts no messages: unplug it and plug it in again", self.name)));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

impl SysExTransport for PortWire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireFailed> {
        self.is_there()?;
        self.try_for(|out| out.send(realtime::now_ns(), bytes))?;
        self.try_for(|out| out.finish())
    }

    fn receive(&mut self, until_ms: u64) -> Result<Option<Vec<u8>>, WireFailed> {
        loop {
            if let Some(received) = self.input.pop() {
                return Ok(Some(received.payload.bytes().to_vec()));
            }
            self.is_there()?;
            if self.now_ms() >= until_ms {
                return Ok(None);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn now_ms(&self) -> u64 {
        realtime::now_ns() / 1_000_000
    }
}
