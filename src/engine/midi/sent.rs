//! What went out on the wire, on its way back to the control thread, which logs it and frees it.
//!
//! One ring per sending thread. The log may lose under overload (it is counted); the wire does not wait for it.

use crate::midi::Message;
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

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
    /// Where.
    pub port: PortIndex,
    /// What.
    pub payload: Payload,
}

/// Messages the log can hold between two visits of the control thread.
const CAPACITY: usize = 4096;

/// The sender's half.
pub struct SentLog {
    ring: HeapProd<Sent>,
    lost: Arc<AtomicU64>,
}

/// The control thread's half.
pub struct SentReader {
    ring: HeapCons<Sent>,
    lost: Arc<AtomicU64>,
}

/// Both halves.
pub fn sent_log() -> (SentLog, SentReader) {
    let (producer, consumer) = HeapRb::new(CAPACITY).split();
    let lost = Arc::new(AtomicU64::new(0));
    (SentLog { ring: producer, lost: Arc::clone(&lost) }, SentReader { ring: consumer, lost })
}

impl SentLog {
    /// Notes a message. Realtime: yes for short messages; a SysEx that finds the log full is freed here.
    pub fn push(&mut self, at_ns: u64, port: PortIndex, payload: Payload) {
        if self.ring.try_push(Sent { at_ns, port, payload }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl SentReader {
    /// The next message in the order it was sent.
    pub fn pop(&mut self) -> Option<Sent> {
        self.ring.try_pop()
    }

    /// How many were not logged for want of room.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
