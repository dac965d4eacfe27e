//! The built-in synth in the callback: it gets its port's messages on their frames. Called by the renderer. Realtime:
//! yes.

use crate::synth::Synth;
use busker_sound::MAX_BLOCK;

/// The built-in synth, its port, and its output.
pub struct BuiltIn {
    synth: Synth,
    /// Its place among the callback ports.
    pub port: usize,
    sides: [Vec<f32>; 2],
}

impl BuiltIn {
    /// A synth that plays the messages of the callback port at this place. Realtime: no.
    pub fn new(synth: Synth, port: usize) -> BuiltIn {
        BuiltIn { synth, port, sides: [vec![0.0; MAX_BLOCK], vec![0.0; MAX_BLOCK]] }
    }

    /// Goes on at another rate: it is made anew. Realtime: no.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.synth = self.synth.at_rate(sample_rate_hz);
    }

    /// Cuts off all sound.
    pub fn silence(&mut self) {
        self.synth.silence();
    }

    /// Plays a block at this tempo, with these messages, each so many frames after its first.
    pub fn play<'a>(&mut self, frames: usize, bpm: f64, messages: impl Iterator<Item = (usize, &'a [u8])>) {
        self.synth.set_bpm(bpm);
        let [left, right] = &mut self.sides;
        let mut from = 0;
        for (offset, message) in messages {
            if offset > from {
                self.synth.render(&mut left[from..offset], &mut right[from..offset]);
                from = offset;
            }
            self.synth.midi(message);
        }
        self.synth.render(&mut left[from..frames], &mut right[from..frames]);
    }

    /// The newest block, left and right.
    pub fn sides(&self) -> [&[f32]; 2] {
        self.sides.each_ref().map(Vec::as_slice)
    }
}
