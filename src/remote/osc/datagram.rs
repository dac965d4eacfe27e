//! Reads a datagram: messages, and the instants they are for. Pure, for any bytes from any sender.
//!
//! Bundles are taken apart here, and only messages go to [`rosc`]: its decoder calls itself for every bundle in a
//! bundle however deep, and of a bundle with a fault in it, it leaves out the rest and reports nothing. Here depth has
//! a limit, and a fault refuses the whole datagram.

use rosc::{OscError, OscMessage, OscPacket, decoder};
use std::{
    ops::Range,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// How deep bundles may be nested.
pub const DEPTH_MAX: usize = 8;
/// The longest address, in bytes: the cost of a pattern grows with it.
pub const ADDRESS_BYTES_MAX: usize = 256;
/// The longest message, in bytes: the longest command as text, and some more.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Arguments of a message.
pub const ARGS_MAX: usize = 256;

/// How a bundle begins.
const BUNDLE: &[u8] = b"#bundle\0";
/// From the beginning of NTP's time to that of the system's.
const UNIX_SECONDS: u64 = 2_208_988_800;

/// A message and its instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The instant it is for.
    pub tag: TimeTag,
    /// The message.
    pub message: OscMessage,
}

/// An instant as NTP writes it: seconds since 1900 and, in the lower half, parts of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeTag(pub u64);

impl TimeTag {
    /// The tag that says "immediately".
    pub const NOW: TimeTag = TimeTag(1);

    /// The tag of an instant.
    pub fn at(time: SystemTime) -> TimeTag {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = since.as_secs().wrapping_add(UNIX_SECONDS);
        TimeTag((seconds << 32) | ((u64::from(since.subsec_nanos()) << 32).div_ceil(1_000_000_000)))
    }

    /// How far ahead it is; zero where it is past or says "immediately". Right beyond 2036, where the seconds of NTP begin
    /// again.
    pub fn ahead_of(self, now: SystemTime) -> Duration {
        let ahead = self.0.wrapping_sub(TimeTag::at(now).0);
        if self <= TimeTag::NOW || ahead > i64::MAX as u64 {
            return Duration::ZERO;
        }
        let nanos = ((ahead & u64::from(u32::MAX)) * 1_000_000_000) >> 32;
        Duration::from_secs(ahead >> 32) + Duration::from_nanos(nanos)
    }
}

/// Why a datagram is no OSC that busker reads. Nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatagramError {
    /// Packets are multiples of four bytes.
    #[error("not OSC: {0} bytes are not a multiple of 4")]
    NotInFours(usize),
    /// It ends before it should.
    #[error("not OSC: it ends too early")]
    Short,
    /// Bundles nested too deep.
    #[error("bundles may be nested {DEPTH_MAX} deep")]
    TooDeep,
    /// A message that is too long or has too many arguments.
    #[error(
        "too large: at most {MESSAGE_BYTES_MAX} bytes, {ARGS_MAX} arguments and an address of {ADDRESS_BYTES_MAX} bytes"
    )]
    TooLong,
    /// Neither a bundle nor a message.
    #[error("not OSC: an address begins with / and the type tags with a comma")]
    NoAddress,
    /// Arrays are no arguments of any command; and each one inside another would take stack when it is dropped.
    #[error("arrays are not supported")]
    Array,
    /// A type whose argument is not there.
    #[error("an argument is missing: the type tags list more")]
    Missing,
    /// rosc's error.
    #[error("{0}")]
    Decoder(String),
}

/// The messages of a datagram, in order, each with its instant: that of a bundle inside another is not before the
/// other's.
///
/// # Errors
/// Why it is no valid OSC, or too large or too deep.
pub fn understand(bytes: &[u8]) -> Result<Vec<Heard>, DatagramError> {
    let mut heard = Vec::new();
    packet(bytes, TimeTag::NOW, DEPTH_MAX, &mut heard)?;
    Ok(heard)
}

fn packet(bytes: &[u8], tag: TimeTag, depth_left: usize, heard: &mut Vec<Heard>) -> Result<(), DatagramError> {
    if !bytes.len().is_multiple_of(4) {
        return Err(DatagramError::NotInFours(bytes.len()));
    }
    let Some(bundle) = bytes.strip_prefix(BUNDLE) else {
        heard.push(Heard { tag, message: message(bytes)? });
        return Ok(());
    };
    let depth_left = depth_left.checked_sub(1).ok_or(DatagramError::TooDeep)?;
    let (own, mut elements) = bundle.split_first_chunk().ok_or(DatagramError::Short)?;
    let tag = tag.max(TimeTag(u64::from_be_bytes(*own)));
    while let Some((size, rest)) = elements.split_first_chunk() {
        let (element, rest) = rest.split_at_checked(u32::from_be_bytes(*size) as usize).ok_or(DatagramError::Short)?;
        packet(element, tag, depth_left, heard)?;
        elements = rest;
    }
    Ok(())
}

fn message(bytes: &[u8]) -> Result<OscMessage, DatagramError> {
    let address = text(bytes, 0)?;
    let after_address = address.end / 4 * 4 + 4;
    if bytes.len() == after_address && bytes.starts_with(b"/") && address.len() <= ADDRESS_BYTES_MAX {
        // Old senders leave the types out where there are no arguments (OSC 1.0, "OSC Type Tag String").
        let addr =
            String::from_utf8(bytes[address].to_vec()).map_err(|error| DatagramError::Decoder(error.to_string()))?;
        return Ok(OscMessage { addr, args: Vec::new() });
    }
    let tags = text(bytes, after_address)?;
    if !bytes.starts_with(b"/") || bytes.get(tags.start) != Some(&b',') {
        return Err(DatagramError::NoAddress);
    }
    if bytes.len() > MESSAGE_BYTES_MAX || address.len() > ADDRESS_BYTES_MAX || tags.len() > ARGS_MAX + 1 {
        return Err(DatagramError::TooLong);
    }
    let mut bytes = bytes.to_vec();
    for tag in &mut bytes[tags] {
        match tag {
            b'[' | b']' => return Err(DatagramError::Array),
            // A symbol is a string under another letter, one that rosc does not know.
            b'S' => *tag = b's',
            _ => {}
        }
    }
    match decoder::decode_udp(&bytes) {
        Ok(([], OscPacket::Message(message))) => Ok(message),
        Ok(_) => Err(DatagramError::Decoder("not OSC: there is data beyond the type tags".to_owned())),
        Err(OscError::ReadError(_)) => Err(DatagramError::Missing),
        Err(error) => Err(DatagramError::Decoder(error.to_string())),
    }
}

/// The range of a text, without the zeros after it.
fn text(bytes: &[u8], from: usize) -> Result<Range<usize>, DatagramError> {
    let rest = bytes.get(from..).ok_or(DatagramError::Short)?;
    let length = rest.iter().position(|byte| *byte == 0).ok_or(DatagramError::Short)?;
    Ok(from..from + length)
}

#[cfg(test)]
mod tests;
