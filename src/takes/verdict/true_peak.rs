//! Measures the true peak: the level between the samples. Pure.
//!
//! Oversampling is most of the work of a verdict, so it is done only where it can change the result: no value between
//! samples is greater than [`GAIN_MAX`] times the greatest sample around it, and blocks that stay below the present
//! peak are skipped. The result is the same.

use ebur128::{EbuR128, Mode};

/// Rate below which no loudness is measured, in Hz: the filter of BS.1770 turns at 1.7 kHz, and at 16 Hz its library
/// panics.
pub(super) const LOUDNESS_RATE_HZ_MIN: u32 = 4_000;
/// The greatest gain of the interpolating filter: the greatest sum of the magnitudes of its coefficients, 2.307 of its
/// middle phase at 96 kHz and 1.864 below.
const GAIN_MAX: f32 = 2.31;
/// Frames that the filter looks back.
const REACH_FRAMES: usize = 24;

/// Finds the true peak of consecutive blocks.
pub(super) struct TruePeak {
    scanner: EbuR128,
    channels: usize,
    /// The frames before the next block.
    before: Vec<f32>,
    /// Whether the scanner has processed them.
    is_warm: bool,
    before_peak: f32,
    peak: f64,
}

impl TruePeak {
    /// `None` with too many channels, or a rate out of range.
    pub(super) fn new(channels: usize, sample_rate_hz: u32) -> Option<TruePeak> {
        if sample_rate_hz < LOUDNESS_RATE_HZ_MIN {
            return None;
        }
        let scanner = EbuR128::new(u32::try_from(channels).ok()?, sample_rate_hz, Mode::TRUE_PEAK).ok()?;
        let before = vec![0.0; REACH_FRAMES * channels];
        Some(TruePeak { scanner, channels, before, is_warm: false, before_peak: 0.0, peak: 0.0 })
    }

    /// Measures whole frames, given their greatest sample.
    pub(super) fn feed(&mut self, frames: &[f32], block_peak: f32) {
        let around = block_peak.max(self.before_peak);
        let can_be_greater = f64::from(around * GAIN_MAX) > self.peak;
        if can_be_greater && !self.is_warm {
            // The output for these frames is no peak of the take: the filter still holds old samples.
            let _ = self.scanner.add_frames_f32(&self.before);
        }
        if can_be_greater && self.scanner.add_frames_f32(frames).is_ok() {
            for channel in 0..self.channels as u32 {
                self.peak = self.peak.max(self.scanner.prev_true_peak(channel).unwrap_or_default());
            }
        }
        self.is_warm = can_be_greater;
        self.keep(frames);
    }

    fn keep(&mut self, frames: &[f32]) {
        let reach = self.before.len();
        match frames.len().checked_sub(reach) {
            Some(from) => self.before.copy_from_slice(frames.get(from..).unwrap_or_default()),
            None => {
                self.before.drain(..frames.len());
                self.before.extend_from_slice(frames);
            }
        }
        self.before_peak = self.before.iter().fold(0.0, |peak, sample| sample.abs().max(peak));
    }

    /// The peak of all frames, with silence after the last ones.
    pub(super) fn end(mut self) -> f64 {
        let silence = vec![0.0; self.before.len()];
        self.feed(&silence, 0.0);
        self.peak
    }
}
