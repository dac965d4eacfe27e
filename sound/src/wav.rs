//! WAV files: what a header says, what is true of it, and the bytes that make the one the other ([`Wav`]); the notes
//! beside the audio ([`Notes`]); and how a file is written ([`WavFile`]). Pure over what can be read, written and sought.
//!
//! Nothing a file says is believed before it fits the file. To know a file only its headers are read, never its audio,
//! so a file of any size takes the same moment; and a repair writes only their size fields: no file grows, shrinks or
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

/// Chunks that are looked at; a file of more has been made to be one of more.
pub const CHUNKS_MAX: usize = 1024;

/// How a file names its sizes.
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

/// A chunk as its header has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its letters.
    pub id: ChunkId,
    /// Where its header begins, in bytes from the file's start.
    pub at: u64,
    /// The bytes it says it holds after its header.
    pub bytes: u64,
}

/// Where the audio is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// Where it begins, in bytes from the file's start.
    pub start: u64,
    /// The bytes the header says it has.
    pub said_bytes: u64,
    /// The bytes it has: whole frames, as far as they are known.
    pub bytes: u64,
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Wav {
    /// The file's length.
    pub file_bytes: u64,
    /// How it names its sizes; none where it is no WAV file.
    pub container: Option<Container>,
    /// The chunks in their order, as far as they could be followed.
    pub chunks: Vec<Chunk>,
    /// What a sample is.
    pub format: Option<WavFormat>,
    /// Where the audio is.
    pub data: Option<Data>,
    /// All that is wrong or odd.
    pub findings: Vec<Finding>,
    /// What would make the header true, where it is not and can be.
    pub repair: Option<Repair>,
}

/// What can be done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Its header is true.
    Sound,
    /// Its header is not true, and it is known what would be.
    NeedsRepair,
    /// It is no WAV file that can be used, and nothing can be done here.
    Beyond,
}

impl Wav {
    /// Reads a file's structure.
    ///
    /// # Errors
    /// Those of the disk. What is wrong with the file is no error but a finding.
    pub fn read(file: &mut (impl Read + Seek)) -> io::Result<Wav> {
        read::read(file)
    }

    /// What can be done with it.
    pub fn health(&self) -> Health {
        match self.findings.iter().map(Finding::severity).max() {
            Some(FindingSeverity::Beyond) => Health::Beyond,
            _ if self.repair.is_some() => Health::NeedsRepair,
            _ => Health::Sound,
        }
    }

    /// Whole frames of audio that are in the file, whatever its header says.
    pub fn frames(&self) -> Option<u64> {
        Some(self.data?.bytes / self.format?.frame_bytes()?)
    }

    /// Whole frames that the header speaks of.
    pub fn said_frames(&self) -> Option<u64> {
        Some(self.data?.said_bytes / self.format?.frame_bytes()?)
    }

    /// The length of the audio that is in the file, in seconds.
    pub fn seconds(&self) -> Option<f64> {
        Some(self.frames()? as f64 / f64::from(self.format?.sample_rate_hz))
    }
}
