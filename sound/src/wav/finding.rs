//! Faults and oddities of WAV files, each with a sentence. Pure.

use super::{CHUNKS_MAX, ChunkId, WavFormat};
use std::fmt;

/// The severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingSeverity {
    /// Unusual, but every reader accepts it.
    Harmless,
    /// The header is wrong, and the correct one is known.
    Mendable,
    /// The correct header is unknown, or cannot be written.
    Beyond,
}

/// A fault or oddity of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The file is empty.
    Empty,
    /// It is RIFX: a WAV file with big-endian numbers.
    BigEndian,
    /// It does not begin as a WAV file.
    NotWav,
    /// The file ends within its header.
    HeaderCut {
        /// The file's length.
        file_bytes: u64,
    },
    /// A chunk before the audio is longer than the file.
    ChunkCut {
        /// Its id.
        id: ChunkId,
        /// Its offset.
        at: u64,
        /// The size in its header.
        said_bytes: u64,
    },
    /// There is no chunk where one must begin before the audio.
    Lost {
        /// The offset.
        at: u64,
    },
    /// More chunks than any real file has.
    TooManyChunks,
    /// Its 64-bit sizes are missing.
    NoSizes64,
    /// There is no format chunk.
    NoFormat,
    /// There is more than one format chunk.
    TwoFormats,
    /// The format chunk is too short.
    FormatShort {
        /// Its length.
        bytes: u64,
    },
    /// The frame size in the format chunk does not match its other fields.
    FormatDisagrees {
        /// The frame size in the chunk, in bytes.
        frame_bytes: u16,
        /// Its other fields.
        format: WavFormat,
    },
    /// The size of the audio in the header is wrong, and the correct one is unknown, because the frames are.
    FramesUnknown {
        /// The size of the audio in the header.
        said_bytes: u64,
        /// The bytes up to the end of the file.
        there_bytes: u64,
    },
    /// Samples of an unsupported kind.
    Unknown(WavFormat),
    /// No audio.
    NoData,
    /// More than one chunk of audio.
    TwoData {
        /// The offset of the second.
        at: u64,
    },
    /// The size of the audio in the header means "not known yet", or is beyond the end of the file.
    DataCut {
        /// The size of the audio in the header.
        said_bytes: u64,
        /// The bytes there are.
        there_bytes: u64,
    },
    /// The audio continues after the size in the header.
    DataLonger {
        /// The size in the header.
        said_bytes: u64,
        /// The bytes there are.
        there_bytes: u64,
    },
    /// The size in the header ends inside a frame.
    PartOfFrame {
        /// The size of that part, in bytes.
        bytes: u64,
        /// Whether chunks follow, which would be lost with another size.
        chunks_follow: bool,
    },
    /// The size of the whole file in the header is wrong.
    RiffSize {
        /// The end of the file according to the header.
        said_end: u64,
        /// The true end.
        end: u64,
    },
    /// There is audio past the maximum of 32-bit sizes.
    PastFourGib {
        /// The size of it, in bytes.
        bytes: u64,
    },
    /// The chunks go past the maximum of 32-bit sizes.
    ChunksPastFourGib,
    /// The audio has an odd size and no pad byte.
    NoPadByte,
    /// There are bytes after the end that belong to no chunk.
    After {
        /// The bytes.
        bytes: u64,
    },
    /// After the end is another program's tag.
    TagAfter {
        /// Its bytes.
        bytes: u64,
    },
    /// A chunk after the audio ends with the file, and too early.
    LastChunkCut {
        /// Its id.
        id: ChunkId,
    },
    /// The file has no audio yet.
    NoFrames,
}

impl Finding {
    /// Its severity.
    pub fn severity(&self) -> FindingSeverity {
        match self {
            Finding::TwoFormats
            | Finding::Unknown(_)
            | Finding::PastFourGib { .. }
            | Finding::NoPadByte
            | Finding::After { .. }
            | Finding::TagAfter { .. }
            | Finding::LastChunkCut { .. }
            | Finding::NoFrames
            | Finding::PartOfFrame { chunks_follow: true, .. } => FindingSeverity::Harmless,
            Finding::DataCut { .. }
            | Finding::DataLonger { .. }
            | Finding::PartOfFrame { .. }
            | Finding::RiffSize { .. } => FindingSeverity::Mendable,
            Finding::Empty
            | Finding::BigEndian
            | Finding::NotWav
            | Finding::HeaderCut { .. }
            | Finding::ChunkCut { .. }
            | Finding::Lost { .. }
            | Finding::TooManyChunks
            | Finding::NoSizes64
            | Finding::NoFormat
            | Finding::FormatShort { .. }
            | Finding::FormatDisagrees { .. }
            | Finding::NoData
            | Finding::TwoData { .. }
            | Finding::FramesUnknown { .. }
            | Finding::ChunksPastFourGib => FindingSeverity::Beyond,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Finding::Empty => write!(f, "the file is empty: nothing was written to it"),
            Finding::BigEndian => write!(f, "big-endian WAV (RIFX) is not supported: convert it, for example with sox"),
            Finding::NotWav => write!(f, "not a WAV file: it does not begin with RIFF or RF64 and WAVE"),
            Finding::HeaderCut { file_bytes } => {
                write!(f, "the header is cut off: the file ends after {file_bytes} bytes")
            }
            Finding::ChunkCut { id, at, said_bytes } => {
                write!(f, "the chunk '{id}' at byte {at} declares {said_bytes} bytes, more than the file has")
            }
            Finding::Lost { at } => write!(f, "no chunk at byte {at}, where one should begin"),
            Finding::TooManyChunks => write!(f, "there are more than {CHUNKS_MAX} chunks"),
            Finding::NoSizes64 => write!(f, "the chunk 'ds64' with the sizes of an RF64 file is missing or cut"),
            Finding::NoFormat => write!(f, "the sample format is unknown: no chunk 'fmt ' before the audio"),
            Finding::TwoFormats => write!(f, "there is more than one chunk 'fmt '; the first counts"),
            Finding::FormatShort { bytes } => write!(f, "the chunk 'fmt ' has only {bytes} bytes"),
            Finding::FormatDisagrees { frame_bytes, format } => {
                write!(f, "the chunk 'fmt ' contradicts itself: {format}, {frame_bytes} bytes per frame")
            }
            Finding::Unknown(format) => write!(f, "{format}: sample format not supported"),
            Finding::FramesUnknown { said_bytes, there_bytes } => {
                let there = format!("the file has {there_bytes}");
                write!(f, "the frame size is unknown: the header declares {said_bytes} bytes of audio, {there}")
            }
            Finding::NoData => write!(f, "there is no chunk 'data' with audio"),
            Finding::TwoData { at } => {
                write!(f, "there is a second chunk 'data' at byte {at}: which one holds the take is unknown")
            }
            Finding::DataCut { said_bytes, there_bytes } => match u32::try_from(*said_bytes) {
                Ok(u32::MAX) => {
                    write!(f, "the header has no audio size; the file has {there_bytes} bytes of audio")
                }
                _ => write!(f, "the header declares {said_bytes} bytes of audio; the file has {there_bytes}"),
            },
            Finding::DataLonger { said_bytes, there_bytes } => {
                write!(f, "the header declares {said_bytes} bytes of audio; the file has {there_bytes}")
            }
            Finding::PartOfFrame { bytes, chunks_follow: false } => {
                write!(f, "the audio ends with an incomplete frame of {bytes} bytes")
            }
            Finding::PartOfFrame { bytes, chunks_follow: true } => {
                write!(f, "the audio ends with an incomplete frame of {bytes} bytes; chunks follow, so it is kept")
            }
            Finding::RiffSize { said_end, end } => {
                write!(f, "the header declares the end of the file at byte {said_end}; it is at {end}")
            }
            Finding::PastFourGib { bytes } => {
                write!(f, "{bytes} bytes of audio are past 4 GiB, the limit of a WAV size; they are kept")
            }
            Finding::ChunksPastFourGib => write!(f, "the file is longer than 4 GiB, the limit of a WAV size"),
            Finding::NoPadByte => write!(f, "the audio has an odd size and no pad byte after it; readers accept that"),
            Finding::After { bytes } => write!(f, "{bytes} bytes after the end belong to no chunk; they are kept"),
            Finding::TagAfter { bytes } => write!(f, "another program's tag of {bytes} bytes follows the end"),
            Finding::LastChunkCut { id } => write!(f, "the chunk '{id}' after the audio is cut off; it is ignored"),
            Finding::NoFrames => write!(f, "it contains no audio"),
        }
    }
}
