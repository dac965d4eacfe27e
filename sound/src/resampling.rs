//! Converts audio to another sample rate, chunk by chunk.

use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction, audioadapter_buffers::direct::InterleavedSlice};
use std::fmt;

/// Why a conversion failed, as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResamplingError(String);

impl fmt::Display for ResamplingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ResamplingError {}

fn refused(error: impl fmt::Display) -> ResamplingError {
    ResamplingError(error.to_string())
}

/// A resampler by FFT. Frames are interleaved.
pub struct Resampling {
    resampler: Fft<f32>,
    channels: usize,
}

impl Resampling {
    /// For playback: chunks of about `chunk_frames`, with the library's own filter.
    ///
    /// # Errors
    /// The rates, in Hz, or the number of channels are invalid.
    pub fn quick(
        from_hz: usize,
        to_hz: usize,
        chunk_frames: usize,
        channels: usize,
    ) -> Result<Resampling, ResamplingError> {
        let resampler = Fft::new(from_hz, to_hz, chunk_frames, channels, FixedSync::Both).map_err(refused)?;
        Ok(Resampling { resampler, channels })
    }

    /// For export: chunks of about `chunk_frames`, with a filter whose stop band is lower (Blackman-Harris, squared).
    ///
    /// # Errors
    /// As for [`quick`](Self::quick).
    pub fn steep(
        from_hz: usize,
        to_hz: usize,
        chunk_frames: usize,
        channels: usize,
    ) -> Result<Resampling, ResamplingError> {
        let (window, fixed) = (WindowFunction::BlackmanHarris2, FixedSync::Both);
        let resampler = Fft::new_custom(from_hz, to_hz, chunk_frames, 1, channels, window, fixed).map_err(refused)?;
        Ok(Resampling { resampler, channels })
    }

    /// Input frames of the next chunk.
    pub fn input_frames(&self) -> usize {
        self.resampler.input_frames_next()
    }

    /// Maximum input frames of a chunk.
    pub fn input_frames_max(&self) -> usize {
        self.resampler.input_frames_max()
    }

    /// Maximum output frames of a chunk.
    pub fn output_frames_max(&self) -> usize {
        self.resampler.output_frames_max()
    }

    /// The first output frames that are its delay, and no audio.
    pub fn delay_frames(&self) -> usize {
        self.resampler.output_delay()
    }

    /// Converts one chunk, and returns the number of output frames. In the last chunk only `only` of its frames count;
    /// the rest must still be there.
    ///
    /// # Errors
    /// There are too few frames in `from`, or too little room in `to`.
    pub fn convert(&mut self, from: &[f32], to: &mut [f32], only: Option<usize>) -> Result<usize, ResamplingError> {
        let (from_frames, to_frames) = (from.len() / self.channels, to.len() / self.channels);
        let from = InterleavedSlice::new(from, self.channels, from_frames).map_err(refused)?;
        let mut to = InterleavedSlice::new_mut(to, self.channels, to_frames).map_err(refused)?;
        let partial = only.map(|frames| Indexing::new().partial_len(frames));
        let (_, made) = self.resampler.process_into_buffer(&from, &mut to, partial.as_ref()).map_err(refused)?;
        Ok(made)
    }
}
