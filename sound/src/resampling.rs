//! From one sample rate to another, chunk by chunk.

use rubato::{Fft, FixedSync, Indexing, Resampler, WindowFunction, audioadapter_buffers::direct::InterleavedSlice};
use std::fmt;

/// Why nothing came of it, for the end of a sentence.
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

/// A resampler by FFT. Frames are interleaved: the samples of all channels, frame by frame.
pub struct Resampling {
    resampler: Fft<f32>,
    channels: usize,
}

impl Resampling {
    /// For listening: chunks of about `chunk_frames`, with the library's own filter.
    ///
    /// # Errors
    /// Where the rates, in Hz, or the channels are none.
    pub fn quick(
        from_hz: usize,
        to_hz: usize,
        chunk_frames: usize,
        channels: usize,
    ) -> Result<Resampling, ResamplingError> {
        let resampler = Fft::new(from_hz, to_hz, chunk_frames, channels, FixedSync::Both).map_err(refused)?;
        Ok(Resampling { resampler, channels })
    }

    /// For keeping: chunks of about `chunk_frames`, with a filter whose stop band is lower (Blackman-Harris, squared).
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

    /// Frames the next chunk takes in.
    pub fn input_frames(&self) -> usize {
        self.resampler.input_frames_next()
    }

    /// Frames any chunk takes in, at most.
    pub fn input_frames_max(&self) -> usize {
        self.resampler.input_frames_max()
    }

    /// Frames that come out of any chunk, at most.
    pub fn output_frames_max(&self) -> usize {
        self.resampler.output_frames_max()
    }

    /// So many of the first frames that come out are its delay, and no audio.
    pub fn delay_frames(&self) -> usize {
        self.resampler.output_delay()
    }

    /// Converts one chunk, and says how many frames came out. `only` of its frames count where it is the last one; the
    /// rest are to be there all the same.
    ///
    /// # Errors
    /// Where there are too few frames in `from`, or too little room in `to`.
    pub fn convert(&mut self, from: &[f32], to: &mut [f32], only: Option<usize>) -> Result<usize, ResamplingError> {
        let (from_frames, to_frames) = (from.len() / self.channels, to.len() / self.channels);
        let from = InterleavedSlice::new(from, self.channels, from_frames).map_err(refused)?;
        let mut to = InterleavedSlice::new_mut(to, self.channels, to_frames).map_err(refused)?;
        let partial = only.map(|frames| Indexing::new().partial_len(frames));
        let (_, made) = self.resampler.process_into_buffer(&from, &mut to, partial.as_ref()).map_err(refused)?;
        Ok(made)
    }
}
