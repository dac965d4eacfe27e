//! The `fmt ` chunk: the sample format. Pure.

use super::Finding;
use std::fmt;

/// Bytes of a `fmt ` chunk that are read: the longest form in use.
pub const LONGEST_BYTES: usize = 40;
/// The shortest form.
pub const SHORTEST_BYTES: usize = 16;
/// The format is in the longer form's GUID.
pub(super) const EXTENSIBLE: u16 = 0xFFFE;
/// All but the first two bytes of the GUIDs of formats.
pub(super) const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// The encoding of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Integers.
    Pcm,
    /// IEEE floating point.
    Float,
    /// Another one, by its number.
    Other(u16),
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Encoding::Pcm => f.write_str("PCM"),
            Encoding::Float => f.write_str("float"),
            Encoding::Other(tag) => write!(f, "format {tag:#06X}"),
        }
    }
}

/// The sample format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WavFormat {
    /// The encoding of samples.
    pub encoding: Encoding,
    /// The number of channels.
    pub channels: u16,
    /// Sample rate, in Hz.
    pub sample_rate_hz: u32,
    /// Bit depth in the file.
    pub bits: u16,
    /// Whether the chunk has the longer form.
    pub extensible: bool,
    frame_bytes: u16,
}

impl WavFormat {
    /// Reads the beginning of a `fmt ` chunk; `None` if it is too short.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<WavFormat> {
        let word = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let long = |at: usize| Some(u32::from(word(at)?) | u32::from(word(at + 2)?) << 16);
        let (tag, channels, sample_rate_hz, frame_bytes, bits) = (word(0)?, word(2)?, long(4)?, word(12)?, word(14)?);
        let extensible = tag == EXTENSIBLE;
        let tag = match bytes.get(26..LONGEST_BYTES) {
            Some(tail) if extensible && *tail == GUID_TAIL => word(24)?,
            None if extensible => return None,
            _ => tag,
        };
        let encoding = match tag {
            1 => Encoding::Pcm,
            3 => Encoding::Float,
            other => Encoding::Other(other),
        };
        Some(WavFormat { encoding, channels, sample_rate_hz, bits, extensible, frame_bytes })
    }

    /// Bytes of a frame, for the supported formats: PCM of 8, 16, 24 or 32 bits, float of 32 or 64.
    pub fn frame_bytes(&self) -> Option<u64> {
        self.fault().is_none().then_some(u64::from(self.frame_bytes))
    }

    /// Why the format is not supported.
    pub(super) fn fault(&self) -> Option<Finding> {
        let known = match self.encoding {
            Encoding::Pcm => matches!(self.bits, 8 | 16 | 24 | 32),
            Encoding::Float => matches!(self.bits, 32 | 64),
            Encoding::Other(_) => false,
        };
        if !known {
            return Some(Finding::Unknown(*self));
        }
        let frame_bytes = u32::from(self.channels) * u32::from(self.bits / 8);
        let agrees = frame_bytes == u32::from(self.frame_bytes) && frame_bytes > 0 && self.sample_rate_hz > 0;
        (!agrees).then_some(Finding::FormatDisagrees { frame_bytes: self.frame_bytes, format: *self })
    }
}

impl fmt::Display for WavFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WavFormat { encoding, channels, sample_rate_hz, bits, .. } = self;
        let plural = if *channels == 1 { "" } else { "s" };
        write!(f, "{bits} bits {encoding}, {channels} channel{plural}, {sample_rate_hz} Hz")
    }
}
