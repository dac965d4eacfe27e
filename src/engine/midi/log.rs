//! A ring of messages with their instants, from a thread that sends or receives them to the control thread.
//!
//! It may lose under overload (that is counted); the wire does not wait for it.

use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Producer, Split},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Messages a log can hold between two visits of the control thread.
pub const CAPACITY: usize = 4096;

/// The half of the thread that sends or receives.
pub struct LogWriter<T> {
    ring: HeapProd<T>,
    lost: Arc<AtomicU64>,
}

/// The control thread's half.
pub struct LogReader<T> {
    ring: HeapCons<T>,
    lost: Arc<AtomicU64>,
}

/// Both halves.
pub fn log<T>() -> (LogWriter<T>, LogReader<T>) {
    let (producer, consumer) = HeapRb::new(CAPACITY).split();
    let lost = Arc::new(AtomicU64::new(0));
    (LogWriter { ring: producer, lost: Arc::clone(&lost) }, LogReader { ring: consumer, lost })
}

impl<T> LogWriter<T> {
    /// Logs an entry, or counts it as lost. Realtime: yes, but where a lost entry owns memory: that is freed here.
    pub fn push(&mut self, entry: T) {
        if self.ring.try_push(entry).is_err() {
            self.count_lost(1);
        }
    }

    /// Counts messages that were lost before they became entries. Realtime: yes.
    pub fn count_lost(&self, entries: u64) {
        self.lost.fetch_add(entries, Ordering::Relaxed);
    }
}

impl<T> LogReader<T> {
    /// The next entry, in the order they were logged.
    pub fn pop(&mut self) -> Option<T> {
        self.ring.try_pop()
    }

    /// Lost entries.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}
