//! A delay line, and the ramp that moves a value between control steps. Both run in the audio callback: they allocate
//! only in `new`.
//!
//! fundsp's `Tap` clears by writing every sample; two seconds of stereo at 96 kHz is 1.5 MB, too much for a panic in
//! the callback. This line clears in constant time: it only counts the samples written since.

use super::{CONTROL_FRAMES, TINY};

/// The last frames of a signal, readable at a fractional delay.
pub struct DelayLine {
    samples: Box<[f32]>,
    /// Index of the next sample.
    next: usize,
    /// How many samples since the last `clear` can be read, at most the length.
    filled: usize,
}

impl DelayLine {
    /// A line of at least `frames` frames.
    pub fn new(frames: usize) -> Self {
        let len = (frames + 2).next_power_of_two();
        Self {
            // Not zero: the system allocates zeroed memory page by page at the first write, which would be in the
            // callback.
            samples: vec![TINY; len].into_boxed_slice(),
            next: 0,
            filled: 0,
        }
    }

    /// Realtime: yes. Clears the line, in constant time.
    pub fn clear(&mut self) {
        self.filled = 0;
    }

    /// Realtime: yes.
    #[inline]
    pub fn write(&mut self, sample: f32) {
        let mask = self.samples.len() - 1;
        self.samples[self.next & mask] = sample;
        self.next = (self.next + 1) & mask;
        self.filled = (self.filled + 1).min(self.samples.len());
    }

    /// Realtime: yes. The sample written `frames` writes ago (1 is the newest), interpolated linearly.
    #[inline]
    pub fn read(&self, frames: f32) -> f32 {
        let frames = frames.clamp(1.0, (self.samples.len() - 1) as f32);
        let whole = frames as usize;
        let part = frames - whole as f32;
        let near = self.at(whole);
        near + part * (self.at(whole + 1) - near)
    }

    #[inline]
    fn at(&self, frames: usize) -> f32 {
        if frames > self.filled {
            return 0.0;
        }
        let mask = self.samples.len() - 1;
        self.samples[self.next.wrapping_sub(frames) & mask]
    }
}

/// A value that reaches its target in exactly one control step, so that gains and times make no zipper noise.
#[derive(Clone, Copy, Default)]
pub struct Ramp {
    now: f32,
    step: f32,
}

impl Ramp {
    /// A constant `value`.
    pub fn at(value: f32) -> Self {
        Self { now: value, step: 0.0 }
    }

    /// Starts towards `target`; call it once per control step.
    pub fn aim(&mut self, target: f32) {
        // Arrive: otherwise the rounding error would decay into denormals.
        if (target - self.now).abs() < 1e-9 {
            *self = Self::at(target);
        } else {
            self.step = (target - self.now) * (1.0 / CONTROL_FRAMES as f32);
        }
    }

    /// The present value.
    pub fn value(&self) -> f32 {
        self.now
    }

    /// Advances by one frame.
    #[inline]
    pub fn advance(&mut self) -> f32 {
        self.now += self.step;
        self.now
    }
}

/// The level and type of an effect: a change of type fades out, switches and fades in, so that it does not click.
pub struct EffectSwitch<T> {
    /// The running effect; `None` is off.
    pub running: Option<T>,
    fade: Ramp,
}

impl<T: Copy + PartialEq> EffectSwitch<T> {
    pub fn off() -> Self {
        Self { running: None, fade: Ramp::at(0.0) }
    }

    /// Call once per control step. True when `running` has just become `wanted` and its memory must be cleared.
    pub fn control(&mut self, wanted: Option<T>) -> bool {
        // A fade of 32 control steps is 11 ms at 48 kHz.
        const FADE_PER_STEP: f32 = 1.0 / 32.0;
        let level = self.fade.value();
        if self.running == wanted {
            self.fade.aim((level + FADE_PER_STEP).min(1.0));
            return false;
        }
        if self.running.is_some() && level > 1e-3 {
            self.fade.aim((level - FADE_PER_STEP).max(0.0));
            return false;
        }
        self.running = wanted;
        self.fade = Ramp::at(0.0);
        true
    }

    /// Nothing is left to fade: the next effect starts at full level.
    pub fn snap(&mut self, wanted: Option<T>) {
        self.running = wanted;
        self.fade = Ramp::at(1.0);
    }

    /// Advances by one frame: 0 is the dry signal, 1 the effect. The input of a line is faded, too, or its echo would
    /// begin with a step.
    #[inline]
    pub fn fade(&mut self) -> f32 {
        self.fade.advance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_returns_the_sample_written_so_many_frames_ago() {
        let mut line = DelayLine::new(8);
        for n in 1..=40 {
            line.write(n as f32);
        }
        assert_eq!(line.read(1.0), 40.0);
        assert_eq!(line.read(8.0), 33.0);
        assert_eq!(line.read(2.5), 38.5);
    }

    #[test]
    fn a_cleared_line_is_empty() {
        let mut line = DelayLine::new(8);
        (0..40).for_each(|_| line.write(1.0));
        line.clear();
        assert_eq!(line.read(3.0), 0.0);
        line.write(0.5);
        assert_eq!((line.read(1.0), line.read(2.0)), (0.5, 0.0));
    }
}
