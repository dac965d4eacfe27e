//! When each message is sent: notes and controllers for every port.
//!
//! [`Scheduler`] is the scheduler thread's state, stepped with an instant; it reads no clock but the one it is given.
//! On a port, discrete messages (notes, pedals, bank and program, numbered parameters, SysEx) leave in the order they
//! were asked for, by due time; so do raw controllers, bend and pressure while few wait. Parameters, and raw
//! controllers when many wait, go behind: coalesced to the newest value, spaced and smoothed; the final value is always
//! sent, pairs and NRPN are never torn, and unchanged values are not sent twice. A port whose wire is finite is paced,
//! and none holds up another. The queue is bounded; the ends of notes and pedals that are lifted have room of their own
//! and are never dropped: where even that is full, the port gets a panic instead. One that a port refuses is kept and
//! tried again until the port takes it, before anything else for that port, so that nothing overtakes it. Messages for
//! a port that is gone are dropped.
//!
//! Realtime: yes after construction, but for what the ports do and the freeing of a SysEx that is dropped.

mod controllers;
mod pending_releases;
mod port;
mod queue;
mod request;
mod wire_pacer;

use super::{
    panel::PortPanel,
    port::MidiOut,
    pulse_watch::PulseWatch,
    sent::{PortIndex, SentLog},
};
use crate::{engine::realtime::no_alloc, midi::Wire};
use port::{Hand, ScheduledPort};
use std::sync::Arc;

pub use controllers::SPACING_NS;
pub use request::{SendRequest, What};

/// Messages that may wait for all ports together, urgent ones apart.
pub const QUEUE: usize = 1000;
/// Further room for urgent ones: note-offs, and pedals that are lifted.
pub const QUEUE_FOR_URGENT: usize = 512;

/// A port for a new scheduler.
pub struct SchedulerPort {
    /// The connection that messages are written to.
    pub out: Box<dyn MidiOut>,
    /// Its settings and counters.
    pub panel: Arc<PortPanel>,
    /// How fast it takes them.
    pub wire: Wire,
}

/// The ports with their queues.
pub struct Scheduler {
    ports: Vec<ScheduledPort>,
    log: SentLog,
}

impl Scheduler {
    /// A scheduler for these ports; the log gets every message sent. `pulses` gives the instants at which wires must be
    /// free.
    pub fn new(ports: Vec<SchedulerPort>, log: SentLog, pulses: Option<PulseWatch>) -> Scheduler {
        let port = |(i, port)| ScheduledPort::new(PortIndex(i as u8), port, pulses.clone());
        Scheduler { ports: ports.into_iter().enumerate().map(port).collect(), log }
    }

    /// Number of ports.
    pub fn port_count(&self) -> u8 {
        self.ports.len() as u8
    }

    /// Takes a request that arrives at `now_ns`. One that finds no room is counted and dropped, but never an urgent one
    /// ([`What::is_urgent`]).
    pub fn submit(&mut self, now_ns: u64, request: SendRequest) {
        let messages = self.ports.iter().map(ScheduledPort::messages).sum();
        if let Some(port) = self.ports.get_mut(usize::from(request.port.0)) {
            no_alloc(|| port.submit(now_ns, request.due_ns, request.what, messages));
        }
    }

    /// The instant of the next message; 0 is at once, `None` is never. A message that is held back counts from the
    /// instant it may be sent.
    pub fn next_due_ns(&self) -> Option<u64> {
        self.ports.iter().filter_map(ScheduledPort::next_due_ns).min()
    }

    /// Sends every message that is due now and that the wires take, for each port in order. `clock` gives the time, to
    /// measure lateness; in virtual time it does not advance.
    pub fn step(&mut self, clock: &dyn Fn() -> u64) {
        let mut hand = Hand { now_ns: clock(), clock, log: &mut self.log };
        no_alloc(|| self.ports.iter_mut().for_each(|port| port.step(&mut hand)));
    }

    /// Sends owed messages, where it is time to try; returns when to try next, if any are still owed.
    pub fn make_up(&mut self, clock: &dyn Fn() -> u64) -> Option<u64> {
        let mut hand = Hand { now_ns: clock(), clock, log: &mut self.log };
        for port in &mut self.ports {
            port.make_up(&mut hand);
        }
        self.ports.iter().filter_map(ScheduledPort::owing_until_ns).min()
    }

    /// Silences every synth, at the end of the engine: messages that wait are dropped. What a wire or a port does not
    /// take at once is owed; [`Scheduler::make_up`] sends it.
    pub fn silence(&mut self, clock: &dyn Fn() -> u64) {
        let now_ns = clock();
        self.ports.iter_mut().for_each(|port| port.silence(now_ns));
        self.make_up(clock);
    }
}

#[cfg(test)]
mod tests;
