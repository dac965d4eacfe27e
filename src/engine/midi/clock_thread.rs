//! The MIDI clock thread: writes pulses, start, stop and song position to the ports that are not in the callback.
//!
//! It sleeps to the instant of the next pulse, computed from the timeline and the frame clock, so nothing adds up. It
//! shares no lock with anyone: the plan and the frame clock are latest-value cells. Whatever ends it, followers are
//! stopped.
//!
//! A port that refuses a message has a follower that is out of step: it lacks a pulse, a start or a stop. Once the port
//! takes messages again it is told to stop, where the song is, and to continue on the next sixteenth.

use super::{
    clock_out::ClockOut,
    panel::PortPanel,
    port::MidiOut,
    sent::{Payload, PortIndex, Sent, SentLog},
};
use crate::{
    engine::{
        frame_clock::{FrameClock, FrameTime},
        plan_cell::PlanReader,
        realtime,
    },
    midi::Message,
    music::Plan,
};
use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
/// How soon a port that refused a message is tried again.
const RETRY: Duration = Duration::from_millis(20);
/// How often a follower that refuses the stop is told on the way out.
const LAST_TRIES: usize = 10;

/// One port with its clock.
pub struct ClockPort {
    /// For the log.
    index: PortIndex,
    /// Its own connection: the scheduler has another to the same port.
    out: Box<dyn MidiOut>,
    /// What it gets, and when.
    panel: Arc<PortPanel>,
    /// What its follower was told.
    clock: ClockOut,
    /// The port refused a message: what its follower knows is not what it was told.
    lost: bool,
}

impl ClockPort {
    /// A port whose follower stands.
    pub fn new(index: PortIndex, out: Box<dyn MidiOut>, panel: Arc<PortPanel>) -> ClockPort {
        ClockPort { index, out, panel, clock: ClockOut::new(), lost: false }
    }

    /// Sends what is due in a window of frames.
    fn window(&mut self, plan: &Plan, window: Range<i64>, now_ns: u64, log: &mut SentLog) {
        if !self.begin_again(now_ns, log) {
            return;
        }
        let ClockPort { index, out, clock, lost, .. } = self;
        clock.window(plan, window, |_, message| *lost |= !send(*index, out.as_mut(), now_ns, message, log));
    }

    /// Stops a follower that is out of step; true where none is any more.
    fn begin_again(&mut self, now_ns: u64, log: &mut SentLog) -> bool {
        if self.lost && send(self.index, self.out.as_mut(), now_ns, Message::STOP, log) {
            self.clock = ClockOut::new();
            self.lost = false;
        }
        !self.lost
    }

    /// Stops a follower that runs, for the way out; true where it is stopped.
    fn stop(&mut self, now_ns: u64, log: &mut SentLog) -> bool {
        let ClockPort { index, out, clock, lost, .. } = self;
        clock.stop(|message| *lost |= !send(*index, out.as_mut(), now_ns, message, log));
        self.begin_again(now_ns, log)
    }
}

/// Sends a message and logs it; false where the port refused.
fn send(index: PortIndex, out: &mut dyn MidiOut, now_ns: u64, message: Message, log: &mut SentLog) -> bool {
    let sent = out.send(now_ns, message.bytes()).is_ok();
    if sent {
        log.push(Sent { at_ns: now_ns, waited_ns: 0, port: index, payload: Payload::Short(message) });
    }
    sent
}

/// How the clock keeps time. Relaxed atomics: each is a number on its own.
#[derive(Debug, Default)]
pub struct ClockCounters {
    /// Pulses that went out more than a millisecond late.
    pub late: AtomicU64,
    /// How late the latest was, in µs.
    pub latest_us: AtomicU64,
    /// Pulses that were not sent because they were stale.
    pub skipped: AtomicU64,
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
            self.stop();
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
            port.window(&plan, begin..end, now_ns, &mut self.log);
        }
        let next_frame = begin.max(end);
        self.next_frame = Some(next_frame);
        let pulse = plan.pulses(next_frame..next_frame + (end - stale)).next().map(|pulse| pulse.frame);
        let change = plan.next_change(next_frame - 1).map(|frame| frame as f64);
        let next = pulse.into_iter().chain(change).min_by(f64::total_cmp);
        let sleep = next.map_or(LONGEST_SLEEP, |frame| self.until(&time, frame));
        if self.ports.iter().any(|port| port.lost) { sleep.min(RETRY) } else { sleep }
    }

    fn until(&self, time: &FrameTime, frame: f64) -> Duration {
        let due_ns = time.ns_at(frame + self.latency_frames as f64) as u64;
        Duration::from_nanos(due_ns.saturating_sub(realtime::now_ns()))
    }

    fn stop(&mut self) {
        for tries in 0..LAST_TRIES {
            if tries > 0 {
                thread::sleep(RETRY);
            }
            // Each port is told, whether the one before it was or not.
            let stopped = |all, port: &mut ClockPort| port.stop(realtime::now_ns(), &mut self.log) && all;
            if self.ports.iter_mut().fold(true, stopped) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{port::SendFailed, sent::sent_log},
        *,
    };
    use crate::music::Bpm;
    use std::sync::Mutex;

    #[derive(Clone, Default)]
    struct Follower {
        heard: Arc<Mutex<Vec<u8>>>,
        deaf: Arc<AtomicBool>,
    }

    impl MidiOut for Follower {
        fn send(&mut self, _: u64, bytes: &[u8]) -> Result<(), SendFailed> {
            if self.deaf.load(Ordering::Relaxed) {
                return Err(SendFailed);
            }
            self.heard.lock().unwrap().extend(bytes);
            Ok(())
        }
    }

    #[test]
    fn a_follower_that_lost_a_pulse_is_stopped_and_continues_on_the_sixteenth() {
        let follower = Follower::default();
        let mut port = ClockPort::new(PortIndex(0), Box::new(follower.clone()), Arc::default());
        let (mut log, _) = sent_log();
        let mut plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        plan.roll(0.0, 0);
        // 1000 frames a pulse.
        for (window, deaf) in [(0..2500, false), (2500..3500, true), (3500..4500, true), (4500..7500, false)] {
            follower.deaf.store(deaf, Ordering::Relaxed);
            port.window(&plan, window, 0, &mut log);
        }
        let heard = std::mem::take(&mut *follower.heard.lock().unwrap());
        let before = [0xFA, 0xF8, 0xF8, 0xF8];
        let after = [0xFC, 0xF2, 1, 0, 0xF8, 0xFB, 0xF8, 0xF8];
        assert_eq!(heard, [&before[..], &after].concat());
    }

    #[test]
    fn a_follower_that_refuses_the_stop_is_told_until_it_hears() {
        let follower = Follower::default();
        let mut port = ClockPort::new(PortIndex(0), Box::new(follower.clone()), Arc::default());
        let (mut log, _) = sent_log();
        let mut plan = Plan::new(Bpm::DEFAULT, 48_000.0, true);
        plan.roll(0.0, 0);
        port.window(&plan, 0..500, 0, &mut log);
        follower.deaf.store(true, Ordering::Relaxed);
        assert!(!port.stop(0, &mut log) && !port.stop(0, &mut log));
        follower.deaf.store(false, Ordering::Relaxed);
        assert!(port.stop(0, &mut log) && port.stop(0, &mut log));
        assert_eq!(*follower.heard.lock().unwrap(), [0xFA, 0xF8, 0xFC]);
    }
}
