//! The delay effect: two lines, with input and feedback routed by type. Runs in the audio callback.

use fundsp::math::xerp;
use fundsp::svf::SvfCoefs;

use super::filter::Stage;
use super::line::{DelayLine, EffectSwitch, Ramp};

/// A type of CC 89. Knob A is the time; B the feedback, or the echo's level for types without feedback.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelayKind {
    path: Path,
    tone: Tone,
    time: Time,
    /// The right side's time, relative to the left's.
    right: f32,
    repeats: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Path {
    /// Each side is separate.
    Apart,
    /// The sum, the same on both sides.
    Mono,
    /// The sum enters on the left, and each side feeds the other.
    PingPong,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tone {
    Flat,
    HighPass,
    /// Darker with every repeat, saturated, with an unsteady time.
    Tape,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Time {
    /// Range of knob A, in seconds.
    Free(f32, f32),
    /// Knob A over [`BEATS`].
    Beats,
}

const ECHO: Time = Time::Free(0.02, 1.2);
/// Doubling: too short to be audible as an echo.
const DOUBLE: Time = Time::Free(0.008, 0.04);

const fn kind(path: Path, tone: Tone, time: Time, right: f32, repeats: bool) -> Option<DelayKind> {
    Some(DelayKind { path, tone, time, right, repeats })
}

/// CC 89.
pub const DELAYS: &[(u8, Option<DelayKind>)] = &[
    (0, None),
    (9, kind(Path::Apart, Tone::Flat, ECHO, 0.75, true)),
    (18, kind(Path::Mono, Tone::Flat, ECHO, 1.0, true)),
    (27, kind(Path::PingPong, Tone::Flat, ECHO, 1.0, true)),
    (36, kind(Path::Apart, Tone::HighPass, ECHO, 1.0, true)),
    (45, kind(Path::Mono, Tone::Tape, ECHO, 1.0, true)),
    (54, kind(Path::Mono, Tone::Flat, ECHO, 1.0, false)),
    (63, kind(Path::Apart, Tone::Flat, Time::Beats, 0.75, true)),
    (72, kind(Path::Mono, Tone::Flat, Time::Beats, 1.0, true)),
    (81, kind(Path::PingPong, Tone::Flat, Time::Beats, 1.0, true)),
    (90, kind(Path::Apart, Tone::HighPass, Time::Beats, 1.0, true)),
    (99, kind(Path::Mono, Tone::Tape, Time::Beats, 1.0, true)),
    (127, kind(Path::Apart, Tone::Flat, DOUBLE, 1.37, false)),
];

/// Note lengths of the BPM types in beats, in the order of knob A: 1/64 to a whole note, with triplets and dotted
/// notes.
const BEATS: [f32; 13] = [
    1.0 / 16.0,
    1.0 / 8.0,
    1.0 / 6.0,
    1.0 / 4.0,
    1.0 / 3.0,
    3.0 / 8.0,
    1.0 / 2.0,
    2.0 / 3.0,
    3.0 / 4.0,
    1.0,
    1.5,
    2.0,
    4.0,
];
/// Maximum delay in seconds. A note length that is longer at a slow tempo is halved until it fits, so it stays in time.
pub const DELAY_MAX_S: f32 = 2.0;
/// Maximum feedback: long, but it ends.
const FEEDBACK_MAX: f32 = 0.92;
/// Cutoff of the high-pass types, in Hz.
const HIGH_PASS_HZ: f32 = 500.0;
/// Cutoff of the tape type, in Hz.
const TAPE_HZ: f32 = 3000.0;
/// Wow of the tape type: rate in Hz, depth in seconds.
const WOW: (f32, f32) = (0.8, 0.0005);
/// How fast the time follows its knob, in seconds: the pitch slides, as on tape.
const GLIDE_S: f32 = 0.06;

/// The effect with its memory.
pub struct DelayEffect {
    rate_hz: f32,
    switch: EffectSwitch<DelayKind>,
    lines: [DelayLine; 2],
    tone: SvfCoefs<f32>,
    stages: [Stage; 2],
    /// The left side's time in frames, without wow.
    glide: f32,
    times: [Ramp; 2],
    feedback: Ramp,
    dry: Ramp,
    wet: Ramp,
    /// The phase of the wow in periods, 0..1.
    wow: f32,
    /// The peak of the input to the lines since the last reading.
    loudest: f32,
}

/// The knobs: A and B 0..=1, mix -1..=1, tempo in beats per minute.
#[derive(Clone, Copy)]
pub struct DelayKnobs {
    pub a: f32,
    pub b: f32,
    pub mix: f32,
    pub bpm: f32,
}

impl DelayEffect {
    pub fn new(rate_hz: f32) -> Self {
        let line = || DelayLine::new((DELAY_MAX_S * rate_hz) as usize);
        Self {
            rate_hz,
            switch: EffectSwitch::off(),
            lines: [line(), line()],
            tone: SvfCoefs::default(),
            stages: [Stage::default(); 2],
            glide: 0.0,
            times: [Ramp::default(); 2],
            feedback: Ramp::default(),
            dry: Ramp::default(),
            wet: Ramp::default(),
            wow: 0.0,
            loudest: 0.0,
        }
    }

    /// Clears its memory.
    pub fn clear(&mut self) {
        self.lines.iter_mut().for_each(DelayLine::clear);
        self.stages = [Stage::default(); 2];
        self.wow = 0.0;
        self.loudest = 0.0;
    }

    /// Starts with this type and these knobs, without a transition.
    pub fn wake(&mut self, wanted: Option<DelayKind>, knobs: DelayKnobs) {
        self.switch.snap(wanted);
        self.start(knobs);
    }

    fn start(&mut self, knobs: DelayKnobs) {
        self.clear();
        let Some(kind) = self.switch.running else {
            return;
        };
        self.tone = match kind.tone {
            Tone::HighPass => SvfCoefs::highpass(self.rate_hz, HIGH_PASS_HZ, 0.7),
            _ => SvfCoefs::lowpass(self.rate_hz, TAPE_HZ, 0.7),
        };
        self.glide = self.frames(kind, knobs);
        self.times = [1.0, kind.right].map(|part| Ramp::at(self.glide * part));
        let [feedback, dry, wet] = gains(kind, knobs);
        (self.feedback, self.dry, self.wet) = (Ramp::at(feedback), Ramp::at(dry), Ramp::at(wet));
    }

    /// Call once per control step, which lasts `step_s`.
    pub fn control(&mut self, wanted: Option<DelayKind>, knobs: DelayKnobs, step_s: f32) {
        if self.switch.control(wanted) {
            self.start(knobs);
        }
        let Some(kind) = self.switch.running else {
            return;
        };
        let [feedback, dry, wet] = gains(kind, knobs);
        self.feedback.aim(feedback);
        self.dry.aim(dry);
        self.wet.aim(wet);
        self.glide += (self.frames(kind, knobs) - self.glide) * (step_s / GLIDE_S).min(1.0);
        let mut frames = self.glide;
        if kind.tone == Tone::Tape {
            self.wow = (self.wow + WOW.0 * step_s).fract();
            frames += WOW.1 * self.rate_hz * (std::f32::consts::TAU * self.wow).sin();
        }
        self.times[0].aim(frames);
        self.times[1].aim(frames * kind.right);
    }

    fn frames(&self, kind: DelayKind, knobs: DelayKnobs) -> f32 {
        let seconds = match kind.time {
            Time::Free(from, to) => xerp(from, to, knobs.a),
            Time::Beats => {
                let at = (knobs.a * BEATS.len() as f32) as usize;
                let beats = BEATS[at.min(BEATS.len() - 1)];
                let mut seconds = beats * 60.0 / knobs.bpm;
                while seconds > DELAY_MAX_S {
                    seconds *= 0.5;
                }
                seconds
            }
        };
        seconds * self.rate_hz
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
        let Some(kind) = self.switch.running else {
            return;
        };
        for (l, r) in left.iter_mut().zip(right) {
            let echo = [self.lines[0].read(self.times[0].advance()), self.lines[1].read(self.times[1].advance())];
            let feedback = self.feedback.advance();
            let mut back = echo.map(|echo| echo * feedback + tiny);
            if kind.tone != Tone::Flat {
                for (stage, back) in self.stages.iter_mut().zip(&mut back) {
                    *back = stage.advance(&self.tone, *back);
                }
            }
            let fade = self.switch.fade();
            let (in_left, in_right) = (fade * *l, fade * *r);
            let sum = 0.5 * (in_left + in_right);
            let mut into = match kind.path {
                Path::Apart => [in_left + back[0], in_right + back[1]],
                Path::Mono => [sum + back[0], sum + back[1]],
                Path::PingPong => [sum + back[1], back[0]],
            };
            if kind.tone == Tone::Tape {
                into = into.map(f32::tanh);
            }
            for (line, into) in self.lines.iter_mut().zip(into) {
                line.write(into);
                self.loudest = self.loudest.max(into.abs());
            }
            let (dry, wet) = (self.dry.advance(), self.wet.advance());
            *l += fade * ((dry - 1.0) * *l + wet * echo[0]);
            *r += fade * ((dry - 1.0) * *r + wet * echo[1]);
        }
    }
}

/// Feedback, dry gain and wet gain.
fn gains(kind: DelayKind, knobs: DelayKnobs) -> [f32; 3] {
    let (dry, wet) = balance(knobs.mix);
    if kind.repeats { [FEEDBACK_MAX * knobs.b, dry, wet] } else { [0.0, dry, wet * knobs.b] }
}

/// A centred mix (-1..=1) as dry and wet gain: both are 1 in the middle.
pub fn balance(mix: f32) -> (f32, f32) {
    ((1.0 - mix).min(1.0), (1.0 + mix).min(1.0))
}
