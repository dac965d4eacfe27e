//! The scheduler's queues and its thread.
//!
//! The control thread has a queue to it, and so has each input whose messages are passed on (thru). Events must not be
//! lost, so requests travel on a ring; the last places are for note-offs, pedals that are lifted, stop and panic, and
//! where even those are taken a flag asks for all notes off. The thread sleeps until a message is due and its wire
//! takes it, or a request wakes it; queues from the audio callback, which wakes no thread, are looked at every
//! millisecond. When the control thread is gone, for whatever reason, the scheduler silences every synth and ends; a
//! port that refuses that is tried again for a third of a second, and no longer: the user waits for the program to end.

use super::{
    scheduler::{Scheduler, SendRequest, What},
    sent::PortIndex,
};
use crate::engine::realtime;
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer, Observer, Producer, Split},
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::Duration,
};

/// Requests in the queue at most.
const CAPACITY: usize = 2048;
/// Places for urgent requests only ([`What::is_urgent`]).
const RESERVED: usize = 512;
/// Longest sleep, so that it notices when the control thread is gone.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// Longest sleep where a queue's sender wakes no thread.
const QUIET_QUEUES: Duration = Duration::from_millis(1);
/// While the engine ends: how long a port that refuses the ends of its notes, or whose wire is slow, is tried again.
const LAST_TRIES: Duration = Duration::from_millis(300);

/// The asking half of a queue.
pub struct SchedulerSender {
    ring: HeapProd<SendRequest>,
    shared: Arc<QueueShared>,
    wakes: bool,
    /// While the wake is held back, so that the scheduler is woken once for all: the requests sent since.
    held: Option<usize>,
}

/// The scheduler's half of a queue.
pub struct SchedulerQueue {
    ring: HeapCons<SendRequest>,
    shared: Arc<QueueShared>,
    wakes: bool,
}

/// Counts requests that found no room in a queue.
#[derive(Clone)]
pub struct QueueDrops(Arc<QueueShared>);

impl QueueDrops {
    /// Since the start.
    pub fn count(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
struct QueueShared {
    overflow: AtomicBool,
    closed: AtomicBool,
    dropped: AtomicU64,
    wake: OnceLock<Thread>,
}

/// The scheduler with its halves of the queues: a thread's body, or stepped in virtual time.
pub struct SchedulerRunner {
    scheduler: Scheduler,
    /// The control thread's first.
    queues: Vec<SchedulerQueue>,
    longest_sleep: Duration,
}

/// Both halves of a queue whose sender wakes the scheduler.
pub fn scheduler_queue() -> (SchedulerSender, SchedulerQueue) {
    queue(true)
}

/// Both halves of a queue whose sender, the audio callback, wakes no thread.
pub fn quiet_scheduler_queue() -> (SchedulerSender, SchedulerQueue) {
    queue(false)
}

fn queue(wakes: bool) -> (SchedulerSender, SchedulerQueue) {
    let (producer, consumer) = HeapRb::new(CAPACITY).split();
    let shared = Arc::<QueueShared>::default();
    let sender = SchedulerSender { ring: producer, shared: Arc::clone(&shared), wakes, held: None };
    (sender, SchedulerQueue { ring: consumer, shared, wakes })
}

impl SchedulerSender {
    /// Sends a request. One that finds no room is counted; an urgent one becomes a panic. Realtime: yes, where the
    /// queue is quiet and the request owns no memory.
    pub fn send(&mut self, request: SendRequest) {
        let urgent = request.what.is_urgent();
        let room = self.ring.vacant_len() > if urgent { 0 } else { RESERVED };
        if !(room && self.ring.try_push(request).is_ok()) {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            if urgent {
                self.shared.overflow.store(true, Ordering::Release);
            }
        }
        self.wake();
    }

    /// Holds the wake of the next requests back until `release`: many knobs that move at one instant need only one.
    pub fn hold(&mut self) {
        self.held = Some(0);
    }

    /// Wakes the scheduler where requests were sent since `hold`.
    pub fn release(&mut self) {
        if self.held.take().is_some_and(|waiting| waiting > 0) {
            self.wake();
        }
    }

    /// Ends the scheduler: it sends the messages that have arrived, silences every synth and ends.
    pub fn close(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        // A fault may have left the wake held back.
        self.held = None;
        self.wake();
    }

    /// The count of requests that found no room, for the status.
    pub fn drops(&self) -> QueueDrops {
        QueueDrops(Arc::clone(&self.shared))
    }

    fn wake(&mut self) {
        if let Some(waiting) = &mut self.held {
            *waiting += 1;
        } else if self.wakes
            && let Some(thread) = self.shared.wake.get()
        {
            thread.unpark();
        }
    }
}

impl SchedulerRunner {
    /// A scheduler with the control thread's queue and those of inputs.
    pub fn new(scheduler: Scheduler, control: SchedulerQueue, inputs: Vec<SchedulerQueue>) -> SchedulerRunner {
        let quiet = inputs.iter().any(|queue| !queue.wakes);
        let queues = std::iter::once(control).chain(inputs).collect();
        SchedulerRunner { scheduler, queues, longest_sleep: if quiet { QUIET_QUEUES } else { LONGEST_SLEEP } }
    }

    /// Takes requests that have arrived and sends every message that is due. `clock` does not advance in virtual time.
    pub fn step(&mut self, clock: &dyn Fn() -> u64) {
        self.receive(clock());
        self.scheduler.step(clock);
    }

    /// Takes requests that have arrived by `now_ns`.
    pub fn receive(&mut self, now_ns: u64) {
        let mut overflow = false;
        for queue in &mut self.queues {
            while let Some(request) = queue.ring.try_pop() {
                self.scheduler.submit(now_ns, request);
            }
            overflow |= queue.shared.overflow.swap(false, Ordering::Acquire);
        }
        if overflow {
            for index in 0..self.scheduler.port_count() {
                let panic = SendRequest { port: PortIndex(index), due_ns: now_ns, what: What::Panic };
                self.scheduler.submit(now_ns, panic);
            }
        }
    }

    /// See [`Scheduler::next_due_ns`].
    pub fn next_due_ns(&self) -> Option<u64> {
        self.scheduler.next_due_ns()
    }

    /// See [`Scheduler::silence`].
    pub fn silence(&mut self, clock: &dyn Fn() -> u64) {
        self.scheduler.silence(clock);
    }

    /// Runs until the sender is gone, then silences the synths. Sets `granted` to whether the system granted
    /// SCHED_FIFO.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, granted: Arc<OnceLock<bool>>) -> std::io::Result<JoinHandle<()>> {
        let queues: Vec<Arc<QueueShared>> = self.queues.iter().map(|queue| Arc::clone(&queue.shared)).collect();
        let handle = thread::Builder::new().name("midi-scheduler".into()).spawn(move || {
            let _ = granted.set(realtime::request(realtime::SCHEDULER_PRIORITY));
            // Even after a panic of this thread, notes are ended.
            let outcome = catch_unwind(AssertUnwindSafe(|| self.run()));
            self.receive(realtime::now_ns());
            self.silence(&realtime::now_ns);
            self.make_sure();
            if outcome.is_err() {
                tracing::error!("the scheduler stopped; every note was ended");
            }
        })?;
        for queue in queues {
            // It is set only here.
            let _ = queue.wake.set(handle.thread().clone());
        }
        Ok(handle)
    }

    /// Sends the ends of notes again to ports that refused them.
    fn make_sure(&mut self) {
        let end_ns = realtime::now_ns() + LAST_TRIES.as_nanos() as u64;
        while let Some(due_ns) = self.scheduler.make_up(&realtime::now_ns)
            && due_ns < end_ns
        {
            thread::sleep(Duration::from_nanos(due_ns.saturating_sub(realtime::now_ns())));
        }
    }

    fn run(&mut self) {
        let open = |queues: &[SchedulerQueue]| {
            queues
                .first()
                .is_some_and(|queue| queue.ring.write_is_held() && !queue.shared.closed.load(Ordering::Acquire))
        };
        while open(&self.queues) {
            self.step(&realtime::now_ns);
            let sleep = self.next_due_ns().map_or(self.longest_sleep, |due| {
                Duration::from_nanos(due.saturating_sub(realtime::now_ns())).min(self.longest_sleep)
            });
            if !sleep.is_zero() {
                thread::park_timeout(sleep);
            }
        }
    }
}
