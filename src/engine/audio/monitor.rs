//! The monitored inputs. Their gain is a level: the newest wins, and a block goes from one to the next without a step. An
//! input that a track listens to is left out: the track plays it. Called by the renderer. Realtime: yes.

use busker_sound::{
    MAX_BLOCK,
    latest::{LevelReader, LevelWriter, level},
    mixer::Gain,
};

/// The monitored inputs, left and right.
pub struct Monitor {
    level: LevelReader<f32, 1>,
    /// The newest level.
    target: f32,
    gain: Gain,
    /// The gain on each frame of the block.
    gains: Vec<f32>,
    /// Whether each input is heard here.
    shares: Vec<Gain>,
    /// The samples of an input that comes or goes.
    room: Vec<f32>,
    sides: [Vec<f32>; 2],
    is_heard: bool,
}

impl Monitor {
    /// A monitor of so many inputs with this linear gain, and the writer of its gain. Realtime: no.
    pub fn new(gain: f32, inputs: usize) -> (Monitor, LevelWriter<f32, 1>) {
        let (writer, level) = level(gain);
        let block = || vec![0.0; MAX_BLOCK];
        let monitor = Monitor {
            level,
            target: gain,
            gain: Gain::new(gain),
            gains: block(),
            shares: vec![Gain::new(1.0); inputs],
            room: block(),
            sides: [block(), block()],
            is_heard: false,
        };
        (monitor, writer)
    }

    /// The newest linear gain.
    pub fn newest(&mut self) -> f32 {
        if let Some(level) = self.level.changed() {
            self.target = *level;
            self.gain.set(*level);
        }
        self.target
    }

    /// A block begins, in which inputs are heard elsewhere.
    pub fn begin(&mut self, frames: usize, is_elsewhere: impl Fn(usize) -> bool) {
        self.newest();
        // Inputs that are not monitored cost nothing. Asked before the gain moves: the last block on the way to silence
        // is played.
        self.is_heard = !self.gain.is_off();
        for (i, share) in self.shares.iter_mut().enumerate() {
            share.set(if is_elsewhere(i) { 0.0 } else { 1.0 });
            if !self.is_heard {
                share.arrive();
            }
        }
        if self.is_heard {
            let gains = &mut self.gains[..frames];
            gains.fill(1.0);
            self.gain.apply(gains);
            self.sides.iter_mut().for_each(|side| side[..frames].fill(0.0));
        }
    }

    /// Adds input `i` of `count`. They alternate between left and right; a single one goes to both.
    pub fn hear(&mut self, i: usize, count: usize, samples: &[f32]) {
        let Monitor { shares, room, gains, sides, .. } = self;
        let Some(share) = shares.get_mut(i).filter(|share| self.is_heard && !share.is_off()) else { return };
        let samples = if share.is_unity() {
            samples
        } else {
            let room = &mut room[..samples.len()];
            room.copy_from_slice(samples);
            share.apply(room);
            room
        };
        for (side, sum) in sides.iter_mut().enumerate() {
            if count == 1 || i % 2 == side {
                for ((sum, x), gain) in sum.iter_mut().zip(samples).zip(&*gains) {
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
