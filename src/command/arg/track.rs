//! Arguments of tracks and of what they share.

use super::{Arg, ArgKind, number, whole};
use crate::session::{
    song::QuantizeGrid,
    track::{LAYERS_MAX, MonitorMode, RecordMode, SPEEDS, TRACKS_MAX},
};

/// A track, counted from 1 in the order of the session. Whether there is one, the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrackNumber(pub u8);

impl Arg for TrackNumber {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: TRACKS_MAX as f64, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| TrackNumber(x as u8))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A clip of a track, counted from 1 in the order of the song. Whether there is one, the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClipNumber(pub u16);

impl Arg for ClipNumber {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: LAYERS_MAX as f64, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| ClipNumber(x as u16))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// -1 left, 0 middle, 1 right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pan(pub f64);

impl Arg for Pan {
    const KIND: ArgKind = ArgKind::Number { min: -1.0, max: 1.0, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(Pan)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// The speed of a loop: one of [`SPEEDS`], backwards where it is negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(pub f64);

impl Arg for Speed {
    const KIND: ArgKind = ArgKind::OneOf(&["1", "0.5", "0.25", "2", "4", "-1", "-0.5", "-0.25", "-2", "-4"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        let speed: Option<f64> = word.and_then(|word| word.parse().ok());
        speed.filter(|speed| SPEEDS.contains(&speed.abs())).map(Speed).ok_or_else(|| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// How many times, 2..=64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times(pub u32);

impl Arg for Times {
    const KIND: ArgKind = ArgKind::Number { min: 2.0, max: 64.0, unit: "times" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| Times(x as u32))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A number of bars, 1..=1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bars(pub u32);

impl Arg for Bars {
    const KIND: ArgKind = ArgKind::Number { min: 1.0, max: 1000.0, unit: "bars" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        whole(word, Self::KIND).map(|x| Bars(x as u32))
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// One of some words, each with its value.
fn one_of<T: Copy>(word: Option<&str>, words: &[(&str, T)], kind: ArgKind) -> Result<T, String> {
    let found = words.iter().find(|(name, _)| Some(*name) == word);
    found.map(|(_, value)| *value).ok_or_else(|| kind.to_string())
}

impl Arg for MonitorMode {
    const KIND: ArgKind = ArgKind::OneOf(&["auto", "on", "off"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        one_of(word, &Self::WORDS, Self::KIND)
    }

    fn write(&self) -> Option<String> {
        Some(self.word().to_owned())
    }
}

impl Arg for RecordMode {
    const KIND: ArgKind = ArgKind::OneOf(&["layer", "replace", "takes"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        one_of(word, &Self::WORDS, Self::KIND)
    }

    fn write(&self) -> Option<String> {
        Some(self.word().to_owned())
    }
}

impl Arg for QuantizeGrid {
    const KIND: ArgKind = ArgKind::OneOf(&["off", "bar", "beat", "1/8", "1/16", "1/32"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        one_of(word, &Self::WORDS, Self::KIND)
    }

    fn write(&self) -> Option<String> {
        Some(self.word().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_are_allowed_are_those_that_are_read() {
        let read_all = |kind: ArgKind, read: &dyn Fn(&str) -> Option<String>| {
            let ArgKind::OneOf(words) = kind else { panic!("{kind}") };
            for word in words {
                assert_eq!(read(word).as_deref(), Some(*word));
            }
        };
        read_all(QuantizeGrid::KIND, &|word| QuantizeGrid::read(Some(word)).ok()?.write());
        read_all(RecordMode::KIND, &|word| RecordMode::read(Some(word)).ok()?.write());
        read_all(MonitorMode::KIND, &|word| MonitorMode::read(Some(word)).ok()?.write());
        read_all(Speed::KIND, &|word| Speed::read(Some(word)).ok()?.write());
    }
}
