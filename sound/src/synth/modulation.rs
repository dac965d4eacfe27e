//! The modulation effect: delayed voices (chorus, ensemble, flanger), a phaser, or a transfer curve. One channel in,
//! two out. Runs in the audio callback.

use fundsp::math::{db_amp, xerp};

use super::LEVEL;
use super::line::{DelayLine, EffectSwitch, Ramp};

/// A type of CC 88. Knob A is the rate of the types with an LFO and the drive of the curves, B the depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Modulation {
    /// Voices with a moving delay.
    Voices(Voices),
    Phaser,
    Shaper(TransferCurve),
}

/// A set of delayed voices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Voices {
    /// Voices per side, up to [`VOICES`].
    count: usize,
    base_ms: f32,
    /// Change of the delay to each side of the base at full depth.
    swing_ms: f32,
    /// Part of the first voice fed back, 0..1.
    feedback: f32,
}

/// A transfer curve through the origin: silence stays silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TransferCurve {
    Soft,
    Hard,
    Fold,
    Fuzz,
}

const fn voices(count: usize, base_ms: f32, swing_ms: f32, feedback: f32) -> Option<Modulation> {
    Some(Modulation::Voices(Voices { count, base_ms, swing_ms, feedback }))
}

/// CC 88.
pub const MODULATIONS: &[(u8, Option<Modulation>)] = &[
    (0, None),
    (14, voices(1, 11.0, 5.0, 0.0)),
    (28, voices(3, 16.0, 6.0, 0.0)),
    (42, Some(Modulation::Phaser)),
    (56, voices(1, 3.2, 2.9, 0.7)),
    (70, Some(Modulation::Shaper(TransferCurve::Soft))),
    (84, Some(Modulation::Shaper(TransferCurve::Hard))),
    (98, Some(Modulation::Shaper(TransferCurve::Fold))),
    (127, Some(Modulation::Shaper(TransferCurve::Fuzz))),
];

/// Maximum voices per side.
const VOICES: usize = 3;
/// First-order all-passes of the phaser: six give three notches.
const PHASES: usize = 6;
/// The longest delay of the effect in seconds.
pub const MODULATION_MAX_S: f32 = 0.025;
/// Range of the rate, in Hz: from a period of 20 s to a warble.
const RATE_HZ: (f32, f32) = (0.05, 10.0);
/// The drive at the knob's right end, in dB.
const DRIVE_MAX_DB: f32 = 36.0;

/// The effect with its memory.
pub struct ModulationEffect {
    rate_hz: f32,
    switch: EffectSwitch<Modulation>,
    line: DelayLine,
    /// The phase of the LFO in periods, 0..1.
    phase: f32,
    depth: Ramp,
    drive: Ramp,
    /// Delays in frames, or all-pass coefficients: left side, right side.
    moving: [[Ramp; VOICES]; 2],
    all_pass: [[f32; PHASES]; 2],
    phased: [f32; 2],
    /// Added to the input of every memory: see [`super::TINY`].
    tiny: f32,
}

impl ModulationEffect {
    pub fn new(rate_hz: f32) -> Self {
        Self {
            rate_hz,
            switch: EffectSwitch::off(),
            line: DelayLine::new((MODULATION_MAX_S * rate_hz) as usize),
            phase: 0.0,
            depth: Ramp::default(),
            drive: Ramp::at(1.0),
            moving: [[Ramp::default(); VOICES]; 2],
            all_pass: [[0.0; PHASES]; 2],
            phased: [0.0; 2],
            tiny: 0.0,
        }
    }

    /// Clears its memory.
    pub fn clear(&mut self) {
        self.line.clear();
        self.phase = 0.0;
        self.all_pass = [[0.0; PHASES]; 2];
        self.phased = [0.0; 2];
    }

    /// Starts with this type and these knobs, without a transition.
    pub fn wake(&mut self, wanted: Option<Modulation>, a: f32, b: f32) {
        self.clear();
        self.switch.snap(wanted);
        self.depth = Ramp::at(b);
        self.drive = Ramp::at(drive(a));
        self.place(b);
    }

    /// Call once per control step, which lasts `step_s`. Both knobs are 0..=1.
    pub fn control(&mut self, wanted: Option<Modulation>, a: f32, b: f32, step_s: f32) {
        self.depth.aim(b);
        self.drive.aim(drive(a));
        if self.switch.control(wanted) {
            self.clear();
            self.place(b);
        }
        if matches!(self.switch.running, None | Some(Modulation::Shaper(_))) {
            return;
        }
        self.phase = (self.phase + xerp(RATE_HZ.0, RATE_HZ.1, a) * step_s).fract();
        let before = self.moving;
        self.place(b);
        for (side, before) in self.moving.iter_mut().zip(before) {
            for (ramp, mut from) in side.iter_mut().zip(before) {
                from.aim(ramp.value());
                *ramp = from;
            }
        }
    }

    /// Sets every delay or coefficient by the LFO. The sides are a quarter of a period apart.
    fn place(&mut self, b: f32) {
        for (side, ramps) in self.moving.iter_mut().enumerate() {
            for (voice, ramp) in ramps.iter_mut().enumerate() {
                let shift = 0.25 * side as f32 + voice as f32 / VOICES as f32;
                let lfo = ((self.phase + shift) * std::f32::consts::TAU).sin();
                *ramp = Ramp::at(match self.switch.running {
                    Some(Modulation::Voices(v)) => (v.base_ms + v.swing_ms * b * lfo) * 0.001 * self.rate_hz,
                    Some(Modulation::Phaser) => {
                        // The notches sweep two octaves each way around 700 Hz.
                        let corner_hz = 700.0 * (2.0 * b * lfo).exp2();
                        let g = (std::f32::consts::PI * corner_hz / self.rate_hz).tan();
                        (g - 1.0) / (g + 1.0)
                    }
                    _ => 0.0,
                });
            }
        }
    }

    /// Reads `left` (both sides are still equal), writes both.
    pub fn run(&mut self, left: &mut [f32], right: &mut [f32], tiny: f32) {
        self.tiny = tiny;
        let Some(running) = self.switch.running else {
            right.copy_from_slice(left);
            return;
        };
        for (l, r) in left.iter_mut().zip(right) {
            let dry = *l;
            let depth = self.depth.advance();
            let drive = self.drive.advance();
            let fade = self.switch.fade();
            for side in &mut self.moving {
                for ramp in side {
                    ramp.advance();
                }
            }
            let wet = match running {
                Modulation::Voices(v) => self.voices(v, dry, fade),
                Modulation::Phaser => [self.phaser(0, dry), self.phaser(1, dry)],
                Modulation::Shaper(curve) => {
                    // The curves are made for -1..1; a note peaks at LEVEL.
                    let bent = LEVEL * bend(curve, drive * dry / LEVEL);
                    [dry + depth * (bent - dry); 2]
                }
            };
            *l = dry + fade * (wet[0] - dry);
            *r = dry + fade * (wet[1] - dry);
        }
    }

    #[inline]
    fn voices(&mut self, v: Voices, dry: f32, fade: f32) -> [f32; 2] {
        let mut wet = [0.0; 2];
        for (wet, delays) in wet.iter_mut().zip(&self.moving) {
            for delay in delays.iter().take(v.count) {
                *wet += self.line.read(delay.value());
            }
        }
        self.line.write(fade * dry + self.tiny + v.feedback * wet[0]);
        // Dry and wet at equal power, so that the sum is as loud as the dry signal.
        let gain = (0.5 / v.count as f32).sqrt();
        wet.map(|wet| std::f32::consts::FRAC_1_SQRT_2 * dry + gain * wet)
    }

    #[inline]
    fn phaser(&mut self, side: usize, dry: f32) -> f32 {
        const FEEDBACK: f32 = 0.5;
        let a = self.moving[side][0].value();
        let mut x = dry + self.tiny + FEEDBACK * self.phased[side];
        for memory in &mut self.all_pass[side] {
            let y = a * x + *memory;
            *memory = x - a * y;
            x = y;
        }
        self.phased[side] = x;
        std::f32::consts::FRAC_1_SQRT_2 * (dry + x)
    }
}

/// Knob A as a gain: 0 to [`DRIVE_MAX_DB`].
fn drive(a: f32) -> f32 {
    db_amp(a * DRIVE_MAX_DB)
}

/// One point of a transfer curve, within -1..=1.
#[inline]
fn bend(curve: TransferCurve, x: f32) -> f32 {
    match curve {
        TransferCurve::Soft => x.tanh(),
        TransferCurve::Hard => x.clamp(-1.0, 1.0),
        TransferCurve::Fold => (x * std::f32::consts::FRAC_PI_2).sin(),
        // Asymmetric: the lower half clips early and hard, as a starved transistor does.
        TransferCurve::Fuzz if x < 0.0 => (4.0 * x).max(-0.4),
        TransferCurve::Fuzz => (2.0 * x).tanh(),
    }
}
