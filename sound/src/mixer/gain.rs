//! A gain that moves without a step: to its target over a block. Realtime: yes.

/// A linear gain and where it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gain {
    now: f32,
    target: f32,
}

impl Gain {
    /// Stands at a gain.
    pub fn new(gain: f32) -> Gain {
        Gain { now: gain, target: gain }
    }

    /// From the next block on it goes to this gain.
    pub fn set(&mut self, target: f32) {
        self.target = target;
    }

    /// Is at its target without a way: nothing of it is heard at the moment.
    pub fn arrive(&mut self) {
        self.now = self.target;
    }

    /// Whether it lets nothing through.
    pub fn is_off(&self) -> bool {
        self.now == 0.0 && self.target == 0.0
    }

    /// Whether it lets everything through as it is.
    pub fn is_unity(&self) -> bool {
        self.now == 1.0 && self.target == 1.0
    }

    /// Applies the gain, moving to the target over the block. Unity changes no bit.
    pub fn apply(&mut self, block: &mut [f32]) {
        if self.now == self.target {
            if self.now != 1.0 {
                block.iter_mut().for_each(|x| *x *= self.now);
            }
            return;
        }
        let step = (self.target - self.now) / block.len() as f32;
        for x in block {
            self.now += step;
            *x *= self.now;
        }
        self.now = self.target;
    }
}
