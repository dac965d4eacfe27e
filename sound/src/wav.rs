//! WAV files: the header, the true sizes, and the bytes that correct the header ([`Wav`]); the notes beside the audio
//! ([`Notes`]); and writing a file ([`WavFile`]). Pure over reading, writing and seeking.
//!
//! Every size in a file is checked against the file before it is used. Only the headers of a file are read, never its
//! audio, so the time does not depend on its size; and a repair writes only the size fields: no file grows, shrinks or
//! gets another sample.

mod encode;
mod finding;
mod format;
mod notes;
mod read;
mod repair;
mod samples;
#[cfg(test)]
mod tests;
mod write;

pub use encode::{Encoder, kept};
pub use finding::{Finding, FindingSeverity};
pub use format::{Encoding, WavFormat};
pub use notes::{Info, LABEL_BYTES_MAX, MARKS_MAX, Mark, Notes, Origin};
pub use repair::{Repair, SizeField};
pub use samples::{Samples, SamplesError};
pub use write::{AUDIO_AT, Depth, UnknownDepth, WavFile, WavShape};

use std::{
    fmt,
    io::{self, Read, Seek},
};

/// Maximum chunks that are read; no real file has more.
pub const CHUNKS_MAX: usize = 1024;

/// The size format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// 32 bits: up to 4 GiB.
    Riff,
    /// RF64 or BW64: 64 bits, in a chunk of their own.
    Rf64,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Container::Riff => "RIFF",
            Container::Rf64 => "RF64",
        })
    }
}

/// The four letters of a chunk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ChunkId(pub [u8; 4]);

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.escape_ascii(), f)
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{self}'")
    }
}

/// A chunk, from its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its letters.
    pub id: ChunkId,
    /// The offset of its header, in bytes from the file's start.
    pub at: u64,
    /// The size in its header, in bytes.
    pub bytes: u64,
}

/// The audio data of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Its offset, in bytes from the file's start.
    pub start: u64,
    /// Its size in the header, in bytes.
    pub said_bytes: u64,
    /// Its true size, in bytes: whole frames, as far as they are known.
    pub bytes: u64,
}

/// The structure of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Wav {
    /// The file's length, in bytes.
    pub file_bytes: u64,
    /// Its size format; `None` if it is no WAV file.
    pub container: Option<Container>,
    /// The chunks in order, as far as they are readable.
    pub chunks: Vec<Chunk>,
    /// The sample format.
    pub format: Option<WavFormat>,
    /// The audio data.
    pub data: Option<Data>,
    /// Everything wrong or unusual.
    pub findings: Vec<Finding>,
    /// The repair of the header, if it needs one and can be repaired.
    pub repair: Option<Repair>,
}

/// The condition of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its header is correct.
    Sound,
    /// Its header is wrong, and the correct sizes are known.
    NeedsRepair,
    /// It is no usable WAV file, and cannot be repaired.
    Beyond,
}

impl Wav {
    /// Reads a file's structure.
    ///
    /// # Errors
    /// Errors of the disk. Faults of the file are findings, not errors.
    pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Wav> {
        read::read(file)
    }

    /// The condition of the file.
    pub fn health(&self) -> Health {
        match self.findings.iter().map(Finding::severity).max() {
            Some(FindingSeverity::Beyond) => Health::Beyond,
            _ if self.repair.is_some() => Health::NeedsRepair,
            _ => Health::Sound,
        }
    }

    /// Whole frames of audio in the file, whatever its header says.
    pub fn frames(&self) -> Option<u64> {
        Some(self.data?.bytes / self.format?.frame_bytes()?)
    }

    /// Whole frames according to the header.
    pub fn said_frames(&self) -> Option<u64> {
        Some(self.data?.said_bytes / self.format?.frame_bytes()?)
    }

    /// The length of the audio in the file, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        Some(self.frames()? as f64 / f64::from(self.format?.sample_rate_hz))
    }
}
