//! What comes in at a port, on its way to the control thread.
//!
//! [`Inlet`] belongs to the thread the port's bytes come in on, [`MidiIn`] to the control thread. A message is an event,
//! so it travels on a ring; what finds no room is counted. Realtime: no, a SysEx is copied to memory of its own.

use super::{
    log::{LogReader, LogWriter, log},
    sent::{Payload, PortIndex},
};
use crate::midi::parser::{Parsed, Parser};

/// One message that came in.
#[derive(Debug)]
pub struct Received {
    /// When, in ns on the engine's clock.
    pub at_ns: u64,
    /// Where.
    pub port: PortIndex,
    /// What.
    pub payload: Payload,
}

/// The port's half.
pub struct Inlet {
    parser: Parser,
    log: LogWriter<(u64, Payload)>,
}

/// An open input: the control thread's half. Dropping it closes the port.
pub struct MidiIn {
    port: PortIndex,
    log: LogReader<(u64, Payload)>,
    /// What keeps the port open.
    _connection: Box<dyn Send>,
}

/// Opens an input: `connect` gives its half to the port, and returns what keeps the port open.
///
/// # Errors
/// Those of `connect`.
pub fn open_input<E>(connect: impl FnOnce(Inlet) -> Result<Box<dyn Send>, E>) -> Result<MidiIn, E> {
    let (writer, reader) = log();
    let connection = connect(Inlet { parser: Parser::new(), log: writer })?;
    Ok(MidiIn { port: PortIndex(0), log: reader, _connection: connection })
}

impl Inlet {
    /// Takes bytes that came in at `at_ns`, in any pieces.
    pub fn hear(&mut self, at_ns: u64, bytes: &[u8]) {
        let dropped = self.parser.dropped();
        let log = &mut self.log;
        self.parser.feed(bytes, |parsed| {
            let payload = match parsed {
                Parsed::Short(message) => Payload::Short(message),
                Parsed::SysEx(bytes) => Payload::SysEx(bytes.into()),
            };
            log.push((at_ns, payload));
        });
        log.count_lost(self.parser.dropped() - dropped);
    }
}

impl MidiIn {
    /// This input as one of the engine's ports.
    pub fn at(self, port: PortIndex) -> MidiIn {
        MidiIn { port, ..self }
    }

    /// The next message in the order they came in.
    pub fn pop(&mut self) -> Option<Received> {
        let (at_ns, payload) = self.log.pop()?;
        Some(Received { at_ns, port: self.port, payload })
    }

    /// How many were lost: for want of room, or because a SysEx was too long or broken.
    pub fn lost(&self) -> u64 {
        self.log.lost()
    }
}

#[cfg(test)]
mod tests {
    use super::{super::log::CAPACITY, *};
    use std::convert::Infallible;

    #[test]
    fn messages_arrive_with_their_instant_and_port_and_what_is_lost_is_counted() {
        let mut inlet = None;
        let opened = open_input(|half| {
            inlet = Some(half);
            Ok::<Box<dyn Send>, Infallible>(Box::new(()))
        });
        let (mut inlet, mut input) = (inlet.unwrap(), opened.unwrap().at(PortIndex(3)));
        inlet.hear(7, &[0xB0, 43]);
        inlet.hear(9, &[0xF8, 32, 0xF0, 1, 0xF7]);
        let heard: Vec<(u64, u8, Vec<u8>)> =
            std::iter::from_fn(|| input.pop()).map(|r| (r.at_ns, r.port.0, r.payload.bytes().to_vec())).collect();
        assert_eq!(heard, [(9, 3, vec![0xF8]), (9, 3, vec![0xB0, 43, 32]), (9, 3, vec![0xF0, 1, 0xF7])]);
        inlet.hear(10, &[0xF0, 1, 0x90]);
        assert_eq!(input.lost(), 1);
        inlet.hear(11, &vec![0xF8; CAPACITY + 5]);
        assert_eq!(input.lost(), 6);
        assert_eq!(std::iter::from_fn(|| input.pop()).count(), CAPACITY);
    }
}
