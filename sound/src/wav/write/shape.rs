//! The frame format of a file that is written. Pure.

use crate::wav::format::{EXTENSIBLE, GUID_TAIL};
use std::{fmt, str::FromStr};

/// The depth of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// Integers of 16 bits.
    Int16,
    /// Integers of 24 bits.
    Int24,
    /// Floating point of 32 bits.
    Float32,
}

impl Depth {
    /// Bit depth.
    pub fn bits(self) -> u16 {
        match self {
            Depth::Int16 => 16,
            Depth::Int24 => 24,
            Depth::Float32 => 32,
        }
    }

    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        usize::from(self.bits() / 8)
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Depth::Int16 => "16",
            Depth::Int24 => "24",
            Depth::Float32 => "32f",
        })
    }
}

/// A text that is no depth.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a bit depth: write 16, 24 or 32f")]
pub struct UnknownDepth(String);

impl FromStr for Depth {
    type Err = UnknownDepth;

    /// Reads the text that [`Display`](fmt::Display) writes, and 32.
    fn from_str(text: &str) -> Result<Depth, UnknownDepth> {
        match text {
            "16" => Ok(Depth::Int16),
            "24" => Ok(Depth::Int24),
            "32f" | "32" => Ok(Depth::Float32),
            _ => Err(UnknownDepth(text.to_owned())),
        }
    }
}

/// The frame format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WavShape {
    /// The number of channels, from 1.
    pub channels: u16,
    /// Sample rate in Hz, from 1.
    pub sample_rate_hz: u32,
    /// The depth of a sample.
    pub depth: Depth,
}

impl WavShape {
    /// Bytes of a frame.
    pub fn frame_bytes(&self) -> u64 {
        u64::from(self.channels) * self.depth.bytes() as u64
    }

    /// Whether a header can hold it: it has channels and a rate, and the bytes of a frame fit 16 bits and those of a
    /// second 32.
    pub fn is_possible(&self) -> bool {
        let second_bytes = self.frame_bytes() * u64::from(self.sample_rate_hz);
        self.frame_bytes() <= u64::from(u16::MAX) && (1..=u64::from(u32::MAX)).contains(&second_bytes)
    }

    /// Whether it needs a `fact` chunk, as all formats except plain PCM do.
    pub(super) fn has_fact(&self) -> bool {
        self.is_long() || self.depth == Depth::Float32
    }

    fn is_long(&self) -> bool {
        match self.depth {
            Depth::Int16 => self.channels > 2,
            Depth::Int24 => true,
            // sox warns about the longer form here.
            Depth::Float32 => false,
        }
    }

    /// The contents of the `fmt ` chunk: the longer form for integers in more than two channels or of more than 16
    /// bits, as its standard requires.
    pub(super) fn format(&self) -> Vec<u8> {
        let (tag, extra): (u16, &[u8]) = match self.depth {
            Depth::Int16 | Depth::Int24 => (1, &[]),
            Depth::Float32 => (3, &[0, 0]),
        };
        let is_long = self.is_long();
        let (frame_bytes, bits) = (self.frame_bytes(), self.depth.bits());
        let mut format = Vec::with_capacity(40);
        format.extend(if is_long { EXTENSIBLE } else { tag }.to_le_bytes());
        format.extend(self.channels.to_le_bytes());
        format.extend(self.sample_rate_hz.to_le_bytes());
        format.extend(((frame_bytes * u64::from(self.sample_rate_hz)) as u32).to_le_bytes());
        format.extend((frame_bytes as u16).to_le_bytes());
        format.extend(bits.to_le_bytes());
        if is_long {
            format.extend(22_u16.to_le_bytes());
            format.extend(bits.to_le_bytes());
            format.extend(self.speakers().to_le_bytes());
            format.extend(tag.to_le_bytes());
            format.extend(GUID_TAIL);
        } else {
            format.extend(extra);
        }
        format
    }

    /// The speakers of the channels, a bit each: the front centre for one, left and right for two. More channels are
    /// inputs of a mixer and belong to no speaker.
    fn speakers(&self) -> u32 {
        match self.channels {
            1 => 0b100,
            2 => 0b11,
            _ => 0,
        }
    }
}

impl fmt::Display for WavShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WavShape { channels, sample_rate_hz, depth } = self;
        let plural = if *channels == 1 { "" } else { "s" };
        write!(f, "{depth} bits, {channels} channel{plural}, {sample_rate_hz} Hz")
    }
}
