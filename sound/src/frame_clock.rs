//! The engine's own clock: the mapping between audio frames and the monotonic clock.
//!
//! A second-order delay-locked loop after Fons Adriaensen, "Using a DLL to filter time" (LAC 2005), over the instants
//! at which the callback begins a block: it filters the jitter of the callback's wake-ups and follows the card's true
//! rate. The callback updates it; any thread reads it.

use crate::latest::{Latest, Words};
use std::{
    cell::Cell,
    f64::consts::{SQRT_2, TAU},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

/// A frame and its time, with the rate. Valid near its origin; renewed every block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameTime {
    /// First frame not yet rendered when this was written.
    pub frame: i64,
    /// When that frame's block is due, in ns on the monotonic clock.
    pub ns: f64,
    /// Nanoseconds per frame at the card's true rate.
    pub ns_per_frame: f64,
}

impl FrameTime {
    /// The time at which a frame is rendered, in ns.
    pub fn ns_at(&self, frame: f64) -> f64 {
        self.ns + (frame - self.frame as f64) * self.ns_per_frame
    }

    /// The same mapping for the frames at the output: a frame is played `latency_frames` after it is rendered.
    pub fn heard(self, latency_frames: i64) -> FrameTime {
        FrameTime { frame: self.frame - latency_frames, ..self }
    }

    /// The (fractional) frame that is rendered at an instant.
    pub fn frame_at(&self, ns: f64) -> f64 {
        self.frame as f64 + (ns - self.ns) / self.ns_per_frame
    }
}

impl Words<3> for FrameTime {
    fn to_words(self) -> [u64; 3] {
        [self.frame as u64, self.ns.to_bits(), self.ns_per_frame.to_bits()]
    }

    fn from_words([frame, ns, ns_per_frame]: [u64; 3]) -> Self {
        FrameTime { frame: frame as i64, ns: f64::from_bits(ns), ns_per_frame: f64::from_bits(ns_per_frame) }
    }
}

/// Reads the clock. Cheap to clone; each reading thread has its own.
#[derive(Clone, Debug)]
pub struct FrameClock {
    cell: Arc<Latest<3>>,
    /// Output latency: from the rendering of a frame to its playback, in frames.
    latency_frames: Arc<AtomicI64>,
    /// The mapping of the last reading.
    last: Cell<FrameTime>,
}

impl FrameClock {
    /// The mapping of the newest block; while it is being renewed, the one read before, which is as good to within a
    /// card's drift. `None` only before the first block. Realtime: yes.
    pub fn now(&self) -> Option<FrameTime> {
        let mut time = self.last.get();
        self.cell.renew(&mut time);
        self.last.set(time);
        Some(time).filter(|time| time.frame > 0)
    }

    /// The mapping of the frames at the output. Realtime: yes.
    pub fn heard(&self) -> Option<FrameTime> {
        Some(self.now()?.heard(self.latency_frames()))
    }

    /// Output latency, in frames.
    pub fn latency_frames(&self) -> i64 {
        self.latency_frames.load(Ordering::Relaxed)
    }

    /// Sets the output latency, for every reader.
    pub fn set_latency(&self, latency_frames: u32) {
        self.latency_frames.store(i64::from(latency_frames), Ordering::Relaxed);
    }
}

/// Bandwidth of the loop while it settles, in Hz.
const SETTLING_HZ: f64 = 1.0;
/// Bandwidth once settled: slow enough to reduce 1 ms of jitter to microseconds, fast enough to follow a card's drift.
const SETTLED_HZ: f64 = 0.1;
/// Settling time, in seconds.
const SETTLING_SECONDS: f64 = 3.0;
/// Maximum deviation of a card from its nominal rate (crystals are within 0.02 %); a larger one is a callback that came
/// late, and must not change the rate for seconds.
const FARTHEST_RATE: f64 = 1e-3;
/// A block this late is no jitter but a gap (an xrun, a suspended machine), and the loop restarts.
const GAP_NS: f64 = 50e6;

/// Updates the clock. Owned by the callback.
#[derive(Debug)]
pub struct FrameClockFeed {
    cell: Arc<Latest<3>>,
    time: FrameTime,
    nominal_ns_per_frame: f64,
    settled_seconds: f64,
    running: bool,
}

/// Both halves of a clock at a nominal rate.
pub fn frame_clock(sample_rate_hz: f64) -> (FrameClockFeed, FrameClock) {
    let nominal_ns_per_frame = 1e9 / sample_rate_hz;
    let time = FrameTime { frame: 0, ns: 0.0, ns_per_frame: nominal_ns_per_frame };
    let cell = Arc::new(Latest::new(time));
    let feed =
        FrameClockFeed { cell: Arc::clone(&cell), time, nominal_ns_per_frame, settled_seconds: 0.0, running: false };
    (feed, FrameClock { cell, latency_frames: Arc::default(), last: Cell::new(time) })
}

impl FrameClockFeed {
    /// A block of `frames` frames from `frame` on begins at `now_ns`. Realtime: yes.
    pub fn block(&mut self, frame: i64, frames: usize, now_ns: u64) {
        let now = now_ns as f64;
        let error = now - self.time.ns_at(frame as f64);
        let n = frames as f64;
        if !self.running || error.abs() > GAP_NS {
            self.running = true;
            self.settled_seconds = 0.0;
            self.time.ns_per_frame = self.nominal_ns_per_frame;
            self.time.ns = now + n * self.nominal_ns_per_frame;
        } else {
            let block_seconds = n * self.time.ns_per_frame * 1e-9;
            self.settled_seconds += block_seconds;
            let hz = if self.settled_seconds < SETTLING_SECONDS { SETTLING_HZ } else { SETTLED_HZ };
            let omega = (TAU * hz * block_seconds).min(0.5);
            let here = self.time.ns_at(frame as f64);
            self.time.ns = here + SQRT_2 * omega * error + n * self.time.ns_per_frame;
            let farthest = self.nominal_ns_per_frame * FARTHEST_RATE;
            self.time.ns_per_frame = (self.time.ns_per_frame + omega * omega * error / n)
                .clamp(self.nominal_ns_per_frame - farthest, self.nominal_ns_per_frame + farthest);
        }
        self.time.frame = frame + frames as i64;
        self.cell.write(self.time);
    }

    /// Virtual time: the mapping is exact. Realtime: yes.
    pub fn exactly(&mut self, frame: i64, frames: usize) {
        let next = frame + frames as i64;
        let ns = next as f64 * self.nominal_ns_per_frame;
        self.time = FrameTime { frame: next, ns, ns_per_frame: self.nominal_ns_per_frame };
        self.cell.write(self.time);
    }

    /// The mapping of the newest block. Realtime: yes.
    pub fn time(&self) -> FrameTime {
        self.time
    }

    /// The frame rate changes from the next block on.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.nominal_ns_per_frame = 1e9 / sample_rate_hz;
        self.time.ns_per_frame = self.nominal_ns_per_frame;
        self.cell.write(self.time);
        self.restart();
    }

    /// The stream was interrupted: the next block restarts the loop. Realtime: yes.
    pub fn restart(&mut self) {
        self.running = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blocks of 256 frames at a true rate, each callback late by a jitter.
    fn run(true_rate_hz: f64, jitter_ns: impl Fn(i64) -> f64, blocks: i64) -> (FrameClock, f64) {
        let (mut feed, clock) = frame_clock(48_000.0);
        let true_ns = |frame: i64| 1e12 + frame as f64 * 1e9 / true_rate_hz;
        let mut worst_ns: f64 = 0.0;
        for block in 0..blocks {
            let frame = block * 256;
            feed.block(frame, 256, (true_ns(frame) + jitter_ns(block)) as u64);
            if block > blocks * 3 / 4 {
                let time = clock.now().unwrap();
                worst_ns = worst_ns.max((time.ns_at(frame as f64) - true_ns(frame)).abs());
            }
        }
        (clock, worst_ns)
    }

    #[test]
    fn the_loop_follows_a_card_that_runs_200_ppm_fast() {
        let rate = 48_000.0 * (1.0 + 200e-6);
        let (clock, worst_ns) = run(rate, |_| 0.0, 20_000);
        let ppm = (clock.now().unwrap().ns_per_frame * rate / 1e9 - 1.0).abs() * 1e6;
        assert!(ppm < 1.0, "{ppm} ppm off");
        assert!(worst_ns < 2_000.0, "{worst_ns} ns off");
    }

    #[test]
    fn the_loop_reduces_a_millisecond_of_jitter_to_microseconds() {
        // A fixed scramble of the block number: uniform, zero mean, the same every run.
        let jitter = |block: i64| ((block.wrapping_mul(2_654_435_761) >> 7 & 1023) as f64 / 1023.0 - 0.5) * 1e6;
        let (_, worst_ns) = run(48_000.0, jitter, 20_000);
        assert!(worst_ns < 60_000.0, "{worst_ns} ns off");
    }

    #[test]
    fn a_late_callback_while_settling_does_not_change_the_rate() {
        let (clock, _) = run(48_000.0, |block| if block == 20 { 40e6 } else { 0.0 }, 100);
        let percent = (clock.now().unwrap().ns_per_frame * 48_000.0 / 1e9 - 1.0).abs() * 100.0;
        assert!(percent <= 0.1, "{percent} % off");
    }

    #[test]
    fn a_gap_restarts_the_loop_at_once() {
        let (mut feed, clock) = frame_clock(48_000.0);
        feed.block(0, 480, 1_000_000_000);
        feed.block(480, 480, 1_010_000_000);
        feed.block(960, 480, 5_000_000_000);
        assert_eq!(clock.now().unwrap().ns_at(960.0).round(), 5e9);
    }

    #[test]
    fn a_mapping_that_is_being_renewed_is_the_one_before_and_never_frame_0() {
        let (mut feed, clock) = frame_clock(48_000.0);
        assert_eq!(clock.now(), None);
        feed.block(0, 480, 1_000_000_000);
        let first = clock.now();
        feed.cell.hang();
        assert_eq!(clock.now(), first);
        assert_eq!(first.unwrap().frame, 480);
    }

    #[test]
    fn frames_and_nanoseconds_are_inverse() {
        let time = FrameTime { frame: 4800, ns: 7e9, ns_per_frame: 20_833.0 };
        assert!((time.frame_at(time.ns_at(123_456.0)) - 123_456.0).abs() < 1e-6);
    }
}
