//! The built-in synth: a monophonic voice like that of the Korg NTS-1 mkII, with its controllers, so that everything
//! works and can be tested without hardware. Runs in the audio callback: it allocates only in `new`.
//!
//! oscillator → filter → envelope, tremolo → modulation → delay → reverb → soft clip
//!
//! Knobs, LFOs and coefficients change every few frames, counted from the waking of the synth and not from the caller's
//! block, so frames are the same however they are split into blocks. Notes begin and end at their exact frame.

mod delay;
mod envelope;
mod filter;
mod keys;
mod line;
mod modulation;
mod oscillator;
mod patch;
mod reverb;
#[cfg(test)]
mod tests;

use std::f32::consts::TAU;

use delay::{DELAY_MAX_S, DelayEffect, DelayKnobs};
use envelope::EnvelopeGenerator;
use filter::Filter;
use fundsp::math::xerp;
use keys::Keys;
use line::Ramp;
use modulation::{MODULATION_MAX_S, ModulationEffect};
use oscillator::ToneGenerator;
pub use patch::DEFAULTS;
use patch::{Knob, Knobs, Patch};
use reverb::{REVERB_MAX_S, ReverbEffect};

/// Frames of a control step: a third of a millisecond at 48 kHz.
const CONTROL_FRAMES: usize = 16;
/// Peak of a note at velocity 127: -9 dBFS, which puts velocity 100 at -11 dBFS.
const LEVEL: f32 = 0.355;
/// Quieter levels are silence: -100 dBFS.
const FLOOR: f32 = 1e-5;
/// Up to here the output is unchanged (-6 dBFS); above it is clipped softly and never passes full scale.
const LINEAR: f32 = 0.5;
/// Added with alternating sign to the input of every memory, so that no state decays into denormals: -360 dBFS.
const TINY: f32 = 1e-18;
/// How fast the sound follows a knob, in seconds: without zipper noise, without lag.
const GLIDE_S: f32 = 0.005;
/// Pitch bend range, in semitones.
const BEND_SEMITONES: f32 = 2.0;
/// The oscillator's LFO at full depth, in semitones.
const LFO_SEMITONES: f32 = 12.0;
/// The slowest and the fastest LFO in Hz: a sweep in 20 s, and the lower limit of a tone.
const LFO_HZ: (f32, f32) = (0.05, 20.0);
/// Default tempo of the BPM delays, and the accepted range.
const BPM: f32 = 120.0;
const BPM_MIN: f64 = 20.0;
const BPM_MAX: f64 = 300.0;

/// The synth.
pub struct Synth {
    step_s: f32,
    /// The values of the controllers, and the smoothed ones.
    patch: Patch,
    knobs: Knobs,
    keys: Keys,
    /// The sounding note, or the last one: 0..=127.
    note: u8,
    /// The pitch wheel, and the smoothed value: -1..=1.
    bend: f32,
    bend_now: f32,
    /// Peak level of the note by its velocity, and the smoothed value.
    loudness: f32,
    loudness_now: f32,
    loudness_weight: f32,
    source: ToneGenerator,
    filter: Filter,
    envelope: EnvelopeGenerator,
    /// Phases of the LFOs in periods, 0..1; they start with the note.
    pitch_lfo: f32,
    sweep_lfo: f32,
    tremolo_lfo: f32,
    tremolo: Ramp,
    modulation: ModulationEffect,
    delay: DelayEffect,
    reverb: ReverbEffect,
    bpm: f32,
    asleep: bool,
    /// Frames until the next control step.
    control_in: usize,
    /// Frames since the last audible level.
    quiet_frames: usize,
    /// Peak of the output since the last control step.
    loudest: f32,
    tiny: f32,
    rate_hz: f32,
}

impl Synth {
    /// A silent synth with every controller at its default. Allocates all its memory, for this rate in Hz.
    pub fn new(sample_rate_hz: f64) -> Self {
        let rate = sample_rate_hz.clamp(8_000.0, 768_000.0);
        let rate_hz = rate as f32;
        Self {
            step_s: CONTROL_FRAMES as f32 / rate_hz,
            patch: Patch::default(),
            knobs: Knobs::default(),
            keys: Keys::default(),
            note: 60,
            bend: 0.0,
            bend_now: 0.0,
            loudness: 0.0,
            loudness_now: 0.0,
            loudness_weight: 1.0 - (-1.0 / (GLIDE_S * rate_hz)).exp(),
            source: ToneGenerator::new(rate),
            filter: Filter::new(rate_hz),
            envelope: EnvelopeGenerator::new(rate_hz),
            pitch_lfo: 0.0,
            sweep_lfo: 0.0,
            tremolo_lfo: 0.0,
            tremolo: Ramp::at(1.0),
            modulation: ModulationEffect::new(rate_hz),
            delay: DelayEffect::new(rate_hz),
            reverb: ReverbEffect::new(rate_hz),
            bpm: BPM,
            asleep: true,
            control_in: 0,
            quiet_frames: 0,
            loudest: 0.0,
            tiny: TINY,
            rate_hz,
        }
    }

    /// The same synth at another rate in Hz: controllers are kept, sound ends. Allocates.
    pub fn at_rate(&self, sample_rate_hz: f64) -> Synth {
        Synth {
            patch: self.patch.clone(),
            knobs: self.knobs,
            bend: self.bend,
            bpm: self.bpm,
            ..Synth::new(sample_rate_hz)
        }
    }

    /// Realtime: yes. Takes one complete message of any channel, without running status; unknown messages are ignored.
    pub fn midi(&mut self, message: &[u8]) {
        let &[status, first, second] = message else {
            return;
        };
        if first > 127 || second > 127 {
            return;
        }
        match status & 0xF0 {
            0x90 if second > 0 => self.note_on(first, second),
            0x80 | 0x90 => self.note_off(first),
            0xB0 => self.controller(first, second),
            0xE0 => {
                let away = (i32::from(second) << 7 | i32::from(first)) - 8192;
                self.bend = away as f32 / if away < 0 { 8192.0 } else { 8191.0 };
            }
            _ => {}
        }
    }

    /// Realtime: yes. Sets the tempo of the BPM-synced delay types, in beats per minute (20..=300, default 120).
    pub fn set_bpm(&mut self, bpm: f64) {
        if bpm.is_finite() {
            self.bpm = bpm.clamp(BPM_MIN, BPM_MAX) as f32;
        }
    }

    /// Realtime: yes. Overwrites both slices, which have the same length.
    pub fn render(&mut self, left: &mut [f32], right: &mut [f32]) {
        let frames = left.len().min(right.len());
        let mut done = 0;
        while done < frames {
            if !self.asleep && self.control_in == 0 {
                self.control();
            }
            if self.asleep {
                left[done..].fill(0.0);
                right[done..].fill(0.0);
                return;
            }
            let end = frames.min(done + self.control_in);
            self.run(&mut left[done..end], &mut right[done..end]);
            self.control_in -= end - done;
            done = end;
        }
    }

    /// Realtime: yes. True when nothing sounds and every tail has ended: `render` would write exact zeros.
    pub fn is_silent(&self) -> bool {
        self.asleep
    }

    /// Realtime: yes. Stops notes and tails at once; the parameters stay.
    pub fn silence(&mut self) {
        self.keys.clear();
        self.envelope.cut();
        self.asleep = true;
    }

    fn note_on(&mut self, note: u8, velocity: u8) {
        self.keys.press(note);
        self.note = note;
        self.loudness = LEVEL * f32::from(velocity) / 127.0;
        if self.asleep {
            self.wake();
        }
        if self.envelope.is_idle() {
            self.loudness_now = self.loudness;
            self.source.restart();
            self.filter.clear();
            (self.pitch_lfo, self.sweep_lfo, self.tremolo_lfo) = (0.0, 0.0, 0.0);
            self.tremolo = Ramp::at(1.0);
            self.control_voice();
        }
        self.envelope.trigger();
        self.tune();
    }

    fn note_off(&mut self, note: u8) {
        let sounding = self.keys.newest() == Some(note);
        self.keys.release(note);
        match self.keys.newest() {
            Some(earlier) => {
                self.note = earlier;
                self.tune();
            }
            None if sounding => self.envelope.let_go(),
            None => {}
        }
    }

    fn controller(&mut self, cc: u8, value: u8) {
        match cc {
            // All sound off.
            120 => self.silence(),
            // Reset all controllers: the wheel, but no sound parameter (MIDI RP-015).
            121 => self.bend = 0.0,
            // All notes off, and the mode messages, which imply it.
            123..=127 => {
                self.keys.clear();
                self.envelope.let_go();
            }
            _ => self.patch.control(cc, value),
        }
    }

    /// Starts from silence: every smoothed value is set to its controller, and the control steps count from here.
    fn wake(&mut self) {
        self.asleep = false;
        self.control_in = 0;
        self.quiet_frames = 0;
        self.loudest = 0.0;
        self.tiny = TINY;
        self.knobs = self.patch.knobs;
        self.bend_now = self.bend;
        self.tremolo = Ramp::at(1.0);
        let knobs = &self.knobs;
        let (a, b) = (knobs[Knob::ModA], knobs[Knob::ModB]);
        self.modulation.wake(self.patch.modulation, a, b);
        self.delay.wake(self.patch.delay, self.delay_knobs());
        let (a, b) = (knobs[Knob::ReverbA], knobs[Knob::ReverbB]);
        let mix = knobs[Knob::ReverbMix];
        self.reverb.wake(self.patch.reverb, a, b, mix);
    }

    fn delay_knobs(&self) -> DelayKnobs {
        DelayKnobs {
            a: self.knobs[Knob::DelayA],
            b: self.knobs[Knob::DelayB],
            mix: self.knobs[Knob::DelayMix],
            bpm: self.bpm,
        }
    }

    /// One control step: checks for sound, and moves every smoothed value.
    fn control(&mut self) {
        self.control_in = CONTROL_FRAMES;
        if self.has_died() {
            self.asleep = true;
            return;
        }
        self.tiny = -self.tiny;
        let part = self.step_s / GLIDE_S;
        self.knobs.approach(&self.patch.knobs, part.min(1.0));
        self.bend_now += (self.bend - self.bend_now) * part.min(1.0);
        if (self.bend - self.bend_now).abs() < FLOOR {
            self.bend_now = self.bend;
        }
        if !self.envelope.is_idle() {
            self.control_voice();
        }
        let (attack, release) = (self.patch.knobs[Knob::Attack], self.patch.knobs[Knob::Release]);
        self.envelope.control(self.patch.eg, attack, release);

        let (knobs, step_s) = (self.knobs, self.step_s);
        let (a, b) = (knobs[Knob::ModA], knobs[Knob::ModB]);
        self.modulation.control(self.patch.modulation, a, b, step_s);
        let delay_knobs = self.delay_knobs();
        self.delay.control(self.patch.delay, delay_knobs, step_s);
        let (a, b) = (knobs[Knob::ReverbA], knobs[Knob::ReverbB]);
        let mix = knobs[Knob::ReverbMix];
        self.reverb.control(self.patch.reverb, a, b, mix, step_s);
    }

    /// A control step of the values that sound only during a note.
    fn control_voice(&mut self) {
        let knobs = self.knobs;
        let lfo = |phase: &mut f32, rate: Knob| {
            let now = *phase;
            *phase = (now + xerp(LFO_HZ.0, LFO_HZ.1, knobs[rate]) * self.step_s).fract();
            now
        };
        let mut sweep = 0.0;
        if knobs[Knob::SweepDepth] != 0.0 {
            // From the cutoff away and back; the left half of the knob sweeps up.
            let away = 0.5 - 0.5 * (TAU * lfo(&mut self.sweep_lfo, Knob::SweepRate)).cos();
            sweep = -knobs[Knob::SweepDepth] * away;
        }
        let mut tremolo = 1.0;
        if knobs[Knob::TremoloDepth] > 0.0 {
            let away = 0.5 - 0.5 * (TAU * lfo(&mut self.tremolo_lfo, Knob::TremoloRate)).cos();
            tremolo = 1.0 - knobs[Knob::TremoloDepth] * away;
        }
        if knobs[Knob::OscLfoDepth] != 0.0 {
            lfo(&mut self.pitch_lfo, Knob::OscLfoRate);
        }
        self.tremolo.aim(tremolo);
        let (cutoff, resonance) = (knobs[Knob::Cutoff], knobs[Knob::Resonance]);
        let kind = self.patch.filter;
        self.filter.control(kind, cutoff, resonance, sweep);
        self.tune();
        let kind = self.patch.oscillator;
        let (shape, alt) = (knobs[Knob::Shape], knobs[Knob::Alt]);
        self.source.control(kind, shape, alt);
    }

    /// True when no note sounds and nothing is audible anywhere: silent for longer than the longest delay line.
    fn has_died(&mut self) -> bool {
        let loudest = std::mem::take(&mut self.loudest).max(self.delay.take_loudest()).max(self.reverb.take_loudest());
        if loudest >= FLOOR || !self.envelope.is_idle() {
            self.quiet_frames = 0;
            return false;
        }
        let mut longest_s = MODULATION_MAX_S;
        if !self.delay.is_off() {
            longest_s += DELAY_MAX_S;
        }
        if !self.reverb.is_off() {
            longest_s += REVERB_MAX_S;
        }
        self.quiet_frames += CONTROL_FRAMES;
        self.quiet_frames as f32 > longest_s * self.rate_hz
    }

    /// Applies note, wheel and LFO to the oscillator.
    fn tune(&mut self) {
        // Squared, so that the middle of the knob is a light vibrato.
        let depth = self.knobs[Knob::OscLfoDepth];
        let swing = LFO_SEMITONES * depth * depth.abs() * (TAU * self.pitch_lfo).sin();
        let note = f64::from(self.note) + f64::from(BEND_SEMITONES * self.bend_now + swing);
        self.source.tune(note);
    }

    /// Renders frames within one control step.
    fn run(&mut self, left: &mut [f32], right: &mut [f32]) {
        if self.envelope.is_idle() {
            left.fill(0.0);
        } else {
            self.source.run(left);
            left.iter_mut().for_each(|x| *x += self.tiny);
            self.filter.run(left);
            for x in left.iter_mut() {
                self.loudness_now += self.loudness_weight * (self.loudness - self.loudness_now);
                *x *= self.envelope.advance() * self.loudness_now * self.tremolo.advance();
            }
        }
        self.modulation.run(left, right, self.tiny);
        self.delay.run(left, right, self.tiny);
        self.reverb.run(left, right, self.tiny);
        for x in left.iter_mut().chain(right) {
            self.loudest = self.loudest.max(x.abs());
            *x = soft_clip(*x);
        }
    }
}

/// Unchanged up to [`LINEAR`], then clipped softly so that it never passes full scale.
#[inline]
fn soft_clip(x: f32) -> f32 {
    let over = x.abs() - LINEAR;
    if over <= 0.0 {
        return x;
    }
    let room = 1.0 - LINEAR;
    (LINEAR + room * (over / room).tanh()).copysign(x)
}
