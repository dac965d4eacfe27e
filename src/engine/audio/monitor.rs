//! The monitored inputs. Their gain is a level: the newest wins, and a block goes from one to the next without a step.
//! Called by the renderer. Realtime: yes.

use busker_sound::{
    MAX_BLOCK,
    latest::{LevelReader, LevelWriter, level},
    mixer::Gain,
};

/// The monitored inputs, left and right.
pub struct Monitor {
    level: LevelReader<f32, 1>,
    gain: Gain,
    /// The gain on each frame of the block.
    gains: Vec<f32>,
    sides: [Vec<f32>; 2],
    is_heard: bool,
}

impl Monitor {
    /// A monitor with this linear gain, and the writer of its gain. Realtime: no.
    pub fn new(gain: f32) -> (Monitor, LevelWriter<f32, 1>) {
        let (writer, level) = level(gain);
        let block = || vec![0.0; MAX_BLOCK];
        let (gain, sides) = (Gain::new(gain), [block(), block()]);
        (Monitor { level, gain, gains: block(), sides, is_heard: false }, writer)
    }

    /// A block begins.
    pub fn begin(&mut self, frames: usize) {
        if let Some(level) = self.level.changed() {
            self.gain.set(*level);
        }
        // Inputs that are not monitored cost nothing. Asked before the gain moves: the last block on the way to silence
        // is played.
        self.is_heard = !self.gain.is_off();
        if self.is_heard {
            let gains = &mut self.gains[..frames];
            gains.fill(1.0);
            self.gain.apply(gains);
            self.sides.iter_mut().for_each(|side| side[..frames].fill(0.0));
        }
    }

    /// Adds input `i` of `count`. They alternate between left and right; a single one goes to both.
    pub fn hear(&mut self, i: usize, count: usize, samples: &[f32]) {
        for (side, sum) in self.sides.iter_mut().enumerate() {
            if self.is_heard && (count == 1 || i % 2 == side) {
                for ((sum, x), gain) in sum.iter_mut().zip(samples).zip(&self.gains) {
                    *sum += x * gain;
                }
            }
        }
    }

    /// Adds the inputs to both sides.
    pub fn add_to(&self, outputs: [&mut [f32]; 2]) {
        if self.is_heard {
            for (out, sum) in outputs.into_iter().zip(&self.sides) {
                out.iter_mut().zip(sum).for_each(|(out, x)| *out += x);
            }
        }
    }
}
