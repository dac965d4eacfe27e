//! What can be wrong with a WAV file, or odd, each in a sentence. Pure.

use super::{CHUNKS_MAX, ChunkId, WavFormat};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingSeverity {
    /// Odd, and no reader minds.
    Harmless,
    /// The header does not tell the truth, which is known.
    Mendable,
    /// What would be true is not known, or nothing can say it.
    Beyond,
}

/// Something wrong or odd in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// There is not a byte in it.
    Empty,
    /// It is RIFX: a WAV file whose numbers have their bytes the other way round.
    BigEndian,
    /// It does not begin as a WAV file.
    NotWav,
    /// It begins as one and ends within its header.
    HeaderCut {
        /// The file's length.
        file_bytes: u64,
    },
    /// A chunk before the audio says it is longer than the file.
    ChunkCut {
        /// Its letters.
        id: ChunkId,
        /// Where it begins.
        at: u64,
        /// What it says it holds.
        said_bytes: u64,
    },
    /// Where a chunk should begin before the audio, none does.
    Lost {
        /// Where.
        at: u64,
    },
    /// More chunks than any file has.
    TooManyChunks,
    /// Its 64-bit sizes are missing.
    NoSizes64,
    /// Nothing says what a sample is.
    NoFormat,
    /// More than one chunk says what a sample is.
    TwoFormats,
    /// The chunk that says what a sample is ends too soon.
    FormatShort {
        /// Its length.
        bytes: u64,
    },
    /// What it says of a frame does not add up.
    FormatDisagrees {
        /// The bytes it says a frame has.
        frame_bytes: u16,
        /// The rest of it.
        format: WavFormat,
    },
    /// The header's size is not true, and without known frames nor is what would be.
    FramesUnknown {
        /// The bytes it says the audio has.
        said_bytes: u64,
        /// The bytes up to the end of the file.
        there_bytes: u64,
    },
    /// Samples of a kind that is not read here.
    Unknown(WavFormat),
    /// No audio.
    NoData,
    /// More than one chunk of audio.
    TwoData {
        /// Where the second begins.
        at: u64,
    },
    /// The header has a size that stands for "not known yet", or one beyond the end of the file.
    DataCut {
        /// The bytes it says the audio has.
        said_bytes: u64,
        /// The bytes there are.
        there_bytes: u64,
    },
    /// The audio goes on after the size in the header.
    DataLonger {
        /// The bytes the header says it has.
        said_bytes: u64,
        /// The bytes there are.
        there_bytes: u64,
    },
    /// The size in the header ends within a frame.
    PartOfFrame {
        /// The bytes of that part.
        bytes: u64,
        /// Whether chunks follow, which would be lost if the size were another.
        chunks_follow: bool,
    },
    /// The size of the whole is not that of the whole.
    RiffSize {
        /// The end it says the file has.
        said_end: u64,
        /// Where it ends.
        end: u64,
    },
    /// There is audio past what 32 bits can name.
    PastFourGib {
        /// The bytes there.
        bytes: u64,
    },
    /// The chunks go past what 32 bits can name.
    ChunksPastFourGib,
    /// The audio has an odd size and no byte after it to make it even.
    NoPadByte,
    /// There are bytes after the end that belong to nothing.
    After {
        /// The bytes.
        bytes: u64,
    },
    /// After the end stands another program's tag.
    TagAfter {
        /// Its bytes.
        bytes: u64,
    },
    /// A chunk after the audio ends with the file and not where it should.
    LastChunkCut {
        /// Its letters.
        id: ChunkId,
    },
    /// The file has no audio yet.
    NoFrames,
}

impl Finding {
    /// How bad it is.
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
