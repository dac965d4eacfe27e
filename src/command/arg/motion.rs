//! Arguments of modulation and automation commands.

use super::{Arg, ArgKind, number};
use crate::{
    motion::{ModulatorRequest, ModulatorSlot},
    music::Bpm,
    profile::Curve,
};

/// A position of a knob, 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnobPosition(pub f64);

impl Arg for KnobPosition {
    const KIND: ArgKind = ArgKind::Number { min: 0.0, max: 1.0, unit: "" };

    fn read(word: Option<&str>) -> Result<Self, String> {
        number(word, Self::KIND).map(KnobPosition)
    }

    fn write(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A duration: seconds, or bars at the present tempo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Length {
    /// 0..=[`Length::SECONDS_MAX`].
    Seconds(f64),
    /// 0..=[`Length::BARS_MAX`].
    Bars(f64),
}

impl Length {
    /// An hour.
    pub const SECONDS_MAX: f64 = 3600.0;
    /// Nearly an hour at 120 BPM.
    pub const BARS_MAX: f64 = 1000.0;

    /// In nanoseconds, at a tempo.
    pub fn ns(self, bpm: Bpm) -> u64 {
        (self.seconds(bpm) * 1e9) as u64
    }

    /// In seconds, at a tempo.
    pub fn seconds(self, bpm: Bpm) -> f64 {
        match self {
            Length::Seconds(seconds) => seconds,
            Length::Bars(bars) => bars * f64::from(crate::music::position::BEATS_PER_BAR) * 60.0 / bpm.get(),
        }
    }
}

impl Arg for Length {
    const KIND: ArgKind = ArgKind::Length;

    fn read(word: Option<&str>) -> Result<Self, String> {
        let read = |text: &str, most: f64| text.parse().ok().filter(|number: &f64| (0.0..=most).contains(number));
        let word = word.unwrap_or_default();
        let length = match word.strip_suffix("bars").or_else(|| word.strip_suffix("bar")) {
            Some(bars) => read(bars, Length::BARS_MAX).map(Length::Bars),
            None => read(word, Length::SECONDS_MAX).map(Length::Seconds),
        };
        length.ok_or_else(|| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(match self {
            Length::Seconds(seconds) => seconds.to_string(),
            Length::Bars(1.0) => "1bar".to_owned(),
            Length::Bars(bars) => format!("{bars}bars"),
        })
    }
}

impl Arg for ModulatorRequest {
    const KIND: ArgKind = ArgKind::Modulator;

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.unwrap_or_default().parse().map_err(|error: crate::motion::NotAModulator| error.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Arg for ModulatorSlot {
    const KIND: ArgKind = ArgKind::OneOf(&["lfo", "lfo2", "lfo3", "lfo4", "env", "env2", "env3", "env4"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        word.unwrap_or_default().parse().map_err(|_| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Arg for Curve {
    const KIND: ArgKind = ArgKind::OneOf(&["linear", "exponential", "logarithmic"]);

    fn read(word: Option<&str>) -> Result<Self, String> {
        let known = Curve::NAMES.into_iter().find(|(name, curve)| Some(*name) == word && *curve != Curve::Stepped);
        known.map(|(_, curve)| curve).ok_or_else(|| Self::KIND.to_string())
    }

    fn write(&self) -> Option<String> {
        Curve::NAMES.into_iter().find(|(_, curve)| curve == self).map(|(name, _)| name.to_owned())
    }
}
