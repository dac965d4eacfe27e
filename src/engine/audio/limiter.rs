//! The safety limiter of the outputs, off by default: nothing leaves above its ceiling. It adds no delay, for musicians hear
//! themselves through it. A sample over the ceiling is turned down to it at once, both sides alike, and the gain comes back
//! slowly; until something is over the ceiling no bit changes. Takes and exports do not pass it.
//!
//! Called by the renderer; whether it is on is a level, the newest wins. Realtime: yes.

use busker_sound::latest::{LevelReader, LevelWriter, level};

/// The ceiling, linear: -1 dBFS.
pub const CEILING: f32 = 0.891_250_9;
/// How long the gain takes to come back by 63 %, in seconds.
const RELEASE_SECONDS: f64 = 0.1;
/// So near unity, 0.01 dB, the gain is unity: from nearer the steps of the way back would be too small for its digits.
const NEAR_UNITY: f32 = 0.999;

/// The limiter.
pub struct Limiter {
    level: LevelReader<f32, 1>,
    is_on: bool,
    gain: f32,
    /// The part of the way back to unity that a frame takes.
    release: f32,
}

impl Limiter {
    /// A limiter that is off, and the writer that turns it on (1.0) and off (0.0). Realtime: no.
    pub fn new(sample_rate_hz: f64) -> (Limiter, LevelWriter<f32, 1>) {
        let (writer, level) = level(0.0);
        let mut limiter = Limiter { level, is_on: false, gain: 1.0, release: 0.0 };
        limiter.set_rate(sample_rate_hz);
        (limiter, writer)
    }

    /// Blocks are of another rate from the next on.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.release = (1.0 - (-1.0 / (RELEASE_SECONDS * sample_rate_hz)).exp()) as f32;
    }

    /// Limits a block of both sides.
    pub fn limit(&mut self, sides: [&mut [f32]; 2]) {
        if let Some(level) = self.level.changed() {
            self.is_on = *level > 0.0;
        }
        let [left, right] = sides;
        // Turned off, it still comes back without a step.
        if self.gain == 1.0 && !(self.is_on && is_over(left, right)) {
            return;
        }
        for (left, right) in left.iter_mut().zip(right) {
            let peak = level_of(*left).max(level_of(*right));
            self.gain += (1.0 - self.gain) * self.release;
            if self.gain > NEAR_UNITY {
                self.gain = 1.0;
            }
            if self.is_on {
                if peak * self.gain > CEILING {
                    self.gain = CEILING / peak;
                }
                // A product may be a rounding above the ceiling; what is no number is silence.
                for sample in [left, right] {
                    let limited = if sample.is_nan() { 0.0 } else { *sample * self.gain };
                    *sample = limited.clamp(-CEILING, CEILING);
                }
            } else {
                *left *= self.gain;
                *right *= self.gain;
            }
        }
    }
}

/// The level of a sample; none is infinite.
fn level_of(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.abs().min(f32::MAX) }
}

/// Whether any sample is over the ceiling, or no number.
fn is_over(left: &[f32], right: &[f32]) -> bool {
    let any = |side: &[f32]| side.iter().fold(false, |any, sample| any | (sample.abs() > CEILING) | sample.is_nan());
    any(left) || any(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limited(limiter: &mut Limiter, block: &[f32]) -> [Vec<f32>; 2] {
        let mut sides = [block.to_vec(), block.iter().map(|x| -0.5 * x).collect()];
        let [left, right] = &mut sides;
        limiter.limit([left, right]);
        sides
    }

    fn on() -> Limiter {
        let (limiter, mut writer) = Limiter::new(48_000.0);
        writer.change(|level| *level = 1.0);
        limiter
    }

    proptest! {
        #[test]
        fn nothing_leaves_above_the_ceiling(
            blocks in prop::collection::vec(prop::collection::vec(any::<u32>().prop_map(f32::from_bits), 1..300), 1..6),
        ) {
            let mut limiter = on();
            for block in blocks {
                for side in limited(&mut limiter, &block) {
                    prop_assert!(side.iter().all(|x| x.abs() <= CEILING), "{side:?}");
                }
            }
        }

        #[test]
        fn below_the_ceiling_no_bit_changes(block in prop::collection::vec(-CEILING..CEILING, 1..300)) {
            prop_assert_eq!(limited(&mut on(), &block)[0].clone(), block);
        }
    }

    #[test]
    fn it_comes_back_to_unity_and_while_it_is_off_nothing_changes() {
        let mut limiter = on();
        assert_eq!(limited(&mut limiter, &[4.0])[0], [CEILING]);
        for _ in 0..100 {
            limited(&mut limiter, &[0.5; 1024]);
        }
        assert_eq!(limited(&mut limiter, &[0.5; 64])[0], [0.5; 64]);
        let (mut off, _writer) = Limiter::new(48_000.0);
        assert_eq!(limited(&mut off, &[4.0, -3.0])[0], [4.0, -3.0]);
    }

    #[test]
    fn turned_off_while_it_holds_down_it_comes_back_without_a_step() {
        let (mut limiter, mut writer) = Limiter::new(48_000.0);
        writer.change(|level| *level = 1.0);
        limited(&mut limiter, &[4.0; 64]);
        writer.change(|level| *level = 0.0);
        let [way, _] = limited(&mut limiter, &[4.0; 1024]);
        assert!((way[0] - CEILING).abs() < 0.01 && way.windows(2).all(|pair| pair[1] - pair[0] < 0.01), "{}", way[0]);
    }
}
