//! Arguments of commands about ports and the clock.

use super::{Arg, ArgKind, number};
use crate::{
    midi::{Channel, FARTHEST_OFFSET_MS},
    music::ClockSource,
};

/// A port: its number, counted from 1, or a part of its name. The engine checks whether it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortName(pub String);

impl Arg for PortName {
    const KIND: ArgKind = ArgKind::Port;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.map(|word| PortName(word.to_owned())).ok_or_else(|| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// A clock offset in milliseconds; negative is earlier.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OffsetMs(pub f64);

impl Arg for OffsetMs {
    const KIND: ArgKind = ArgKind::Number { min: -FARTHEST_OFFSET_MS, max: FARTHEST_OFFSET_MS, unit: "ms" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(OffsetMs)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A change of tempo in BPM.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TempoStep(pub f64);

impl Arg for TempoStep {
    const KIND: ArgKind = ArgKind::Number { min: -280.0, max: 280.0, unit: "BPM" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(TempoStep)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

impl Arg for ClockSource {
    const KIND: ArgKind = ArgKind::OneOf(&["internal", "midi"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.and_then(|word| word.parse().ok()).ok_or_else(|| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(
            match self {
                ClockSource::Internal => "internal",
                ClockSource::Midi => "midi",
            }
            .to_owned(),
        )
    }
}

/// A part of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Timing clock.
    Pulses,
    /// Start, stop, continue.
    Transport,
    /// Song position.
    Position,
    /// All of it.
    All,
}

impl Arg for Which {
    const KIND: ArgKind = ArgKind::OneOf(&["pulses", "transport", "position", "all"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("pulses") => Ok(Which::Pulses),
            Some("transport") => Ok(Which::Transport),
            Some("position") => Ok(Which::Position),
            Some("all") => Ok(Which::All),
            _ => Err(Self::KIND.to_string()),
        }
    }

    fn write(&self) -> Option<String> {
        Some(
            match self {
                Which::Pulses => "pulses",
                Which::Transport => "transport",
                Which::Position => "position",
                Which::All => "all",
            }
            .to_owned(),
        )
    }
}

/// The channel of messages that are passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThruChannel {
    /// They are not passed on.
    Off,
    /// They keep their channel.
    AsIs,
    /// They get this channel.
    On(Channel),
}

impl Arg for ThruChannel {
    const KIND: ArgKind = ArgKind::OneOf(&[
        "off", "on", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16",
    ]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("off") => Ok(ThruChannel::Off),
            Some("on") => Ok(ThruChannel::AsIs),
            word => word
                .and_then(|word| word.parse().ok())
                .and_then(Channel::new)
                .map(ThruChannel::On)
                .ok_or_else(|| "off, on or a channel from 1 to 16".to_owned()),
        }
    }

    fn write(&self) -> Option<String> {
        Some(match self {
            ThruChannel::Off => "off".to_owned(),
            ThruChannel::AsIs => "on".to_owned(),
            ThruChannel::On(channel) => channel.to_string(),
        })
    }
}
