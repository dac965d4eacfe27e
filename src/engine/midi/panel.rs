//! One port's settings and counters, shared by the control thread and the sending threads: the settings one way, the
//! counters the other.
//!
//! Everything here is a level in an atomic of its own: the newest wins, no thread waits. Realtime: yes.

use crate::midi::{ClockSends, FARTHEST_OFFSET_MS};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

/// The settings and counters of one port.
#[derive(Debug)]
pub struct PortPanel {
    offset_us: AtomicI32,
    pulses: AtomicBool,
    transport: AtomicBool,
    position: AtomicBool,
    /// Messages that wait for this port now; the scheduler's.
    pub queued: AtomicU32,
    /// The most that waited since the start; the scheduler's.
    pub queued_most: AtomicU32,
    /// Messages dropped for want of room.
    pub dropped: AtomicU64,
    /// Controller values replaced by newer ones before they were sent.
    pub coalesced: AtomicU64,
    /// Messages the port refused while it was there.
    pub refused: AtomicU64,
}

impl PortPanel {
    /// A port with this clock offset in ms: later where positive, earlier where negative, at most
    /// [`FARTHEST_OFFSET_MS`].
    pub fn new(sends: ClockSends, offset_ms: f64) -> PortPanel {
        let panel = PortPanel {
            offset_us: AtomicI32::new(0),
            pulses: AtomicBool::new(true),
            transport: AtomicBool::new(true),
            position: AtomicBool::new(true),
            queued: AtomicU32::new(0),
            queued_most: AtomicU32::new(0),
            dropped: AtomicU64::new(0),
            coalesced: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        };
        panel.set_offset_ms(offset_ms);
        panel.set_sends(sends);
        panel
    }

    /// How much later the port gets its clock and its notes, in ns.
    pub fn offset_ns(&self) -> i64 {
        i64::from(self.offset_us.load(Ordering::Relaxed)) * 1000
    }

    /// The same in milliseconds, as it was set.
    pub fn offset_ms(&self) -> f64 {
        f64::from(self.offset_us.load(Ordering::Relaxed)) / 1000.0
    }

    /// Sets the clock offset; one that is too large is brought into range.
    pub fn set_offset_ms(&self, offset_ms: f64) {
        let offset_us = offset_ms.clamp(-FARTHEST_OFFSET_MS, FARTHEST_OFFSET_MS) * 1000.0;
        self.offset_us.store(offset_us.round() as i32, Ordering::Relaxed);
    }

    /// The clock messages it gets.
    pub fn sends(&self) -> ClockSends {
        ClockSends {
            pulses: self.pulses.load(Ordering::Relaxed),
            transport: self.transport.load(Ordering::Relaxed),
            position: self.position.load(Ordering::Relaxed),
        }
    }

    /// Sets the clock messages it gets.
    pub fn set_sends(&self, sends: ClockSends) {
        self.pulses.store(sends.pulses, Ordering::Relaxed);
        self.transport.store(sends.transport, Ordering::Relaxed);
        self.position.store(sends.position, Ordering::Relaxed);
    }

    /// So many messages wait now.
    pub fn waits(&self, queued: u32) {
        self.queued.store(queued, Ordering::Relaxed);
        self.queued_most.fetch_max(queued, Ordering::Relaxed);
    }
}

impl Default for PortPanel {
    fn default() -> Self {
        PortPanel::new(ClockSends::ALL, 0.0)
    }
}
