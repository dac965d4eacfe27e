//! The kinds of command arguments: how each is read, written and described.

mod midi;
mod motion;
mod track;

pub use midi::{OffsetMs, PortName, TempoStep, ThruChannel, Which};
pub use motion::{KnobPosition, Length};
pub use track::{Bars, ClipNumber, Pan, Speed, Times, TrackNumber};

use super::channels::ChannelList;
use crate::{
    midi::{message, parser::LONGEST_SYSEX_BYTES},
    music::{Bpm, Decibels, Note, Position},
    taps::Tap,
};
use std::fmt;

/// The allowed values of an argument. Clients complete and check by it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArgKind {
    /// A number from..=to with its unit.
    Number {
        /// Minimum.
        min: f64,
        /// Maximum.
        max: f64,
        /// Unit, or empty.
        unit: &'static str,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A note's number or name.
    Note,
    /// Seconds or bar:beat:tick.
    Position,
    /// Channels, as in `1` or `3-4`.
    Channels,
    /// One word: the name of a parameter, a profile or a snapshot.
    Name,
    /// A port's number, counted from 1, or a part of its name without spaces.
    Port,
    /// Seconds, or bars.
    Length,
    /// An LFO or an envelope in words, the rest of the line.
    Modulator,
    /// The rest of the line.
    Text,
    /// Hex bytes, the rest of the line.
    Hex,
}

impl ArgKind {
    /// Whether the argument is the rest of the line.
    pub fn takes_rest_of_line(self) -> bool {
        matches!(self, ArgKind::Text | ArgKind::Modulator | ArgKind::Hex)
    }
}

impl fmt::Display for ArgKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArgKind::Number { min, max, unit: "" } => write!(f, "{min}..{max}"),
            ArgKind::Number { min, max, unit } => write!(f, "{min}..{max} {unit}"),
            ArgKind::OneOf(words) => f.write_str(&words.join("|")),
            ArgKind::Note => f.write_str("0..127 or C-1..G9"),
            ArgKind::Position => f.write_str("seconds or bar:beat:tick"),
            ArgKind::Channels => f.write_str("like 1 or 3-4"),
            ArgKind::Name => f.write_str("one word"),
            ArgKind::Port => f.write_str("a port's number, or a part of its name"),
            ArgKind::Length => f.write_str("seconds from 0 to 3600, or bars like 4bars"),
            ArgKind::Modulator => f.write_str("lfo or env, like lfo sine 1/4 depth 0.3"),
            ArgKind::Text => f.write_str("text"),
            ArgKind::Hex => f.write_str("bytes like 90 3C 64"),
        }
    }
}

/// A type that can be an argument.
pub trait Arg: Sized {
    /// The allowed values.
    const KIND: ArgKind;
    /// Whether it may be left out.
    const OPTIONAL: bool = false;
    /// Reads a word; `None` if it was omitted.
    ///
    /// # Errors
    /// The allowed values.
    fn read(word: Option<&str>) -> Result<Self, String>;
    /// The text that [`read`](Arg::read) reads; `None` if it is omitted.
    fn write(&self) -> Option<String>;
}

impl<T: Arg> Arg for Option<T> {
    const KIND: ArgKind = T::KIND;
    const OPTIONAL: bool = true;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.map(|word| T::read(Some(word))).transpose()
    }

    fn write(&self) -> Option<String> {
        self.as_ref().and_then(Arg::write)
    }
}

/// Reads a number within a kind's range.
fn number(word: Option<&str>, kind: ArgKind) -> Result<f64, String> {
    let ArgKind::Number { min, max, .. } = kind else { return Err(kind.to_string()) };
    word.and_then(|w| w.parse().ok()).filter(|x: &f64| (min..=max).contains(x)).ok_or_else(|| kind.to_string())
}

/// Reads a whole number within a kind's range.
fn whole(word: Option<&str>, kind: ArgKind) -> Result<i64, String> {
    let x = number(word, kind)?;
    if x.fract() == 0.0 { Ok(x as i64) } else { Err(format!("a whole number, {kind}")) }
}

impl Arg for Bpm {
    const KIND: ArgKind = ArgKind::Number { min: 20.0, max: 300.0, unit: "BPM" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).and_then(|x| Bpm::new(x).ok_or_else(|| Self::KIND.to_string()))
    }

    fn write(&self) -> Option<String> {
        Some(self.get().to_string())
    }
}

impl Arg for Decibels {
    const KIND: ArgKind = ArgKind::Number { min: -120.0, max: 24.0, unit: "dB, or off" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("off" | "-inf") => Ok(Decibels::SILENCE),
            _ => number(word, Self::KIND).map(|x| Decibels(x as f32)),
        }
    }

    fn write(&self) -> Option<String> {
        Some(if *self <= Decibels::SILENCE { "off".to_owned() } else { self.0.to_string() })
    }
}

/// `on` or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnOff(pub bool);

impl Arg for OnOff {
    const KIND: ArgKind = ArgKind::OneOf(&["on", "off"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("on") => Ok(OnOff(true)),
            Some("off") => Ok(OnOff(false)),
            _ => Err(Self::KIND.to_string()),
        }
    }

    fn write(&self) -> Option<String> {
        Some(if self.0 { "on" } else { "off" }.to_owned())
    }
}

/// `on`, `off` or `toggle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// To a state.
    To(OnOff),
    /// To the other state.
    Toggle,
}

impl Switch {
    /// The state after switching.
    pub fn applied_to(self, now: bool) -> bool {
        match self {
            Switch::To(OnOff(state)) => state,
            Switch::Toggle => !now,
        }
    }
}

impl Arg for Switch {
    const KIND: ArgKind = ArgKind::OneOf(&["on", "off", "toggle"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some("toggle") => Ok(Switch::Toggle),
            word => OnOff::read(word).map(Switch::To).map_err(|_| Self::KIND.to_string()),
        }
    }

    fn write(&self) -> Option<String> {
        match self {
            Switch::To(state) => state.write(),
            Switch::Toggle => Some("toggle".to_owned()),
        }
    }
}

impl Arg for Note {
    const KIND: ArgKind = ArgKind::Note;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.unwrap_or_default().parse().map_err(|error: crate::music::note::NotANote| error.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Arg for Position {
    const KIND: ArgKind = ArgKind::Position;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.unwrap_or_default().parse().map_err(|error: crate::music::position::NotAPosition| error.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Arg for ChannelList {
    const KIND: ArgKind = ArgKind::Channels;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.unwrap_or_default().parse().map_err(|error: super::channels::NotChannels| error.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// The velocity of a note, 1..=127.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Velocity(u8);

impl Velocity {
    /// A velocity; a value out of range is clamped.
    pub fn clamped(velocity: u8) -> Velocity {
        Velocity(velocity.clamp(1, 127))
    }

    /// 1..=127.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Arg for Velocity {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: 127.0, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| Velocity(x as u8))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A length in milliseconds, 1..=600000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Millis(pub u32);

impl Arg for Millis {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: 600_000.0, unit: "ms" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| Millis(x as u32))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A position in a take, in seconds, 0..=86400.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seconds(pub f64);

impl Arg for Seconds {
    const KIND: ArgKind = ArgKind::Number { min: 0.0, max: 86_400.0, unit: "s" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(Seconds)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// The length of a fade in seconds, 0..=600.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FadeSeconds(pub f64);

impl Arg for FadeSeconds {
    const KIND: ArgKind = ArgKind::Number { min: 0.0, max: 600.0, unit: "s" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(FadeSeconds)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// An input of the device, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputNumber(pub u16);

impl Arg for InputNumber {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: Tap::HIGHEST_INPUT as f64, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| InputNumber(x as u16))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A part of a knob's travel, in percent, 0..=100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(pub f64);

impl Arg for Percent {
    const KIND: ArgKind = ArgKind::Number { min: 0.0, max: 100.0, unit: "%" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(Percent)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// Steps of a knob, up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steps(pub i32);

impl Arg for Steps {
    const KIND: ArgKind = ArgKind::Number { min: -16_383.0, max: 16_383.0, unit: "steps" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| Steps(x as i32))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// One word: the name of a parameter, a profile or a snapshot. The engine checks whether it exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name(pub String);

impl Arg for Name {
    const KIND: ArgKind = ArgKind::Name;

    fn read(word: Option<&str>) -> Result<Self, String> {
        match Text::read(word) {
            Ok(Text(name)) if !name.is_empty() && !name.contains(char::is_whitespace) => Ok(Name(name)),
            _ => Err(Self::KIND.to_string()),
        }
    }

    fn write(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// The name of a take before another argument: in quotes if it contains white space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeName(pub String);

impl Arg for TakeName {
    const KIND: ArgKind = ArgKind::Name;

    fn read(word: Option<&str>) -> Result<Self, String> {
        Text::read(word).map(|Text(name)| TakeName(name)).map_err(|_| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        let is_word = !self.0.is_empty() && !self.0.contains(char::is_whitespace);
        Some(if is_word { self.0.clone() } else { format!("\"{}\"", self.0) })
    }
}

/// The rest of the line, without the white space around it. At most [`Text::MAX_BYTES`] bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub String);

impl Text {
    /// Maximum length of a name or a mark, in bytes.
    pub const MAX_BYTES: usize = 200;
}

impl Arg for Text {
    const KIND: ArgKind = ArgKind::Text;

    fn read(word: Option<&str>) -> Result<Self, String> {
        match word {
            Some(text) if text.len() > Self::MAX_BYTES => Err(format!("at most {} bytes of text", Self::MAX_BYTES)),
            Some(text) if text.chars().any(char::is_control) => Err("text without control characters".to_owned()),
            Some(text) => Ok(Text(text.to_owned())),
            None => Err(Self::KIND.to_string()),
        }
    }

    fn write(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// Complete MIDI messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hex(Vec<u8>);

impl Hex {
    /// Maximum bytes of one command: the longest SysEx that is received. A bank of a DX7 has 4104 bytes.
    pub const MAX_BYTES: usize = LONGEST_SYSEX_BYTES;

    /// The messages, each complete.
    pub fn messages(&self) -> Vec<&[u8]> {
        message::split(&self.0).unwrap_or_default()
    }
}

impl Arg for Hex {
    const KIND: ArgKind = ArgKind::Hex;

    fn read(word: Option<&str>) -> Result<Self, String> {
        let bytes: Option<Vec<u8>> = word
            .unwrap_or_default()
            .split_whitespace()
            .map(|byte| if byte.len() <= 2 { u8::from_str_radix(byte, 16).ok() } else { None })
            .collect();
        match bytes {
            Some(bytes) if !bytes.is_empty() && bytes.len() <= Self::MAX_BYTES => match message::split(&bytes) {
                Ok(_) => Ok(Hex(bytes)),
                Err(at) => {
                    Err(format!("complete MIDI messages, each with its status byte; byte {} breaks that", at + 1))
                }
            },
            _ => Err(format!("1 to {} hex bytes with spaces between, like 90 3C 64", Self::MAX_BYTES)),
        }
    }

    fn write(&self) -> Option<String> {
        let bytes: Vec<String> = self.0.iter().map(|byte| format!("{byte:02X}")).collect();
        Some(bytes.join(" "))
    }
}
