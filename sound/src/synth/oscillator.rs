//! The voice's oscillators: band-limited by polyBLEP (steps), polyBLAMP (corners) or by leaving out partials above half
//! the sample rate. Runs in the audio callback.

use std::f32::consts::TAU;

/// The sources of CC 53.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Oscillator {
    #[default]
    Off,
    /// Shape: towards the octave above. Alt: level of a sub-octave square.
    Saw,
    /// Shape: folds. Alt: level of a sub-octave square.
    Triangle,
    /// Shape: pulse width. Alt: level of a sub-octave square.
    Square,
    /// Variable phase modulation. Shape: index. Alt: ratio of the modulator.
    Vpm,
    /// Shape: darkness. Alt: how long each value is held.
    Noise,
    /// Drawbars. Shape: from flute to reed. Alt: level of a sub-octave square.
    Waves,
}

/// CC 53.
pub const OSCILLATORS: &[(u8, Oscillator)] = &[
    (0, Oscillator::Off),
    (18, Oscillator::Saw),
    (36, Oscillator::Triangle),
    (54, Oscillator::Square),
    (72, Oscillator::Vpm),
    (90, Oscillator::Noise),
    (127, Oscillator::Waves),
];

/// Highest frequency, relative to the sample rate; above 0.5 nothing exists, and polyBLEP's two halves must not meet.
const HIGHEST: f64 = 0.45;
/// The narrowest pulse in periods: thin, but audible.
const NARROWEST_PULSE: f32 = 0.05;
/// The largest index of phase modulation, in radians.
const INDEX_MAX: f32 = 8.0;
/// The largest ratio of modulator to carrier.
const RATIO_MAX: f32 = 8.0;
/// Seed of the noise, not zero; it is constant, so that the noise is repeatable.
const NOISE_SEED: u32 = 0x9E37_79B9;

/// Levels of the first eight harmonics. Each row peaks near 1.
const DRAWBARS: [[f32; 8]; 4] = [
    [0.90, 0.08, 0.06, 0.00, 0.00, 0.00, 0.00, 0.00],
    [0.60, 0.45, 0.00, 0.25, 0.00, 0.00, 0.00, 0.12],
    [0.55, 0.00, 0.40, 0.00, 0.28, 0.00, 0.18, 0.00],
    [0.25, 0.20, 0.30, 0.28, 0.22, 0.18, 0.12, 0.10],
];

/// One oscillator. Phases are in periods, 0..1; they are f64 so that a held note keeps its pitch to the last digit.
pub struct ToneGenerator {
    rate_hz: f64,
    kind: Oscillator,
    shape: f32,
    alt: f32,
    /// Periods per frame.
    step: f64,
    phase: f64,
    sub_phase: f64,
    modulator_phase: f64,
    /// Index of phase modulation in periods, limited by half the sample rate.
    index: f32,
    ratio: f64,
    harmonics: [f32; 8],
    noise: u32,
    /// Frames until the next noise value, below 1 means now.
    noise_wait: f32,
    noise_value: f32,
    noise_low: f32,
    /// Weight of a new value in the noise's low-pass, and the gain that compensates for it.
    noise_weight: f32,
    noise_gain: f32,
}

impl ToneGenerator {
    pub fn new(rate_hz: f64) -> Self {
        Self {
            rate_hz,
            kind: Oscillator::Off,
            shape: 0.0,
            alt: 0.0,
            step: 0.0,
            phase: 0.0,
            sub_phase: 0.0,
            modulator_phase: 0.0,
            index: 0.0,
            ratio: 1.0,
            harmonics: DRAWBARS[0],
            noise: NOISE_SEED,
            noise_wait: 0.0,
            noise_value: 0.0,
            noise_low: 0.0,
            noise_weight: 1.0,
            noise_gain: 1.0,
        }
    }

    /// Restarts every period from its beginning.
    pub fn restart(&mut self) {
        (self.phase, self.sub_phase, self.modulator_phase) = (0.0, 0.0, 0.0);
        (self.noise_wait, self.noise_value, self.noise_low) = (0.0, 0.0, 0.0);
    }

    /// A pitch in MIDI notes, fractions allowed: 69 is 440 Hz.
    pub fn tune(&mut self, note: f64) {
        self.step = (fundsp::math::midi_hz(note) / self.rate_hz).min(HIGHEST);
    }

    /// Call once per control step, after `tune`. Both knobs are 0..=1.
    pub fn control(&mut self, kind: Oscillator, shape: f32, alt: f32) {
        (self.kind, self.shape, self.alt) = (kind, shape, alt);
        match kind {
            Oscillator::Vpm => {
                self.ratio = f64::from(1.0 + alt * (RATIO_MAX - 1.0));
                // Carson's rule: sidebands reach carrier + modulator * (index + 1).
                let room = (0.5 / self.step - 1.0) / self.ratio - 1.0;
                let index = (shape * INDEX_MAX).min(room.max(0.0) as f32);
                self.index = index / TAU;
            }
            Oscillator::Noise => {
                // Low-pass of white noise, down to 200 Hz; half of the lost loudness (in dB) is compensated.
                let corner_hz = fundsp::math::xerp(20_000.0_f32, 200.0, shape);
                let weight = 1.0 - (-TAU * corner_hz / self.rate_hz as f32).exp();
                self.noise_weight = if shape > 0.0 { weight } else { 1.0 };
                self.noise_gain = self.noise_weight.powf(-0.25);
            }
            Oscillator::Waves => {
                let along = shape * (DRAWBARS.len() - 1) as f32;
                let row = (along as usize).min(DRAWBARS.len() - 2);
                let part = along - row as f32;
                for (n, level) in self.harmonics.iter_mut().enumerate() {
                    let fits = self.step * (n + 1) as f64 <= HIGHEST;
                    let (from, to) = (DRAWBARS[row][n], DRAWBARS[row + 1][n]);
                    *level = if fits { from + part * (to - from) } else { 0.0 };
                }
            }
            _ => {}
        }
    }

    /// Writes the next frames, within about -1..=1.
    pub fn run(&mut self, samples: &mut [f32]) {
        let dt = self.step as f32;
        let shape = self.shape;
        match self.kind {
            Oscillator::Off => samples.fill(0.0),
            Oscillator::Saw => self.fill_with_sub(samples, |t, _| {
                let octave = saw((t + 0.5).fract(), dt);
                (saw(t, dt) + shape * octave) / (1.0 + shape)
            }),
            Oscillator::Triangle => self.fill_with_sub(samples, |t, _| {
                let plain = triangle(t, dt);
                if shape == 0.0 {
                    return plain;
                }
                let folded = (0.25 * TAU * plain * (1.0 + 4.0 * shape)).sin();
                plain + shape * (folded - plain)
            }),
            Oscillator::Square => {
                let width = 0.5 + shape * (NARROWEST_PULSE - 0.5);
                self.fill_with_sub(samples, |t, _| pulse(t, dt, width));
            }
            Oscillator::Waves => self.fill_with_sub(samples, |t, harmonics| {
                // sin((n + 1)x) = 2 cos(x) sin(nx) - sin((n - 1)x).
                let (sin, cos) = (TAU * t).sin_cos();
                let (mut before, mut now, mut sum) = (0.0, sin, 0.0);
                for level in harmonics {
                    sum += level * now;
                    (before, now) = (now, 2.0 * cos * now - before);
                }
                sum
            }),
            Oscillator::Vpm => {
                let modulator_step = self.step * self.ratio;
                for sample in samples {
                    let bend =
                        if self.index == 0.0 { 0.0 } else { self.index * (TAU * self.modulator_phase as f32).sin() };
                    *sample = (TAU * (self.phase as f32 + bend)).sin();
                    self.phase = wrap(self.phase + self.step);
                    self.modulator_phase = wrap(self.modulator_phase + modulator_step);
                }
            }
            Oscillator::Noise => {
                // Up to a quarter of a period per value: a hoarse, pitched noise.
                let hold = 1.0 + self.alt * (0.25 / dt - 1.0).max(0.0);
                for sample in samples {
                    self.noise_wait -= 1.0;
                    if self.noise_wait < 0.0 {
                        self.noise_wait += hold;
                        self.noise_value = self.next_noise();
                    }
                    self.noise_low += self.noise_weight * (self.noise_value - self.noise_low);
                    *sample = (self.noise_low * self.noise_gain).clamp(-1.0, 1.0);
                }
            }
        }
    }

    fn fill_with_sub(&mut self, samples: &mut [f32], wave: impl Fn(f32, &[f32; 8]) -> f32) {
        let sub_step = 0.5 * self.step;
        let scale = 1.0 / (1.0 + self.alt);
        for sample in samples {
            let main = wave(self.phase as f32, &self.harmonics);
            *sample = if self.alt == 0.0 {
                main
            } else {
                scale * (main + self.alt * pulse(self.sub_phase as f32, sub_step as f32, 0.5))
            };
            self.phase = wrap(self.phase + self.step);
            self.sub_phase = wrap(self.sub_phase + sub_step);
        }
    }

    /// White, -1..1: Marsaglia's xorshift32.
    fn next_noise(&mut self) -> f32 {
        self.noise ^= self.noise << 13;
        self.noise ^= self.noise >> 17;
        self.noise ^= self.noise << 5;
        self.noise as i32 as f32 * (1.0 / 2_147_483_648.0)
    }
}

/// Keeps a phase that has moved forward by less than a few periods in 0..1.
#[inline]
fn wrap(phase: f64) -> f64 {
    if phase < 1.0 { phase } else { phase.fract() }
}

#[inline]
fn saw(t: f32, dt: f32) -> f32 {
    2.0 * t - 1.0 - blep(t, dt)
}

#[inline]
fn pulse(t: f32, dt: f32, width: f32) -> f32 {
    let level = if t < width { 1.0 } else { -1.0 };
    level + blep(t, dt) - blep((t + 1.0 - width).fract(), dt)
}

#[inline]
fn triangle(t: f32, dt: f32) -> f32 {
    let plain = match 4.0 * t {
        y if y >= 3.0 => y - 4.0,
        y if y > 1.0 => 2.0 - y,
        y => y,
    };
    plain + 4.0 * dt * (blamp((t + 0.25).fract(), dt) - blamp((t + 0.75).fract(), dt))
}

/// The difference between a step of 2 at phase 0 and a band-limited one, over the frames around it.
#[inline]
fn blep(t: f32, dt: f32) -> f32 {
    if t < dt {
        let x = t / dt;
        2.0 * x - x * x - 1.0
    } else if t > 1.0 - dt {
        let x = (t - 1.0) / dt;
        x * x + 2.0 * x + 1.0
    } else {
        0.0
    }
}

/// The same for a corner: the integral of [`blep`].
#[inline]
fn blamp(t: f32, dt: f32) -> f32 {
    if t < dt {
        let x = t / dt - 1.0;
        -x * x * x / 3.0
    } else if t > 1.0 - dt {
        let x = (t - 1.0) / dt + 1.0;
        x * x * x / 3.0
    } else {
        0.0
    }
}
