//! Reads the ring at the rate of another clock: for input and output on different cards.
//!
//! Two crystals of the same nominal rate differ by some ten to three hundred parts per million. Without correction, a
//! ring between them is empty or full every few minutes. The follower takes a little more or less than a frame per
//! frame, by interpolation, and changes that ratio so slowly that it is inaudible.
//!
//! Steering: the distance of reading (see `BridgeOut`), smoothed, into a proportional and an integral part, critically
//! damped. Interpolation: a windowed sinc of [`TAPS`] points, flat to 0.1 dB up to 19 kHz at 48 kHz; with four points
//! the highest tones would be modulated at the rate the clocks drift apart. Runs in the output callback; nothing here
//! allocates after construction.

use ringbuf::traits::Consumer;
use std::f64::consts::{PI, TAU};

/// Points of the interpolation; half of them are its delay.
const TAPS: usize = 32;
/// Positions between two frames in the table; between them it is interpolated linearly (error below -90 dB).
const PHASES: usize = 256;
/// Bandwidth of the loop, in Hz: 300 ppm change the ring's fill by some thirty frames before the loop has settled.
const LOOP_HZ: f64 = 0.03;
/// Smooths the callbacks' jitter out of the measurement, in seconds.
const SMOOTHING_SECONDS: f64 = 0.5;
/// Maximum correction; crystals are better than this.
const MOST: f64 = 0.002;
/// One frame in the fixed-point positions between frames.
const ONE: u64 = 1 << 32;

/// Reads a ring at the rate it is filled.
pub(super) struct Follower {
    channels: usize,
    /// `PHASES + 1` rows of `TAPS`.
    table: Vec<f32>,
    /// The newest `TAPS` frames of each channel, twice in a row, so that they can be read from any start.
    recent: Vec<f32>,
    /// Index of the next frame in `recent`.
    newest: usize,
    /// The position between two frames, in units of 1 / [`ONE`] frame.
    place: u64,
    /// Frames taken for each frame returned, in units of 1 / [`ONE`] frame.
    step: u64,
    aim: Option<f64>,
    error: f64,
    integral: f64,
    gain: f64,
    integral_gain: f64,
    frame: Vec<f32>,
}

impl Follower {
    /// A follower for frames of `channels` channels.
    pub(super) fn new(channels: usize, sample_rate_hz: f64) -> Follower {
        let omega = TAU * LOOP_HZ;
        Follower {
            channels,
            table: table(),
            recent: vec![0.0; channels * 2 * TAPS],
            newest: 0,
            place: 0,
            step: ONE,
            aim: None,
            error: 0.0,
            integral: 0.0,
            gain: 2.0 * omega / sample_rate_hz,
            integral_gain: omega * omega / sample_rate_hz,
            frame: vec![0.0; channels],
        }
    }

    /// Restarts after the ring was primed again: the ratio of the clocks is kept, the position is not. Realtime: yes.
    pub(super) fn restart(&mut self) {
        self.recent.fill(0.0);
        self.place = 0;
        self.aim = None;
        self.error = 0.0;
    }

    /// How many frames of input `frames` frames of output need. Realtime: yes.
    pub(super) fn frames_for(&self, frames: usize) -> usize {
        // The ratio changes a little with every block: two more are always enough.
        ((self.place + self.step * frames as u64) / ONE) as usize + 2 + frames / 256
    }

    /// Corrects the ratio: reading is `behind` frames, `seconds` after the last call. Realtime: yes.
    pub(super) fn steer(&mut self, behind: f64, seconds: f64) {
        let behind = behind - self.place as f64 / ONE as f64;
        let aim = *self.aim.get_or_insert(behind);
        self.error += (behind - aim - self.error) * seconds / (seconds + SMOOTHING_SECONDS);
        self.integral = (self.integral + self.error * self.integral_gain * seconds).clamp(-MOST, MOST);
        let ratio = 1.0 + (self.error * self.gain + self.integral).clamp(-MOST, MOST);
        self.step = (ratio * ONE as f64) as u64;
    }

    /// Fills `out` from the ring; returns how many samples it took. Realtime: yes.
    pub(super) fn read(&mut self, ring: &mut impl Consumer<Item = f32>, out: &mut [f32]) -> usize {
        let mut taken = 0;
        for out in out.chunks_exact_mut(self.channels) {
            self.interpolate(out);
            self.place += self.step;
            while self.place >= ONE {
                self.place -= ONE;
                taken += ring.pop_slice(&mut self.frame);
                self.remember();
            }
        }
        taken
    }

    fn remember(&mut self) {
        for (recent, x) in self.recent.chunks_exact_mut(2 * TAPS).zip(&self.frame) {
            recent[self.newest] = *x;
            recent[self.newest + TAPS] = *x;
        }
        self.newest = (self.newest + 1) % TAPS;
    }

    fn interpolate(&self, out: &mut [f32]) {
        let phase = self.place * PHASES as u64;
        let (row, part) = ((phase / ONE) as usize, (phase % ONE) as f32 / ONE as f32);
        let (here, next) = (&self.table[row * TAPS..][..TAPS], &self.table[(row + 1) * TAPS..][..TAPS]);
        for (out, recent) in out.iter_mut().zip(self.recent.chunks_exact(2 * TAPS)) {
            let recent = &recent[self.newest..][..TAPS];
            *out = recent.iter().zip(here).zip(next).map(|((x, a), b)| x * (a + (b - a) * part)).sum();
        }
    }
}

/// The windowed sinc at `PHASES` positions between the two middle points, and at the second of them.
fn table() -> Vec<f32> {
    let half = (TAPS / 2) as f64;
    let value = |row: usize, tap: usize| {
        // Distance of the point from the requested position.
        let t = tap as f64 - (half - 1.0) - row as f64 / PHASES as f64;
        let sinc = if t == 0.0 { 1.0 } else { (PI * t).sin() / (PI * t) };
        // Blackman-Harris over the points.
        let w = TAU * (t + half) / (2.0 * half);
        let window = 0.35875 - 0.48829 * w.cos() + 0.14128 * (2.0 * w).cos() - 0.01168 * (3.0 * w).cos();
        (sinc * window) as f32
    };
    (0..=PHASES).flat_map(|row| (0..TAPS).map(move |tap| value(row, tap))).collect()
}
