//! A WAV file as left and right, from any frame on. The disk reader's; blocks on the disk.
//!
//! One channel is heard on both sides; of several, the mean of the first, third, … on the left and that of the others on
//! the right, so that nothing is over full scale that is not. Whatever the header says, all that is there is heard.

use crate::{
    takes::{self, Reach},
    wav::{Health, Samples, Wav},
};
use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

/// Samples that are read at once, about: a file may have thousands of channels.
const SAMPLES: usize = 16 << 10;
/// Bytes that are read at once while the header is looked at: it is short.
const HEADER_BYTES: usize = 512;

/// A file that is read.
pub(super) struct Stereo {
    samples: Samples<File>,
    sample_rate_hz: u32,
    /// What the header speaks of and the file does not have.
    missing_frames: u64,
    /// As in the file.
    piece: Vec<f32>,
}

/// Opens a file by its name, or else by its name with `.wav` behind it, and says which it is.
///
/// # Errors
/// Why not, for the end of a sentence.
pub(super) fn open(path: &Path) -> Result<(PathBuf, Stereo), String> {
    let none = || takes::in_several(path).unwrap_or_else(|| "no such take".to_owned());
    let path = takes::meant(path).ok_or_else(none)?;
    let file = takes::open(&path, Reach::Named, false).map_err(|error| error.to_string())?;
    Ok((path, Stereo::of(file)?))
}

impl Stereo {
    fn of(file: File) -> Result<Stereo, String> {
        let mut wav =
            Wav::read(&mut BufReader::with_capacity(HEADER_BYTES, &file)).map_err(|error| error.to_string())?;
        if wav.health() == Health::Beyond {
            return Err(takes::why_beyond(&wav));
        }
        // A header that is not true yet, or not any more, keeps nobody from listening: where the audio is, is known.
        wav.repair = None;
        let samples = Samples::open(file, &wav).map_err(|error| error.to_string())?;
        let missing_frames = wav.said_frames().unwrap_or_default().saturating_sub(samples.frames());
        let sample_rate_hz = wav.format.map_or(0, |format| format.sample_rate_hz);
        Ok(Stereo { samples, sample_rate_hz, missing_frames, piece: Vec::new() })
    }

    /// Frames that are there.
    pub fn frames(&self) -> u64 {
        self.samples.frames()
    }

    /// Frames per second.
    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    /// What the header speaks of and the file does not have, in seconds; nothing where it is all there.
    pub fn missing_seconds(&self) -> Option<f64> {
        (self.missing_frames > 0).then(|| self.missing_frames as f64 / f64::from(self.sample_rate_hz.max(1)))
    }

    /// Goes to a frame; what is read next begins there.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn seek(&mut self, frame: u64) -> Result<(), String> {
        self.samples.seek(frame).map_err(|error| error.to_string())
    }

    /// Reads frames, and says how many: fewer than there is room for only at the end.
    ///
    /// # Errors
    /// Those of the disk. What was read before is lost with it.
    pub fn read(&mut self, frames: &mut [[f32; 2]]) -> Result<usize, String> {
        let channels = self.samples.channels().max(1);
        if channels == 2 {
            // As they lie in the file.
            let read = self.samples.read_over(frames.as_flattened_mut()).map_err(|error| error.to_string())?;
            if !self.samples.are_finite() {
                let read = frames.get_mut(..read).unwrap_or_default().as_flattened_mut();
                read.iter_mut().for_each(|sample| *sample = level(*sample));
            }
            return Ok(read);
        }
        let mut done = 0;
        for room in frames.chunks_mut((SAMPLES / channels).max(1)) {
            self.piece.clear();
            let read = self.samples.read(room.len(), &mut self.piece).map_err(|error| error.to_string())?;
            for (to, from) in room.iter_mut().zip(self.piece.chunks_exact(channels)) {
                *to = mix(from);
            }
            done += read;
            if read < room.len() {
                break;
            }
        }
        Ok(done)
    }
}

/// A number that is none is silence.
fn level(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

/// A frame of any channels as left and right. A number that is none is silence.
pub(super) fn mix(frame: &[f32]) -> [f32; 2] {
    match frame {
        [both] => [level(*both); 2],
        several => {
            let side = |first: usize| {
                let count = several.len().saturating_sub(first).div_ceil(2).max(1);
                several.iter().skip(first).step_by(2).map(|sample| level(*sample)).sum::<f32>() / count as f32
            };
            [side(0), side(1)]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_channels_on_two_sides_are_never_over_what_one_of_them_is() {
        assert_eq!(mix(&[1.0; 6]), [1.0; 2]);
        assert_eq!(mix(&[0.5, -0.25]), [0.5, -0.25]);
        assert_eq!(mix(&[0.9, 0.5, 0.3]), [0.6, 0.5]);
        assert_eq!(mix(&[f32::NAN]), [0.0; 2]);
    }
}
