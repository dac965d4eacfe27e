//! Levels on their way from the callback to the control thread.
//!
//! A peak is held as a maximum until it is read, so one between two pictures is never missed; the mean square is a
//! level, the newest wins; clips are counted.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// Time constant of the RMS reading: the 300 ms of a VU meter (IEC 60268-17).
const RMS_SECONDS: f32 = 0.3;

/// A mean square that is silence: -120 dB.
const SILENT: f32 = 1e-12;

/// Samples measured side by side.
const WIDTH: usize = 8;

/// The sums of every eighth sample.
#[derive(Default)]
struct Accumulators {
    peak: [f32; WIDTH],
    sum: [f32; WIDTH],
}

impl Accumulators {
    fn add(&mut self, samples: &[f32; WIDTH]) {
        for (i, sample) in samples.iter().enumerate() {
            let level = sample.abs();
            self.peak[i] = if level > self.peak[i] { level } else { self.peak[i] };
            self.sum[i] += level * level;
        }
    }
}

#[derive(Debug, Default)]
struct Cell {
    /// Bits of a non-negative f32, which order as the numbers do.
    peak: AtomicU32,
    mean_square: AtomicU32,
    clipped_samples: AtomicU32,
}

/// The callback's half.
#[derive(Debug)]
pub struct Meter {
    cell: Arc<Cell>,
    mean_square: f32,
    sample_rate_hz: f32,
}

/// The control thread's half.
#[derive(Debug)]
pub struct MeterReader {
    cell: Arc<Cell>,
}

/// The level since the last reading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Highest absolute sample, 1.0 = full scale.
    pub peak: f32,
    /// Root of the mean square over about 300 ms, 1.0 = full scale.
    pub rms: f32,
    /// Samples at or over full scale.
    pub clipped_samples: u32,
}

/// Both halves.
pub fn meter(sample_rate_hz: f64) -> (Meter, MeterReader) {
    let cell = Arc::<Cell>::default();
    let meter = Meter { cell: Arc::clone(&cell), mean_square: 0.0, sample_rate_hz: sample_rate_hz as f32 };
    (meter, MeterReader { cell })
}

impl Meter {
    /// Blocks are of another rate from the next on. Realtime: yes.
    pub fn set_rate(&mut self, sample_rate_hz: f64) {
        self.sample_rate_hz = sample_rate_hz as f32;
    }

    /// Measures a block. Realtime: yes.
    pub fn measure(&mut self, block: &[f32]) {
        self.measure_all([block]);
    }

    /// Measures a block of both sides: the higher peak, and the power of both. Realtime: yes.
    pub fn measure_sides(&mut self, sides: [&[f32]; 2]) {
        self.measure_all(sides);
    }

    /// Nothing came for so many frames. Realtime: yes.
    pub fn rest(&mut self, frames: usize) {
        // Too little for any display, and soon too little for a number.
        if self.mean_square < SILENT {
            self.mean_square = 0.0;
        } else {
            self.mean_square *= 1.0 - self.part_of(frames);
        }
        self.cell.mean_square.store(self.mean_square.to_bits(), Ordering::Relaxed);
    }

    /// The part of the mean that so many frames make anew.
    fn part_of(&self, frames: usize) -> f32 {
        1.0 - (-(frames as f32) / (RMS_SECONDS * self.sample_rate_hz)).exp()
    }

    fn measure_all<const N: usize>(&mut self, blocks: [&[f32]; N]) {
        let frames = blocks.first().map_or(0, |block| block.len());
        if frames == 0 {
            return;
        }
        // Side by side, for a single sum waits for each addition.
        let mut sums = Accumulators::default();
        for block in blocks {
            let (eights, rest) = block.as_chunks::<WIDTH>();
            for eight in eights {
                sums.add(eight);
            }
            sums.add(&std::array::from_fn(|i| rest.get(i).copied().unwrap_or(0.0)));
        }
        let peak = sums.peak.iter().fold(0.0, |peak: f32, other| peak.max(*other));
        let sum: f32 = sums.sum.iter().sum();
        // Searched only where there are any.
        let samples = blocks.iter().flat_map(|block| *block);
        let clipped = if peak >= 1.0 { samples.map(|sample| u32::from(sample.abs() >= 1.0)).sum() } else { 0 };
        self.mean_square += (sum / (N * frames) as f32 - self.mean_square) * self.part_of(frames);
        self.cell.peak.fetch_max(peak.to_bits(), Ordering::Relaxed);
        self.cell.mean_square.store(self.mean_square.to_bits(), Ordering::Relaxed);
        if clipped > 0 {
            self.cell.clipped_samples.fetch_add(clipped, Ordering::Relaxed);
        }
    }
}

impl MeterReader {
    /// The level since the last call.
    pub fn take(&mut self) -> Level {
        Level {
            peak: f32::from_bits(self.cell.peak.swap(0, Ordering::Relaxed)),
            rms: f32::from_bits(self.cell.mean_square.load(Ordering::Relaxed)).sqrt(),
            clipped_samples: self.cell.clipped_samples.swap(0, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_between_two_readings_is_never_missed() {
        let (mut meter, mut reader) = meter(48_000.0);
        meter.measure(&[0.1, -0.9]);
        meter.measure(&[0.2; 64]);
        assert_eq!(reader.take().peak, 0.9);
        assert_eq!(reader.take().peak, 0.0);
    }

    #[test]
    fn clips_are_counted_and_rms_of_a_square_is_its_height() {
        let (mut meter, mut reader) = meter(48_000.0);
        for _ in 0..2000 {
            meter.measure(&[0.5, -0.5, 0.5, -0.5].repeat(32));
        }
        meter.measure(&[1.0, -1.0, 0.0]);
        let level = reader.take();
        assert_eq!(level.clipped_samples, 2);
        assert!((level.rms - 0.5).abs() < 1e-3, "{}", level.rms);
    }
}
