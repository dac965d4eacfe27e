//! The scheduler's lane and its thread.
//!
//! Events must not be lost, so requests travel on a ring; the last places are for note-offs, stop and
//! panic, and where even those are taken a flag asks for all notes off. The thread sleeps until something is due or a
//! request wakes it. When the control thread is gone, for whatever reason, it silences every synth and ends; a port that
//! refuses the silence is asked again for a third of a second, and no longer: a person waits for the program to end.

use super::{
    scheduler::{Outgoing, Scheduler, What},
    sent::PortIndex,
};
use crate::{engine::realtime, midi::Class};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

/// Requests that may be under way.
const CAPACITY: usize = 2048;
/// Places that only note-offs and panic may take.
const RESERVED: usize = 512;
/// How long the thread sleeps at most, so that it notices when the control thread is gone.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// How long a port that refuses the ends of its notes is tried again on the way out.
const LAST_TRIES: Duration = Duration::from_millis(300);

/// The control thread's half.
pub struct SchedulerSender {
    ring: HeapProd<Outgoing>,
    overflow: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
    dropped: u64,
    wake: Option<Thread>,
}

/// The scheduler with its half of the lane: a thread's body, or stepped in virtual time.
pub struct SchedulerRunner {
    scheduler: Scheduler,
    ring: HeapCons<Outgoing>,
    overflow: Arc<AtomicBool>,
    closed: Arc<AtomicBool>,
}

/// Both halves.
pub fn scheduler_lane(scheduler: Scheduler) -> (SchedulerSender, SchedulerRunner) {
    let (producer, consumer) = HeapRb::new(CAPACITY).split();
    let overflow = Arc::new(AtomicBool::new(false));
    let closed = Arc::new(AtomicBool::new(false));
    let sender = SchedulerSender {
        ring: producer,
        overflow: Arc::clone(&overflow),
        closed: Arc::clone(&closed),
        dropped: 0,
        wake: None,
    };
    (sender, SchedulerRunner { scheduler, ring: consumer, overflow, closed })
}

impl SchedulerSender {
    /// Sends a request on its way. What finds no room is counted; a note-off then becomes all notes off.
    pub fn send(&mut self, request: Outgoing) {
        let urgent = request.what.class() <= Class::NoteOff;
        let room = self.ring.vacant_len() > if urgent { 0 } else { RESERVED };
        if !(room && self.ring.try_push(request).is_ok()) {
            self.dropped += 1;
            if urgent {
                self.overflow.store(true, Ordering::Release);
            }
        }
        self.wake();
    }

    /// Lets the scheduler go: it sends what has arrived, silences every synth and ends.
    pub fn close(&mut self) {
        self.closed.store(true, Ordering::Release);
        self.wake();
    }

    /// How many requests found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    fn wake(&self) {
        if let Some(thread) = &self.wake {
            thread.unpark();
        }
    }
}

impl SchedulerRunner {
    /// Takes what has arrived and sends everything due by `now_ns`.
    pub fn step(&mut self, now_ns: u64) {
        self.receive(now_ns);
        self.scheduler.step(now_ns);
    }

    /// Takes what has arrived.
    pub fn receive(&mut self, now_ns: u64) {
        while let Some(request) = self.ring.try_pop() {
            self.scheduler.submit(request);
        }
        if self.overflow.swap(false, Ordering::Acquire) {
            for index in 0..self.scheduler.port_count() {
                self.scheduler.submit(Outgoing { port: PortIndex(index), due_ns: now_ns, what: What::Panic });
            }
        }
    }

    /// See [`Scheduler::next_due_ns`].
    pub fn next_due_ns(&self) -> Option<u64> {
        self.scheduler.next_due_ns()
    }

    /// See [`Scheduler::silence`].
    pub fn silence(&mut self, now_ns: u64) {
        self.scheduler.silence(now_ns);
    }

    /// Runs until the sender is gone, then silences the synths. Tells `granted` whether SCHED_FIFO was.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, sender: &mut SchedulerSender, granted: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
        let handle = thread::Builder::new().name("midi-scheduler".into()).spawn(move || {
            granted.store(realtime::request(realtime::SCHEDULER_PRIORITY), Ordering::Relaxed);
            // Whatever happens in there, no note is left hanging.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run()));
            self.receive(realtime::now_ns());
            self.silence(realtime::now_ns());
            self.make_sure();
            if outcome.is_err() {
                tracing::error!("the scheduler stopped; every note was ended");
            }
        })?;
        sender.wake = Some(handle.thread().clone());
        Ok(handle)
    }

    /// Tells ports that refused the ends of their notes again.
    fn make_sure(&mut self) {
        let end_ns = realtime::now_ns() + LAST_TRIES.as_nanos() as u64;
        while let Some(due_ns) = self.scheduler.make_up(realtime::now_ns())
            && due_ns < end_ns
        {
            thread::sleep(Duration::from_nanos(due_ns.saturating_sub(realtime::now_ns())));
        }
    }

    fn run(&mut self) {
        while self.ring.write_is_held() && !self.closed.load(Ordering::Acquire) {
            let now_ns = realtime::now_ns();
            self.step(now_ns);
            let sleep = self.next_due_ns().map_or(LONGEST_SLEEP, |due| {
                Duration::from_nanos(due.saturating_sub(realtime::now_ns())).min(LONGEST_SLEEP)
            });
            if !sleep.is_zero() {
                thread::park_timeout(sleep);
            }
        }
    }
}
