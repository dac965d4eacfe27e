//! The samples of a take at the rate of the export.

use crate::{
    takes::{Take, TakeError, take::NotUsable},
    wav::Samples,
};
use busker_sound::resampling::{Resampling, ResamplingError};
use std::fs::File;

/// Minimum frames that the resampler takes at a time: a larger number makes its filter steeper.
const CHUNK_FRAMES: usize = 4_096;

/// The number of frames at another rate.
pub(super) fn frames(frames: u64, from_hz: u32, to_hz: u32) -> u64 {
    let (from_hz, to_hz) = (u128::from(from_hz.max(1)), u128::from(to_hz));
    u64::try_from((u128::from(frames) * to_hz + from_hz / 2) / from_hz).unwrap_or(u64::MAX)
}

/// Frames of a chunk that becomes an even number of whole frames at the other rate: half of them are the delay, and
/// with an odd number the audio would be half a frame late.
fn chunk_frames(from_hz: usize, to_hz: usize) -> usize {
    let (mut divisor, mut rest) = (from_hz, to_hz);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    CHUNK_FRAMES.next_multiple_of(2 * from_hz / divisor.max(1))
}

/// Reads a take from its beginning.
pub(super) struct ConvertingReader<'a> {
    samples: Samples<&'a File>,
    resampler: Option<Rate>,
}

struct Rate {
    resampler: Resampling,
    input: Vec<f32>,
    output: Vec<f32>,
    /// Frames of its delay, which contain no audio.
    to_skip: usize,
    /// Frames that are still to be read.
    left: u64,
}

impl<'a> ConvertingReader<'a> {
    pub(super) fn open(take: &'a Take, rate_hz: u32) -> Result<ConvertingReader<'a>, TakeError> {
        let (format, count) = take.audio()?;
        let samples = Samples::open(&take.file, &take.wav).map_err(NotUsable::from)?;
        let resampler = match format.sample_rate_hz == rate_hz {
            true => None,
            false => {
                let (from, to) = (format.sample_rate_hz as usize, rate_hz as usize);
                let resampler = Resampling::steep(from, to, chunk_frames(from, to), samples.channels())
                    .map_err(|error| TakeError::Asked(format!("from {from} Hz to {to} Hz: {error}")))?;
                let output = vec![0.0; resampler.output_frames_max() * samples.channels()];
                let left = frames(count, format.sample_rate_hz, rate_hz);
                Some(Rate { to_skip: resampler.delay_frames(), resampler, input: Vec::new(), output, left })
            }
        };
        Ok(ConvertingReader { samples, resampler })
    }

    /// Reads about `count` of the next frames into `block`, replacing its contents; false at the end.
    pub(super) fn read(&mut self, count: usize, block: &mut Vec<f32>) -> Result<bool, TakeError> {
        block.clear();
        let Some(resampling) = &mut self.resampler else {
            let read = self.samples.read(count, block).map_err(NotUsable::Disk)?;
            silence_broken(block);
            return Ok(read > 0);
        };
        // The first chunk may contain only the delay.
        while block.is_empty() && resampling.left > 0 {
            resampling.next(&mut self.samples, block)?;
        }
        Ok(!block.is_empty())
    }
}

/// Replaces samples that are no numbers by silence: resampling would spread them over a whole chunk, and few players
/// accept them.
fn silence_broken(samples: &mut [f32]) {
    samples.iter_mut().filter(|sample| !sample.is_finite()).for_each(|sample| *sample = 0.0);
}

impl Rate {
    fn next(&mut self, samples: &mut Samples<&File>, block: &mut Vec<f32>) -> Result<(), TakeError> {
        let channels = samples.channels();
        let wanted = self.resampler.input_frames();
        self.input.clear();
        let read = samples.read(wanted, &mut self.input).map_err(NotUsable::Disk)?;
        silence_broken(&mut self.input);
        self.input.resize(wanted * channels, 0.0);
        let failed = |error: ResamplingError| TakeError::Asked(format!("resampling failed: {error}"));
        let only = (read < wanted).then_some(read);
        let made = self.resampler.convert(&self.input, &mut self.output, only).map_err(failed)?;
        let skipped = made.min(self.to_skip);
        self.to_skip -= skipped;
        let taken = (made - skipped).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= taken as u64;
        block.extend_from_slice(self.output.get(skipped * channels..(skipped + taken) * channels).unwrap_or_default());
        Ok(())
    }
}
