//! Mixing: strips and a master over blocks of at most [`MAX_BLOCK`] frames. Pure: blocks and levels in, a mix out.
//!
//! The audio callback calls it, and so may an export, without threads and faster than real time: the same blocks and
//! levels make the same mix, to the bit. Levels ([`MixLevels`]) cross to the callback in a cell of [`latest`]: the newest
//! wins, and a block goes from one to the next without a step. A strip at unity, in the middle, changes no bit.
//!
//! [`latest`]: crate::latest
//! Realtime: yes, but for [`Mixer::new`].

mod gain;
#[cfg(test)]
mod tests;

use crate::{MAX_BLOCK, latest::Words};
pub use gain::Gain;
use std::{f32::consts::FRAC_PI_4, ops::Range};

/// The most tracks a session has.
pub const TRACKS: usize = 32;
/// Strips of a mixer: one for what is auditioned, and one for each track.
pub const STRIPS: usize = 1 + TRACKS;
/// Numbers that a [`MixLevels`] crosses threads as.
const WORDS: usize = 2 * STRIPS + 1;

/// How a strip stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StripLevels {
    /// The fader, linear: 1.0 is unity.
    pub gain: f32,
    /// -1.0 left, 0.0 middle, 1.0 right.
    pub pan: f32,
    /// Nothing of it is in the mix.
    pub mute: bool,
}

impl StripLevels {
    /// Everything as it is.
    pub const UNITY: StripLevels = StripLevels { gain: 1.0, pan: 0.0, mute: false };

    /// Linear gains of left and right. Constant power: the sum of their squares is the same at every pan. Both are the
    /// fader's own gain in the middle, so a side that stands alone is 3 dB louder.
    pub fn sides(self) -> [f32; 2] {
        if self.mute {
            return [0.0; 2];
        }
        if self.pan == 0.0 {
            return [self.gain; 2];
        }
        let pan = self.pan.clamp(-1.0, 1.0);
        let louder = self.gain * std::f32::consts::SQRT_2;
        let (sine, cosine) = ((pan + 1.0) * FRAC_PI_4).sin_cos();
        // At its end the other side is silent, not nearly so.
        match pan {
            -1.0 => [louder, 0.0],
            1.0 => [0.0, louder],
            _ => [louder * cosine, louder * sine],
        }
    }
}

/// How a mixer stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MixLevels {
    /// The strips.
    pub strips: [StripLevels; STRIPS],
    /// The master's fader, linear: 1.0 is unity.
    pub master: f32,
}

impl Default for MixLevels {
    fn default() -> MixLevels {
        MixLevels { strips: [StripLevels::UNITY; STRIPS], master: 1.0 }
    }
}

impl Words<WORDS> for MixLevels {
    fn to_words(self) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        words[0] = u64::from(self.master.to_bits());
        for (words, strip) in words[1..].as_chunks_mut().0.iter_mut().zip(self.strips) {
            let of_sides = u64::from(strip.gain.to_bits()) << 32 | u64::from(strip.pan.to_bits());
            *words = [of_sides, u64::from(strip.mute)];
        }
        words
    }

    fn from_words(words: [u64; WORDS]) -> MixLevels {
        let mut levels = MixLevels { master: f32::from_bits(words[0] as u32), ..MixLevels::default() };
        for (strip, [of_sides, mute]) in levels.strips.iter_mut().zip(words[1..].as_chunks().0) {
            let (gain, pan) = (f32::from_bits((of_sides >> 32) as u32), f32::from_bits(*of_sides as u32));
            *strip = StripLevels { gain, pan, mute: *mute != 0 };
        }
        levels
    }
}

/// The level of a mixer on its way to whoever mixes.
pub type MixLevelsReader = crate::latest::LevelReader<MixLevels, WORDS>;
/// The same, where it is changed.
pub type MixLevelsWriter = crate::latest::LevelWriter<MixLevels, WORDS>;

/// Gains of left and right.
type Sides = [Gain; 2];

/// The gains of all strips and of the master, where they are, and room for one strip's block.
#[derive(Debug)]
pub struct Mixer {
    strips: [Sides; STRIPS],
    master: Sides,
    block: [Vec<f32>; 2],
}

impl Mixer {
    /// A mixer that stands like this. Realtime: no.
    pub fn new(levels: &MixLevels) -> Mixer {
        Mixer {
            strips: levels.strips.map(|strip| strip.sides().map(Gain::new)),
            master: [Gain::new(levels.master), Gain::new(levels.master)],
            block: [vec![0.0; MAX_BLOCK], vec![0.0; MAX_BLOCK]],
        }
    }

    /// From the next block on it goes to these levels.
    pub fn set(&mut self, levels: &MixLevels) {
        for (strip, levels) in self.strips.iter_mut().zip(levels.strips) {
            for (gain, target) in strip.iter_mut().zip(levels.sides()) {
                gain.set(target);
            }
        }
        self.master.iter_mut().for_each(|gain| gain.set(levels.master));
    }

    /// Adds a block of each of these strips to both sides of `mix`, which are of the same length, at most [`MAX_BLOCK`].
    ///
    /// `read` fills left and right of a strip's block, or says that it has nothing and leaves them; a strip that has
    /// nothing is at its newest level at once.
    pub fn add_strips(
        &mut self,
        strips: Range<usize>,
        mix: [&mut [f32]; 2],
        read: impl FnMut(usize, [&mut [f32]; 2]) -> bool,
    ) {
        self.add_strips_heard(strips, mix, read, |_, _| {});
    }

    /// The same, and gives each strip's block to `heard` as it is in the mix, or nothing where it has none.
    pub fn add_strips_heard(
        &mut self,
        strips: Range<usize>,
        mix: [&mut [f32]; 2],
        mut read: impl FnMut(usize, [&mut [f32]; 2]) -> bool,
        mut heard: impl FnMut(usize, Option<[&[f32]; 2]>),
    ) {
        let [mix_left, mix_right] = mix;
        let frames = mix_left.len().min(mix_right.len()).min(MAX_BLOCK);
        let [left, right] = &mut self.block;
        let (left, right) = (&mut left[..frames], &mut right[..frames]);
        for (i, gains) in self.strips.iter_mut().enumerate().take(strips.end).skip(strips.start) {
            if !read(i, [&mut *left, &mut *right]) {
                gains.iter_mut().for_each(Gain::arrive);
                heard(i, None);
                continue;
            }
            let sides = [(&mut *mix_left, &mut *left), (&mut *mix_right, &mut *right)];
            for (gain, (mix, block)) in gains.iter_mut().zip(sides) {
                if gain.is_off() {
                    block.fill(0.0);
                    continue;
                }
                gain.apply(block);
                mix.iter_mut().zip(block).for_each(|(mix, sample)| *mix += *sample);
            }
            heard(i, Some([&*left, &*right]));
        }
    }

    /// Applies the master's fader to both sides of the mix.
    pub fn master(&mut self, mix: [&mut [f32]; 2]) {
        for (gain, side) in self.master.iter_mut().zip(mix) {
            gain.apply(side);
        }
    }
}
