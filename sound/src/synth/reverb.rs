//! The reverb: two all-passes per side to diffuse the input, then eight delay lines that feed each other without loss
//! (a Householder matrix), each with its own decay. Runs in the audio callback.
//!
//! fundsp's reverbs have a fixed decay, and clearing them writes every sample; this one takes a decay per control step
//! and clears in constant time.

use std::f32::consts::TAU;

use super::delay::balance;
use super::line::{DelayLine, EffectSwitch, Ramp};

/// A type of CC 90. Knob A is the decay, from a quarter of the type's own to four times it; B the brightness of the tail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReverbKind {
    /// The lines' lengths, relative to [`LINES_S`].
    size: f32,
    /// Seconds to -60 dB at the middle of knob A; 0 is no feedback.
    decay_s: f32,
    /// Frequency above which the tail decays sooner, in Hz at the middle of knob B.
    damp_hz: f32,
    /// Frequency below which the tail decays sooner, in Hz; 0 is off.
    low_cut_hz: f32,
    /// Modulation of the lines' lengths: depth in seconds, rate in Hz.
    wobble_s: f32,
    wobble_hz: f32,
}

const fn kind(
    size: f32,
    decay_s: f32,
    damp_hz: f32,
    low_cut_hz: f32,
    wobble_s: f32,
    wobble_hz: f32,
) -> Option<ReverbKind> {
    Some(ReverbKind { size, decay_s, damp_hz, low_cut_hz, wobble_s, wobble_hz })
}

/// CC 90.
pub const REVERBS: &[(u8, Option<ReverbKind>)] = &[
    (0, None),
    // Hall, smooth, arena, plate.
    (11, kind(1.0, 2.2, 5000.0, 0.0, 0.0, 0.0)),
    (22, kind(0.9, 2.0, 2500.0, 0.0, 0.0004, 0.5)),
    (33, kind(1.8, 4.0, 3500.0, 0.0, 0.0, 0.0)),
    (44, kind(0.45, 1.6, 9000.0, 200.0, 0.0001, 1.1)),
    // Room, early reflections.
    (55, kind(0.3, 0.6, 4500.0, 0.0, 0.0, 0.0)),
    (66, kind(0.6, 0.0, 8000.0, 0.0, 0.0, 0.0)),
    // Space has a modulated pitch, riser loses its lows, submarine its highs, horror its steady pitch.
    (77, kind(2.0, 7.0, 6000.0, 100.0, 0.0008, 0.3)),
    (88, kind(1.4, 5.0, 12_000.0, 900.0, 0.0004, 0.7)),
    (99, kind(1.6, 5.0, 500.0, 0.0, 0.0006, 0.4)),
    (127, kind(1.9, 6.0, 2000.0, 0.0, 0.004, 1.7)),
];

/// The lines' lengths in seconds at size 1: far apart and without common factors, so that their echoes do not coincide.
const LINES_S: [f32; LINES] = [0.0297, 0.0371, 0.0411, 0.0437, 0.0533, 0.0599, 0.0673, 0.0731];
const LINES: usize = 8;
/// The all-passes' lengths in seconds: left pair, right pair.
const BLUR_S: [[f32; 2]; 2] = [[0.0048, 0.0036], [0.0051, 0.0031]];
const BLUR_GAIN: f32 = 0.6;
/// The longest line in seconds: the largest size with its modulation.
pub const REVERB_MAX_S: f32 = 0.16;
/// Gain of the sum of the four lines of a side.
const WET: f32 = 0.5;

/// The effect with its memory.
pub struct ReverbEffect {
    rate_hz: f32,
    switch: EffectSwitch<ReverbKind>,
    blur: [[DelayLine; 2]; 2],
    lines: [DelayLine; LINES],
    lengths: [Ramp; LINES],
    /// Knob positions of the gains below.
    a: f32,
    b: f32,
    /// The gain of a line's signal after one pass.
    kept: [f32; LINES],
    damp_weight: f32,
    low_cut_weight: f32,
    damped: [f32; LINES],
    low: [f32; LINES],
    dry: Ramp,
    wet: Ramp,
    /// The phase of the modulation in periods, 0..1.
    phase: f32,
    /// The peak of the input to the lines since the last reading.
    loudest: f32,
}

impl ReverbEffect {
    pub fn new(rate_hz: f32) -> Self {
        let line = |seconds: f32| DelayLine::new((seconds * rate_hz).ceil() as usize);
        Self {
            rate_hz,
            switch: EffectSwitch::off(),
            blur: BLUR_S.map(|side| side.map(line)),
            lines: [REVERB_MAX_S; LINES].map(line),
            lengths: [Ramp::default(); LINES],
            a: 0.0,
            b: 0.0,
            kept: [0.0; LINES],
            damp_weight: 1.0,
            low_cut_weight: 0.0,
            damped: [0.0; LINES],
            low: [0.0; LINES],
            dry: Ramp::default(),
            wet: Ramp::default(),
            phase: 0.0,
            loudest: 0.0,
        }
    }

    /// Clears its memory.
    pub fn clear(&mut self) {
        self.blur.iter_mut().flatten().for_each(DelayLine::clear);
        self.lines.iter_mut().for_each(DelayLine::clear);
        self.damped = [0.0; LINES];
        self.low = [0.0; LINES];
        self.phase = 0.0;
        self.loudest = 0.0;
    }

    /// Starts with this type and these knobs, without a transition: A and B 0..=1, mix -1..=1.
    pub fn wake(&mut self, wanted: Option<ReverbKind>, a: f32, b: f32, mix: f32) {
        self.switch.snap(wanted);
        self.start(a, b, mix);
    }

    fn start(&mut self, a: f32, b: f32, mix: f32) {
        self.clear();
        let Some(kind) = self.switch.running else {
            return;
        };
        for (length, seconds) in self.lengths.iter_mut().zip(LINES_S) {
            *length = Ramp::at(seconds * kind.size * self.rate_hz);
        }
        let (dry, wet) = balance(mix);
        (self.dry, self.wet) = (Ramp::at(dry), Ramp::at(wet));
        self.tone(kind, a, b);
    }

    fn tone(&mut self, kind: ReverbKind, a: f32, b: f32) {
        (self.a, self.b) = (a, b);
        let decay_s = kind.decay_s * 4.0_f32.powf(2.0 * a - 1.0);
        for (kept, seconds) in self.kept.iter_mut().zip(LINES_S) {
            *kept = if decay_s > 0.0 { 0.001_f32.powf(seconds * kind.size / decay_s) } else { 0.0 };
        }
        let weight = |corner_hz: f32| 1.0 - (-TAU * corner_hz / self.rate_hz).exp();
        // Two octaves either way.
        self.damp_weight = weight(kind.damp_hz * 4.0_f32.powf(2.0 * b - 1.0));
        self.low_cut_weight = weight(kind.low_cut_hz);
    }

    /// Call once per control step, which lasts `step_s`.
    pub fn control(&mut self, wanted: Option<ReverbKind>, a: f32, b: f32, mix: f32, step_s: f32) {
        if self.switch.control(wanted) {
            self.start(a, b, mix);
        }
        let Some(kind) = self.switch.running else {
            return;
        };
        if (a, b) != (self.a, self.b) {
            self.tone(kind, a, b);
        }
        let (dry, wet) = balance(mix);
        self.dry.aim(dry);
        self.wet.aim(wet);
        if kind.wobble_s > 0.0 {
            self.phase = (self.phase + kind.wobble_hz * step_s).fract();
            for (n, (length, seconds)) in self.lengths.iter_mut().zip(LINES_S).enumerate() {
                let lfo = (TAU * (self.phase + n as f32 / LINES as f32)).sin();
                length.aim((seconds * kind.size + kind.wobble_s * lfo) * self.rate_hz);
            }
        }
    }

    /// The peak of the input to the lines since the last reading.
    pub fn take_loudest(&mut self) -> f32 {
        std::mem::take(&mut self.loudest)
    }

    pub fn is_off(&self) -> bool {
        self.switch.running.is_none()
    }

    /// Processes in place. `tiny`: see [`super::TINY`].
    pub fn run(&mut self, left: &mut [f32], right: &mut [f32], tiny: f32) {
        if self.switch.running.is_none() {
            return;
        }
        for (l, r) in left.iter_mut().zip(right) {
            let fade = self.switch.fade();
            let input = [self.blurred(0, fade * *l + tiny), self.blurred(1, fade * *r + tiny)];
            let mut heard = [0.0; 2];
            let mut tails = [0.0; LINES];
            let mut sum = 0.0;
            for (n, tail) in tails.iter_mut().enumerate() {
                let out = self.lines[n].read(self.lengths[n].advance());
                // Signs by pairs decorrelate the two sides and avoid a comb in their sum.
                heard[n % 2] += if n % 4 < 2 { out } else { -out };
                self.damped[n] += self.damp_weight * (out - self.damped[n]);
                self.low[n] += self.low_cut_weight * (self.damped[n] - self.low[n]);
                *tail = self.kept[n] * (self.damped[n] - self.low[n]);
                sum += *tail;
            }
            let share = sum * (2.0 / LINES as f32);
            for (n, tail) in tails.into_iter().enumerate() {
                let into = input[n % 2] + tail - share;
                self.lines[n].write(into);
                self.loudest = self.loudest.max(into.abs());
            }
            let (dry, wet) = (self.dry.advance(), WET * self.wet.advance());
            *l += fade * ((dry - 1.0) * *l + wet * heard[0]);
            *r += fade * ((dry - 1.0) * *r + wet * heard[1]);
        }
    }

    #[inline]
    fn blurred(&mut self, side: usize, input: f32) -> f32 {
        let mut x = input;
        for (line, seconds) in self.blur[side].iter_mut().zip(BLUR_S[side]) {
            let old = line.read((seconds * self.rate_hz).floor());
            let fed = x - BLUR_GAIN * old;
            line.write(fed);
            x = old + BLUR_GAIN * fed;
        }
        x
    }
}
