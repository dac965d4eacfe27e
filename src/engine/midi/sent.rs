//! What went out on the wire, on its way back to the control thread, which logs it and frees it.
//!
//! One ring per sending thread. The log may lose under overload (it is counted); the wire does not wait for it.

use super::log::{LogReader, LogWriter, log};
use crate::midi::Message;

/// Which of the engine's ports, counted from 0 in the order they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortIndex(pub u8);

/// The bytes of one message.
#[derive(Debug)]
pub enum Payload {
    /// One to three bytes.
    Short(Message),
    /// System exclusive, with its F0 and F7. Freed by the control thread.
    SysEx(Box<[u8]>),
}

impl Payload {
    /// The bytes on the wire.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Payload::Short(message) => message.bytes(),
            Payload::SysEx(bytes) => bytes,
        }
    }
}

/// One message that was handed to a port.
#[derive(Debug)]
pub struct Sent {
    /// When, in ns on the engine's clock.
    pub at_ns: u64,
    /// How long it was held up: from the instant it was asked for, was due and its controller's spacing was over, to the
    /// instant it was handed to the port. In ns.
    pub waited_ns: u64,
    /// Where.
    pub port: PortIndex,
    /// What.
    pub payload: Payload,
}

/// The sender's half.
pub struct SentLog(LogWriter<Sent>);

/// The control thread's half.
pub type SentReader = LogReader<Sent>;

/// Both halves.
pub fn sent_log() -> (SentLog, SentReader) {
    let (writer, reader) = log();
    (SentLog(writer), reader)
}

impl SentLog {
    /// Notes a message. Realtime: yes for short messages; a SysEx that finds the log full is freed here.
    pub fn push(&mut self, sent: Sent) {
        self.0.push(sent);
    }
}
