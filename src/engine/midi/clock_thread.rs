//! The MIDI clock thread: writes pulses, start, stop and song position to the ports that are not in the callback.
//!
//! It sleeps to the instant of the next pulse, computed from the timeline and the frame clock, so errors do not add up.
//! It shares no lock with another thread: the plan, the frame clock and the panels are latest values, and connections
//! come on rings. However it ends, it stops the followers.
//!
//! When a port refuses a message, its follower is out of step: it lacks a pulse, a start or a stop. Once the port takes
//! messages again it gets stop and the song position, and continues on the next sixteenth. The same for a port whose
//! pulses are overdue because this thread was held up. A port that comes back begins like a new one: its follower has
//! no state.

use super::{
    clock_out::{ClockOut, MOST_MADE_UP, START_LEAD_SECONDS},
    panel::PortPanel,
    port::MidiOut,
    sent::{Payload, PortIndex, SentLog, SentMessage},
    slew::{Slew, offset_frames},
};
use crate::{
    engine::{
        frame_clock::{FrameClock, FrameTime},
        plan_cell::PlanReader,
        realtime::{self, may_alloc, no_alloc},
    },
    midi::Message,
    music::{Plan, Pulse, Song},
};
use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// Longest sleep, so that it notices when it shall end.
const LONGEST_SLEEP_NS: u64 = 500_000_000;
/// While the frame clock does not run yet.
const WAIT_FOR_AUDIO_NS: u64 = 5_000_000;
/// How soon a port that refused a message is tried again.
const RETRY_NS: u64 = 20_000_000;
/// How soon an absent port is looked at again.
const LOOK_AGAIN_NS: u64 = 100_000_000;
/// How often the stop is sent to a port that refuses it, while the engine ends.
const LAST_TRIES: usize = 10;
/// How far ahead the thread looks for the next pulse, in seconds: at the slowest tempo one comes every eighth of a
/// second.
const AHEAD_SECONDS: f64 = 1.0;
/// A pulse sent later than this is counted as late.
const LATE_NS: u64 = 1_000_000;
/// The frame clock wanders by less than this; a longer way back is a new stream, and the port's time goes back with it.
const JUMP_SECONDS: f64 = 0.1;
/// Absorbs rounding between frames and nanoseconds: some 20 ns.
const SLACK_FRAMES: f64 = 1e-3;

/// Counts of the pulses of every port. Relaxed atomics: each is a number on its own.
#[derive(Debug, Default)]
pub struct ClockCounters {
    /// Pulses sent to ports.
    pub pulses: AtomicU64,
    /// Pulses sent more than 1 ms after their instant.
    pub late: AtomicU64,
    /// The delay of the latest pulse since the start, in µs.
    pub latest_us: AtomicU64,
    /// Pulses that were not sent because they were overdue.
    pub skipped: AtomicU64,
}

impl ClockCounters {
    fn sent(&self, late_ns: u64) {
        self.pulses.fetch_add(1, Ordering::Relaxed);
        self.late.fetch_add(u64::from(late_ns > LATE_NS), Ordering::Relaxed);
        self.latest_us.fetch_max(late_ns / 1000, Ordering::Relaxed);
    }
}

/// One look at the plan and the clocks.
struct Look<'a> {
    plan: &'a Plan,
    /// The time of the frames that are played.
    time: FrameTime,
    /// The instant of the look.
    at_ns: u64,
    /// The time now, which goes on while ports are written to.
    now_ns: &'a dyn Fn() -> u64,
    counters: &'a ClockCounters,
}

impl Look<'_> {
    fn heard(&self) -> f64 {
        self.time.frame_at(self.at_ns as f64)
    }

    /// The instant at which a frame is played.
    fn ns_of(&self, heard: f64) -> u64 {
        self.time.ns_at(heard) as u64
    }

    fn frames(&self, seconds: f64) -> i64 {
        (seconds * 1e9 / self.time.ns_per_frame) as i64
    }

    /// The pulses of a window that followers get, each with the song's position then.
    fn pulses(&self, window: Range<i64>) -> impl Iterator<Item = (Song, Pulse)> {
        let on = self.plan.parts(window).filter(|(stretch, _)| stretch.clock_on);
        on.flat_map(|(stretch, part)| stretch.pulses(part).map(|pulse| (stretch.song, pulse)))
    }
}

/// One port with its clock.
pub struct ClockPort {
    /// Its own connection: the scheduler has another to the same port.
    wire: LoggedOut,
    /// The clock messages it gets, and their offset.
    panel: Arc<PortPanel>,
    /// The clock of its follower.
    clock: ClockOut,
    /// Its place in time; `None` before the first look.
    slew: Option<Slew>,
    /// The first of its frames that was not dealt with.
    next_frame: Option<i64>,
    /// The port refused a message: its follower lacks it.
    lost: bool,
}

/// A connection whose messages are logged.
struct LoggedOut {
    index: PortIndex,
    out: Box<dyn MidiOut>,
    /// The instant of the newest message.
    last_ns: u64,
}

impl LoggedOut {
    /// Sends a message that was due at an instant and logs it; false where the port refused.
    fn send(&mut self, due_ns: u64, now_ns: u64, message: Message, log: &mut SentLog) -> bool {
        let sent = may_alloc(|| self.out.send(due_ns, message.bytes())).is_ok();
        if sent {
            self.last_ns = due_ns.max(self.last_ns);
            let waited_ns = now_ns.saturating_sub(due_ns);
            let payload = Payload::Short(message);
            log.push(SentMessage { at_ns: self.last_ns, waited_ns, port: self.index, payload });
        }
        sent
    }
}

impl ClockPort {
    /// A port whose follower is stopped.
    pub fn new(index: PortIndex, out: Box<dyn MidiOut>, panel: Arc<PortPanel>) -> ClockPort {
        let wire = LoggedOut { index, out, last_ns: 0 };
        ClockPort { wire, panel, clock: ClockOut::new(), slew: None, next_frame: None, lost: false }
    }

    /// Sends what is due.
    fn step(&mut self, look: &Look<'_>, log: &mut SentLog) {
        let (slew, mut window) = self.due(look);
        while may_alloc(|| self.wire.out.news()).is_some() {
            // It came or went: the device behind it has none of the messages sent before.
            self.clock = ClockOut::new();
            self.lost = false;
            window.start = window.start.max(window.end - 1);
        }
        if !self.wire.out.is_there() {
            return;
        }
        let sends = self.panel.sends();
        if sends.pulses && look.pulses(window.clone()).count() as i64 > MOST_MADE_UP {
            let newest = window.end - 1;
            let skipped = look.pulses(window.start..newest).count() as u64;
            look.counters.skipped.fetch_add(skipped, Ordering::Relaxed);
            window.start = newest;
            self.stop_follower((look.now_ns)(), log);
        }
        if !self.begin_again((look.now_ns)(), log) {
            return;
        }
        let ClockPort { wire, clock, lost, .. } = self;
        clock.window(look.plan, sends, window, |frame, message| {
            if *lost {
                return;
            }
            let now_ns = (look.now_ns)();
            // Song positions have no instant of their own.
            let on_the_grid = matches!(message, Message::CLOCK | Message::START | Message::CONTINUE);
            let due_ns = if on_the_grid { look.ns_of(slew.heard_at(frame)).min(now_ns) } else { now_ns };
            *lost = !wire.send(due_ns, now_ns, message, log);
            if !*lost && message == Message::CLOCK {
                look.counters.sent(now_ns - due_ns);
            }
        });
    }

    /// The port's place in time, and its frames that are due and were not dealt with.
    fn due(&mut self, look: &Look<'_>) -> (Slew, Range<i64>) {
        let heard = look.heard();
        let offset = offset_frames(self.panel.offset_ns(), look.plan.last().timeline.sample_rate_hz);
        let slew = self.slew.get_or_insert(Slew::new(offset));
        slew.aim(heard, offset);
        let end = (slew.frame_at(heard) + SLACK_FRAMES).floor() as i64 + 1;
        let mut begin = self.next_frame.unwrap_or(end);
        if begin - end > look.frames(JUMP_SECONDS) {
            begin = end;
        }
        self.next_frame = Some(begin.max(end));
        (*slew, begin..end)
    }

    /// The next instant at which a message is due, or the port is to be looked at again.
    fn next_ns(&self, look: &Look<'_>) -> u64 {
        let (Some(next_frame), Some(slew)) = (self.next_frame, &self.slew) else { return look.at_ns };
        if !self.wire.out.is_there() {
            return look.at_ns + LOOK_AGAIN_NS;
        }
        let coming = look.pulses(next_frame..next_frame + look.frames(AHEAD_SECONDS)).next();
        let frame_of = |(_, pulse): (Song, Pulse)| pulse.frame.max(pulse.whole_frame as f64);
        let pulse = coming.map(frame_of);
        let change = look.plan.next_change(next_frame - 1).map(|frame| frame as f64);
        let start = coming.filter(|_| !self.lost).and_then(|coming| {
            let frame = frame_of(coming) - look.frames(START_LEAD_SECONDS) as f64;
            let is_known = self.clock.starts_with(coming.0, coming.1);
            // The song's start may have to be sent before the pulse is due.
            let may_be = self.clock.may_start() && frame >= next_frame as f64;
            (is_known || may_be).then_some(frame.max(next_frame as f64))
        });
        let next = pulse.into_iter().chain(change).chain(start).min_by(f64::total_cmp);
        let next_ns = next.map_or(u64::MAX, |frame| look.ns_of(slew.heard_at(frame)));
        if self.lost { next_ns.min(look.at_ns + RETRY_NS) } else { next_ns }
    }

    fn stop_follower(&mut self, now_ns: u64, log: &mut SentLog) {
        let ClockPort { wire, clock, lost, .. } = self;
        clock.stop(|message| *lost |= !wire.send(now_ns, now_ns, message, log));
    }

    /// Stops a follower that is out of step; true where none is out of step any more.
    fn begin_again(&mut self, now_ns: u64, log: &mut SentLog) -> bool {
        if self.lost && (!self.panel.sends().transport || self.wire.send(now_ns, now_ns, Message::STOP, log)) {
            self.clock = ClockOut::new();
            self.lost = false;
        }
        !self.lost
    }

    /// Stops a follower that runs, at the end of the engine; true where it is stopped.
    fn stop(&mut self, now_ns: u64, log: &mut SentLog) -> bool {
        if !self.wire.out.is_there() {
            return true;
        }
        self.stop_follower(now_ns, log);
        self.begin_again(now_ns, log)
    }
}

/// The thread's state.
pub struct ClockThread {
    ports: Vec<ClockPort>,
    plan: PlanReader,
    frames: FrameClock,
    /// Frames from the rendering of a frame to its output.
    log: SentLog,
    counters: Arc<ClockCounters>,
}

impl ClockThread {
    /// A clock for these ports, in time with the audio output.
    pub fn new(ports: Vec<ClockPort>, plan: PlanReader, frames: FrameClock, log: SentLog) -> Self {
        ClockThread { ports, plan, frames, log, counters: Arc::default() }
    }

    /// The counts of the pulses, for the status.
    pub fn counters(&self) -> Arc<ClockCounters> {
        Arc::clone(&self.counters)
    }

    /// Runs until `end` is set, then stops the followers. Sets `granted` to whether the system granted SCHED_FIFO.
    ///
    /// # Errors
    /// Where the system has no more threads.
    pub fn spawn(mut self, end: Arc<AtomicBool>, granted: Arc<OnceLock<bool>>) -> std::io::Result<JoinHandle<()>> {
        thread::Builder::new().name("midi-clock".into()).spawn(move || {
            let fifo = realtime::request(realtime::CLOCK_PRIORITY);
            let _ = granted.set(fifo);
            let mut exact = fifo.then(realtime::ExactSleep::new);
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                while !end.load(Ordering::Acquire) {
                    let next_ns = self.step(&realtime::now_ns);
                    let latest_ns = realtime::now_ns() + LONGEST_SLEEP_NS;
                    match &mut exact {
                        Some(exact) if next_ns < latest_ns => exact.until(next_ns),
                        _ => realtime::park_until(next_ns.min(latest_ns)),
                    }
                }
            }));
            self.stop();
            if outcome.is_err() {
                tracing::error!("the MIDI clock stopped; a stop was sent to its followers");
            }
        })
    }

    /// Sends the messages that are due and returns the instant of the next ones.
    fn step(&mut self, now_ns: &dyn Fn() -> u64) -> u64 {
        no_alloc(|| self.send_due(now_ns))
    }

    fn send_due(&mut self, now_ns: &dyn Fn() -> u64) -> u64 {
        let at_ns = now_ns();
        let Some(time) = self.frames.heard() else { return at_ns + WAIT_FOR_AUDIO_NS };
        let plan = self.plan.read();
        let look = Look { plan, time, at_ns, now_ns, counters: &self.counters };
        for port in &mut self.ports {
            port.step(&look, &mut self.log);
        }
        self.ports.iter().map(|port| port.next_ns(&look)).min().unwrap_or(u64::MAX)
    }

    fn stop(&mut self) {
        for tries in 0..LAST_TRIES {
            if tries > 0 {
                thread::sleep(Duration::from_nanos(RETRY_NS));
            }
            // Each port gets its stop, whether the one before it took its own or not.
            let stopped = |all, port: &mut ClockPort| port.stop(realtime::now_ns(), &mut self.log) && all;
            if self.ports.iter_mut().fold(true, stopped) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
