//! Audio at another speed: samples between the frames that are there, by a windowed sinc. Pure.
//!
//! The kernel is a sinc under a Blackman window of [`HALF_TAPS`] zero crossings a side; above speed 1 it is as much wider,
//! so that what would be above the highest frequency is not folded back. On a whole frame at speed 1 or below it is that
//! frame, to the bit. Realtime: no (a kernel is a table).

use std::f64::consts::PI;

/// Zero crossings on each side.
pub const HALF_TAPS: usize = 16;
/// Places between two frames that the table has; between those, kernels are mixed.
const PHASES: usize = 256;

/// The kernel of one speed.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Frames on each side that are looked at.
    reach: usize,
    /// For each phase, and one more, the weights of the frames from `1 - reach` to `reach`.
    weights: Vec<f32>,
}

impl Kernel {
    /// The kernel for frames that are `speed` apart; only its size counts, up to 8.
    pub fn new(speed: f64) -> Kernel {
        let stretch = speed.abs().clamp(1.0, 8.0);
        let reach = (HALF_TAPS as f64 * stretch).ceil() as usize;
        let mut weights = Vec::with_capacity((PHASES + 1) * 2 * reach);
        for phase in 0..=PHASES {
            let place = phase as f64 / PHASES as f64;
            let taps = (0..2 * reach).map(|tap| weight(tap as f64 + 1.0 - reach as f64 - place, stretch));
            let taps: Vec<f64> = taps.collect();
            // A constant stays what it is, whatever the phase.
            let sum: f64 = taps.iter().sum();
            weights.extend(taps.iter().map(|tap| (tap / sum) as f32));
        }
        Kernel { reach, weights }
    }

    /// Frames on each side of a place that [`at`](Self::at) looks at.
    pub fn reach(&self) -> usize {
        self.reach
    }

    /// The frame at a place of `frames`, counted from their first; beyond their ends there is silence.
    pub fn at(&self, frames: &[[f32; 2]], place: f64) -> [f32; 2] {
        let whole = place.floor();
        let phase = (place - whole) * PHASES as f64;
        let (below, part) = (phase as usize, phase.fract() as f32);
        let taps = 2 * self.reach;
        let of = |phase: usize| self.weights.get(phase * taps..(phase + 1) * taps).unwrap_or_default();
        let first = whole as i64 + 1 - self.reach as i64;
        let mut sum = [0.0_f32; 2];
        for (tap, (a, b)) in of(below).iter().zip(of((below + 1).min(PHASES))).enumerate() {
            let Some(frame) = usize::try_from(first + tap as i64).ok().and_then(|at| frames.get(at)) else { continue };
            let weight = if part == 0.0 { *a } else { a + (b - a) * part };
            sum = [sum[0] + frame[0] * weight, sum[1] + frame[1] * weight];
        }
        sum
    }
}

/// The weight of a frame that lies so far from the place.
fn weight(distance: f64, stretch: f64) -> f64 {
    let x = distance / stretch;
    let half = HALF_TAPS as f64;
    if x.abs() >= half {
        return 0.0;
    }
    let sinc = match x {
        0.0 => 1.0,
        // Exactly 0 on the others, which a sine is only nearly.
        _ if x.fract() == 0.0 => 0.0,
        _ => (PI * x).sin() / (PI * x),
    };
    let turn = PI * x / half;
    sinc * (0.42 + 0.5 * turn.cos() + 0.08 * (2.0 * turn).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_a_whole_frame_it_is_that_frame() {
        let frames: Vec<[f32; 2]> = (0..100).map(|i| [(i as f32).sin(), i as f32 * 0.01]).collect();
        for speed in [0.25, 0.5, 1.0, -1.0] {
            let kernel = Kernel::new(speed);
            for at in 20..80 {
                assert_eq!(kernel.at(&frames, at as f64), frames[at]);
            }
        }
    }

    /// The level of a sine of this angle a frame, read at this speed.
    fn level(angle: f64, speed: f64) -> f64 {
        let frames: Vec<[f32; 2]> = (0..9_000).map(|i| [(i as f64 * angle).sin() as f32; 2]).collect();
        let kernel = Kernel::new(speed);
        let read = (0..1_000).map(|i| f64::from(kernel.at(&frames, 200.3 + i as f64 * speed)[0]));
        (read.map(|x| x * x).sum::<f64>() / 1_000.0 * 2.0).sqrt()
    }

    #[test]
    fn a_tone_keeps_its_level_and_what_would_fold_back_is_gone() {
        for speed in [0.25, 0.5, 0.77, 1.5, 2.0, 4.0] {
            let kept = level(0.6 * PI / f64::max(1.0, speed), speed);
            assert!((kept - 1.0).abs() < 0.01, "{speed}: {kept}");
        }
        for speed in [1.5, 2.0, 4.0] {
            let gone = level(1.25 * PI / speed, speed);
            assert!(20.0 * gone.log10() < -60.0, "{speed}: {gone}");
        }
    }

    #[test]
    fn between_frames_it_is_what_was_sampled() {
        let sine = |at: f64| (at * 0.3).sin();
        let frames: Vec<[f32; 2]> = (0..200).map(|i| [sine(f64::from(i)) as f32; 2]).collect();
        let kernel = Kernel::new(0.5);
        for i in 0..600 {
            let at = 60.0 + f64::from(i) * 0.137;
            let error = (f64::from(kernel.at(&frames, at)[0]) - sine(at)).abs();
            assert!(20.0 * error.log10() < -80.0, "{at}: {error}");
        }
    }
}
