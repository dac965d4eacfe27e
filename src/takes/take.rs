//! One take, opened for reading.

use super::{
    folder::{Reach, in_several, is_held, open},
    why_beyond,
};
use crate::wav::{Health, SamplesError, Wav, WavFormat};
use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

/// Bytes that are read at a time: headers are short.
const READ_BYTES: usize = 512;

/// An open WAV file with its header. While it is open, it is not repaired.
#[derive(Debug)]
pub struct Take {
    /// Its path.
    pub path: PathBuf,
    /// The file; its lock is shared with other readers.
    pub file: File,
    /// Its header.
    pub wav: Wav,
    /// Whether it is being recorded or repaired.
    pub is_recording: bool,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NotUsable {
    /// The disk refused.
    #[error("it cannot be read: {0}")]
    Disk(#[from] io::Error),
    /// It is being recorded.
    #[error("it is being recorded and is unchanged until it ends")]
    Recording,
    /// The fault of the file.
    #[error("it cannot be used: {0}")]
    Beyond(String),
    /// Its samples are of an unsupported kind.
    #[error(transparent)]
    Samples(#[from] SamplesError),
    /// The operation was stopped.
    #[error("stopped before the end")]
    Stopped,
}

impl Take {
    /// Opens a file and reads its structure; its faults are in [`Wav::findings`].
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn open(path: &Path, reach: Reach) -> io::Result<Take> {
        let file = open(path, reach, false).map_err(|error| match in_several(path) {
            Some(why) if error.kind() == io::ErrorKind::NotFound => io::Error::new(error.kind(), why),
            _ => error,
        })?;
        let is_recording = is_held(file.try_lock_shared());
        let wav = read(&file)?;
        Ok(Take { path: path.to_owned(), file, wav, is_recording })
    }

    /// Opens a file with usable audio.
    ///
    /// # Errors
    /// See [`NotUsable`].
    pub fn open_whole(path: &Path, reach: Reach) -> Result<Take, NotUsable> {
        let take = Take::open(path, reach)?;
        match take.wav.health() {
            _ if take.is_recording => Err(NotUsable::Recording),
            Health::Beyond => Err(NotUsable::Beyond(why_beyond(&take.wav))),
            _ => take.audio().map(|_| take),
        }
    }

    /// The format and number of its frames.
    ///
    /// # Errors
    /// [`NotUsable::Beyond`] if the format is not supported.
    pub fn audio(&self) -> Result<(WavFormat, u64), NotUsable> {
        match (self.wav.format, self.wav.frames()) {
            (Some(format), Some(frames)) => Ok((format, frames)),
            (Some(format), None) => Err(NotUsable::Beyond(format!("{format}: sample format not supported"))),
            _ => Err(NotUsable::Beyond("it contains no audio".to_owned())),
        }
    }
}

/// Reads a file's structure.
pub(super) fn read(file: &File) -> io::Result<Wav> {
    Wav::read(&mut BufReader::with_capacity(READ_BYTES, file))
}
