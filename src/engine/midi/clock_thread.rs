//! The MIDI clock thread: writes pulses, start, stop and song position to the ports that are not in the callback.
//!
//! It sleeps to the instant of the next pulse, computed from the timeline and the frame clock, so nothing adds up. It
//! shares no lock with anyone: the plan and the frame clock are latest-value cells. Whatever ends it, followers are
//! stopped.

use super::{
    clock_out::ClockOut,
    port::MidiOut,
    sent::{Payload, PortIndex, SentLog},
};
use crate::engine::{
    frame_clock::{FrameClock, FrameTime},
    plan_cell::PlanReader,
    realtime,
};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long it sleeps at most, so that it notices when it shall end.
const LONGEST_SLEEP: Duration = Duration::from_millis(500);
/// While the frame clock does not run yet.
const WAIT_FOR_AUDIO: Duration = Duration::from_millis(5);
/// A clock that was held up longer than this does not send what it missed: a second of pulses at once would throw a
/// follower further off than a gap.
const STALE_SECONDS: f64 = 1.0;

/// One port with its clock.
pub struct ClockPort {
    /// For the log.
    pub index: PortIndex,
    /// Its own connection: the scheduler has another to the same port.
    pub out: Box<dyn MidiOut>,
    /// What its follower was told.
    pub clock: ClockOut,
}

/// The thread's state.
pub struct ClockThread {
    ports: Vec<ClockPort>,
    plan: PlanReader,
    frames: FrameClock,
    /// From the rendering of a frame to its being heard.
    latency_frames: i64,
    log: SentLog,
    next_frame: Option<i64>,
}

impl ClockThread {
    /// A clock for these ports, in time with what is heard.
    pub fn new(ports: Vec<ClockPort>, plan: PlanReader, frames: FrameClock, latency_frames: i64, log: SentLog) -> Self {
        ClockThread { ports, plan, frames, latency_frames, log, next_frame: None }
    }

    /// Runs until `end` is set, then stops the followers.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, end: Arc<AtomicBool>, granted: Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("midi-clock".into()).spawn(move || {
            granted.store(realtime::request(realtime::CLOCK_PRIORITY), Ordering::Relaxed);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                while !end.load(Ordering::Acquire) {
                    let sleep = self.step(realtime::now_ns());
                    if !sleep.is_zero() {
                        thread::park_timeout(sleep.min(LONGEST_SLEEP));
                    }
                }
            }));
            self.stop(realtime::now_ns());
            if outcome.is_err() {
                tracing::error!("the MIDI clock stopped; its followers were told to stop");
            }
        })
    }

    /// Sends what is due and says how long to sleep.
    fn step(&mut self, now_ns: u64) -> Duration {
        let Some(time) = self.frames.now() else { return WAIT_FOR_AUDIO };
        let plan = *self.plan.read();
        let heard = time.frame_at(now_ns as f64) - self.latency_frames as f64;
        let end = heard.floor() as i64 + 1;
        let stale = end - (STALE_SECONDS * 1e9 / time.ns_per_frame) as i64;
        let begin = self.next_frame.unwrap_or(end).max(stale);
        for port in &mut self.ports {
            port.clock.window(&plan, begin..end, |_, message| {
                if port.out.send(now_ns, message.bytes()).is_ok() {
                    self.log.push(now_ns, port.index, Payload::Short(message));
                }
            });
        }
        let next_frame = begin.max(end);
        self.next_frame = Some(next_frame);
        let pulse = plan.pulses(next_frame..next_frame + (end - stale)).next().map(|pulse| pulse.frame);
        let change = plan.next_change(next_frame - 1).map(|frame| frame as f64);
        let next = pulse.into_iter().chain(change).min_by(f64::total_cmp);
        next.map_or(LONGEST_SLEEP, |frame| self.until(&time, frame))
    }

    fn until(&self, time: &FrameTime, frame: f64) -> Duration {
        let due_ns = time.ns_at(frame + self.latency_frames as f64) as u64;
        Duration::from_nanos(due_ns.saturating_sub(realtime::now_ns()))
    }

    fn stop(&mut self, now_ns: u64) {
        for port in &mut self.ports {
            port.clock.stop(|message| {
                if port.out.send(now_ns, message.bytes()).is_ok() {
                    self.log.push(now_ns, port.index, Payload::Short(message));
                }
            });
        }
    }
}
