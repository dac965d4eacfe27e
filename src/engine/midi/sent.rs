//! The log of sent messages, on its way to the control thread, which logs and frees them.
//!
//! One ring per sending thread. The log may lose under overload (it is counted); the wire does not wait for it.

use super::log::{LogReader, LogWriter, log};
use crate::{engine::realtime::may_alloc, midi::Message};
use std::ops::Deref;

/// Which of the engine's ports, counted from 0 in the order they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortIndex(pub u8);

/// The bytes of one message.
#[derive(Debug)]
pub enum Payload {
    /// One to three bytes.
    Short(Message),
    /// System exclusive.
    SysEx(SysEx),
}

/// A system exclusive message, with its F0 and F7. One that was sent is freed by the control thread; one that a
/// real-time thread drops is freed there, which is rare and allowed.
#[derive(Debug)]
pub struct SysEx(Box<[u8]>);

impl Drop for SysEx {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.0);
        may_alloc(|| drop(bytes));
    }
}

impl Deref for SysEx {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<B: Into<Box<[u8]>>> From<B> for SysEx {
    fn from(bytes: B) -> Self {
        SysEx(bytes.into())
    }
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

/// One message that was sent to a port.
#[derive(Debug)]
pub struct SentMessage {
    /// Its instant, in ns on the engine's clock.
    pub at_ns: u64,
    /// Its delay: from the instant it was asked for, was due and its controller's spacing was over, to the instant it
    /// was sent to the port. In ns.
    pub waited_ns: u64,
    /// The port.
    pub port: PortIndex,
    /// Its bytes.
    pub payload: Payload,
}

/// The sender's half.
pub struct SentLog(LogWriter<SentMessage>);

/// The control thread's half.
pub type SentReader = LogReader<SentMessage>;

/// Both halves.
pub fn sent_log() -> (SentLog, SentReader) {
    let (writer, reader) = log();
    (SentLog(writer), reader)
}

impl SentLog {
    /// Logs a message. Realtime: yes for short messages; a SysEx that finds the log full is freed here.
    pub fn push(&mut self, sent: SentMessage) {
        self.0.push(sent);
    }
}
