//! One parameter of a synth: its values, and their conversion from and to knob positions, script text and screen text.
//! Pure.

use super::Curve;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// A parameter. [`Profile::from_yaml`](super::Profile::from_yaml) guarantees that the range is not reversed and fits
/// the target, and that the default and the options' values are inside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Param {
    /// Its name in scripts, a snake_case word; unique in its profile.
    pub name: String,
    /// Its label on the screen, inside its section; the name if the profile gives no label.
    pub label: String,
    /// Its section's index in [`Profile::sections`](super::Profile::sections).
    pub section: usize,
    /// The message that carries it; `None` for a macro, which drives other parameters and sends nothing itself.
    pub target: Option<Target>,
    /// How the two halves of its value are sent, if the target has two.
    pub halves: Halves,
    /// The parameters that a macro drives; empty for other parameters.
    pub drives: Vec<Drive>,
    /// Lowest value, in the target's own units; default 0.
    pub lo: u16,
    /// Highest value, at most and by default [`Target::value_max`].
    pub hi: u16,
    /// The value that `param.reset` sets; by default the centre, else the first option, else `lo`.
    pub default: u16,
    /// The curve from knob position to value; default stepped if there are options, else linear.
    pub curve: Curve,
    /// The only values of a stepped parameter, in the knob's order; empty unless stepped.
    pub options: Vec<ParamOption>,
    /// Whether it is shown as a distance from [`centre`](Self::centre).
    pub centered: bool,
    /// Written after a number.
    pub unit: Option<String>,
    /// The numbers shown at `lo` and at `hi`, the rest evenly between; `None` shows the values themselves.
    pub display_ends: Option<(i32, i32)>,
    /// Minimum time between two messages, in ms, 0 to 1000; `None` for the port's or the profile's.
    pub spacing_ms: Option<u16>,
    /// Smoothing time to a new value, in ms, 0 to 1000; `None` for the profile's.
    pub smoothing_ms: Option<u16>,
    /// Whether randomizing may change it; default [`Target::shapes_the_sound`].
    pub random: bool,
}

/// A parameter that a macro drives: the full travel of the macro moves the parameter over a part of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    /// The parameter's name.
    pub param: String,
    /// Its position while the macro is at 0, 0 to 1.
    pub from: f64,
    /// Its position while the macro is at 1, 0 to 1; lower than `from` to move in reverse.
    pub to: f64,
    /// The curve between both.
    pub curve: Curve,
}

impl Drive {
    /// The position of the parameter, 0 to 1, at this position of the macro.
    pub fn position(&self, of_macro: f64) -> f64 {
        let share = self.curve.share(of_macro);
        self.from * (1.0 - share) + self.to * share
    }
}

/// One of the values of a stepped parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamOption {
    /// The value that is sent.
    pub value: u16,
    /// The lowest and the highest value with this meaning; the value that is sent is one of them.
    pub range: (u16, u16),
    /// The label on the screen and in scripts.
    pub label: String,
}

impl ParamOption {
    /// An option with a single value.
    pub fn new(value: u16, label: impl Into<String>) -> ParamOption {
        ParamOption { value, range: (value, value), label: label.into() }
    }

    fn is_meant_by(&self, value: u16) -> bool {
        (self.range.0..=self.range.1).contains(&value)
    }
}

/// How a value of two halves is sent: in a pair of controllers, or as the data of a numbered parameter (CC 6 and 38).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Halves {
    /// The upper half, then the lower: MIDI 1.0, where an upper half that arrives sets the lower one to zero.
    #[default]
    MsbFirst,
    /// The lower half, then the upper: the NTS-1 mkII takes the value when the upper half comes.
    LsbFirst,
    /// The upper half only: a numbered parameter of 7 bits.
    MsbOnly,
}

impl Halves {
    /// The spelling of each order in a file; a profile has one order.
    pub const ORDERS: [(&'static str, Halves); 2] = [("msb_first", Self::MsbFirst), ("lsb_first", Self::LsbFirst)];
}

/// The message that carries a parameter. All numbers are 0 to 127.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Target {
    /// A 7-bit controller.
    Cc(u8),
    /// A 14-bit pair of controllers.
    Cc14 {
        /// Controller of the upper 7 bits.
        msb: u8,
        /// Controller of the lower 7 bits.
        lsb: u8,
    },
    /// A 10-bit value: its lower 3 bits in a controller shared by many parameters, then its upper 7 (Korg's minilogue
    /// xd MIDI implementation, note 3-1; lower bits that are not sent are 0).
    Cc10 {
        /// Controller of the upper 7 bits.
        msb: u8,
        /// Controller of the lower 3 bits.
        lsb: u8,
    },
    /// A non-registered parameter (CC 99, 98); data in CC 6, and in CC 38 if 14 bits are needed.
    Nrpn {
        /// Upper half of the parameter number.
        msb: u8,
        /// Lower half of the parameter number.
        lsb: u8,
    },
    /// A registered parameter (CC 101, 100); data as of a non-registered one.
    Rpn {
        /// Upper half of the parameter number.
        msb: u8,
        /// Lower half of the parameter number.
        lsb: u8,
    },
    /// Pitch bend, 14 bit, centre 8192.
    PitchBend,
    /// Program change.
    Program,
}

impl Target {
    /// Its order among parameters that are sent together: a bank, its program, then all parameters that a program
    /// changes.
    pub fn precedence(self) -> u8 {
        match self {
            Self::Cc(0) | Self::Cc14 { msb: 0, .. } => 0,
            Self::Cc(32) => 1,
            Self::Program => 2,
            _ => 3,
        }
    }

    /// The highest value of its message: 127, 1023 with 10 bits, or 16383 with 14.
    pub fn value_max(self) -> u16 {
        match self {
            Self::Cc(_) | Self::Program => 127,
            Self::Cc10 { .. } => 1023,
            Self::Cc14 { .. } | Self::Nrpn { .. } | Self::Rpn { .. } | Self::PitchBend => 16383,
        }
    }

    /// Whether it shapes the sound, so that randomizing may change it: no pedal, no bank, no channel mode. A program
    /// change selects another patch, with other values.
    pub fn shapes_the_sound(self) -> bool {
        let shapes = |cc: u8| !NOT_OF_THE_SOUND.iter().any(|range| range.contains(&cc));
        match self {
            Self::Cc(cc) => shapes(cc),
            Self::Cc10 { msb, .. } => shapes(msb),
            Self::Cc14 { msb, lsb } => shapes(msb) && shapes(lsb),
            Self::Nrpn { .. } | Self::Rpn { .. } | Self::PitchBend => true,
            Self::Program => false,
        }
    }
}

/// Controllers that play, select or switch the synth instead of shaping its sound (MIDI 1.0, table 3): bank select,
/// data entry, pedals, data steps and parameter numbers, channel mode messages.
const NOT_OF_THE_SOUND: [RangeInclusive<u8>; 7] = [0..=0, 6..=6, 32..=32, 38..=38, 64..=69, 96..=101, 120..=127];

/// The resolution of a macro: that of the finest message.
const MACRO_MAX: u16 = 16_383;

impl Param {
    /// A macro at 0 that drives these parameters.
    pub fn driving(name: &str, section: usize, drives: Vec<Drive>) -> Param {
        Param {
            name: name.to_owned(),
            label: name.replace('_', " "),
            section,
            target: None,
            halves: Halves::default(),
            drives,
            lo: 0,
            hi: MACRO_MAX,
            default: 0,
            curve: Curve::Linear,
            options: Vec::new(),
            centered: false,
            unit: Some("%".to_owned()),
            display_ends: Some((0, 100)),
            spacing_ms: None,
            smoothing_ms: None,
            // Randomizing changes the driven parameters instead.
            random: false,
        }
    }

    /// The middle of the range, the upper one of two: 64 of 0 to 127, 8192 of 0 to 16383.
    pub fn centre(&self) -> u16 {
        self.lo + (self.hi - self.lo).div_ceil(2)
    }

    /// The value at a knob position, 0 to 1. Options share the knob evenly; the nearest one is taken.
    pub fn value_at(&self, position: f64) -> u16 {
        match self.last_option() {
            Some(last) => self.option_value(self.curve.value_at(position, 0, last)),
            None => self.curve.value_at(position, self.lo, self.hi),
        }
    }

    /// The knob position, 0 to 1, of a value, or of the nearest option.
    pub fn position_of(&self, value: u16) -> f64 {
        match self.last_option() {
            Some(last) => self.curve.position_of(self.option_at(value), 0, last),
            None => self.curve.position_of(value, self.lo, self.hi),
        }
    }

    /// The value `steps` further, stopping at the ends. A step is one option; without options one value, or in a range
    /// of more than 128 values about a 128th of it.
    pub fn step(&self, value: u16, steps: i32) -> u16 {
        if let Some(last) = self.last_option() {
            let to = i64::from(self.option_at(value)) + i64::from(steps);
            return self.option_value(to.clamp(0, i64::from(last)) as u16);
        }
        let (span, size) = (i64::from(self.hi - self.lo), i64::from(self.step_size()));
        let mut from = i64::from(value.clamp(self.lo, self.hi) - self.lo);
        if from == span && steps < 0 {
            // The top cuts the last step short (16383, not 16384). A step down from it lands on the grid again;
            // otherwise the centre could not be reached.
            from = (span + size - 1) / size * size;
        }
        self.lo + (from + i64::from(steps) * size).clamp(0, span) as u16
    }

    /// The size of a step in a range without options: one value, or in more than 128 of them about a 128th.
    pub fn step_size(&self) -> u16 {
        ((u32::from(self.hi - self.lo) + 65) / 128).max(1) as u16
    }

    /// The nearest allowed value: inside the range, and an option's if there are options (of two equally near the one
    /// named first).
    pub fn snap(&self, value: u16) -> u16 {
        match self.last_option() {
            Some(_) => self.option_value(self.option_at(value)),
            None => value.clamp(self.lo, self.hi),
        }
    }

    /// Reads text of a user or a script: a position (`0` to `1`, such as `0.8`), or an option's label in any case, with
    /// spaces, hyphens and underscores or without, or its beginning if only one label begins so. Text that reads as a
    /// position is one: `1` is the top of the knob. The error names the text and the allowed values.
    pub fn parse(&self, text: &str) -> Result<u16, String> {
        if let Some(position) = read_position(text) {
            return Ok(self.value_at(position));
        }
        let text = text.trim();
        if self.options.is_empty() {
            return Err(format!("{}: '{text}' is not a position, allowed 0 to 1", self.name));
        }
        let wanted = plain(text);
        let matches = |fits: fn(&str, &str) -> bool| -> Vec<&ParamOption> {
            let fit = |option: &&ParamOption| !wanted.is_empty() && fits(&plain(&option.label), &wanted);
            self.options.iter().filter(fit).collect()
        };
        let mut found = matches(|label, wanted| label == wanted);
        if found.is_empty() {
            found = matches(|label, wanted| label.starts_with(wanted));
        }
        match found[..] {
            [option] => Ok(option.value),
            [] => {
                let labels = labels(self.options.iter());
                Err(format!("{}: '{text}' is not an option, allowed {labels}, or 0 to 1", self.name))
            }
            _ => {
                let labels = labels(found.into_iter());
                Err(format!("{}: '{text}' could be {labels}", self.name))
            }
        }
    }

    /// The text of a value: the option's label; centred as `-12`, `0` or `+5`; else the number; numbers with the unit.
    pub fn display(&self, value: u16) -> String {
        if self.last_option().is_some() {
            let option = self.options.get(usize::from(self.option_at(value)));
            return option.map_or_else(String::new, |option| option.label.clone());
        }
        let number = match self.display_ends {
            Some((at_lo, at_hi)) => {
                let share = Curve::Linear.position_of(value, self.lo, self.hi);
                (f64::from(at_lo) + share * (f64::from(at_hi) - f64::from(at_lo))).round() as i32
            }
            None if self.centered => i32::from(value) - i32::from(self.centre()),
            None => i32::from(value),
        };
        let sign = if self.centered && number > 0 { "+" } else { "" };
        match &self.unit {
            Some(unit) => format!("{sign}{number} {unit}"),
            None => format!("{sign}{number}"),
        }
    }

    /// The index of the last option; `None` without options.
    fn last_option(&self) -> Option<u16> {
        u16::try_from(self.options.len().checked_sub(1)?).ok()
    }

    /// The index of the option that a value means, or of the nearest.
    fn option_at(&self, value: u16) -> u16 {
        let distance =
            |option: &ParamOption| if option.is_meant_by(value) { 0 } else { 1 + option.value.abs_diff(value) };
        let near = self.options.iter().zip(0..).min_by_key(|(option, _)| distance(option));
        near.map_or(0, |(_, at)| at)
    }

    fn option_value(&self, at: u16) -> u16 {
        self.options.get(usize::from(at)).map_or(self.lo, |option| option.value)
    }
}

/// The text as a knob position, if it is a number from 0 to 1.
pub(super) fn read_position(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|position| (0.0..=1.0).contains(position))
}

/// A label for comparing: without case, spaces, hyphens and underscores.
pub(super) fn plain(label: &str) -> String {
    let kept = label.chars().filter(|c| !matches!(c, '-' | '_') && !c.is_whitespace());
    kept.flat_map(char::to_lowercase).collect()
}

fn labels<'a>(options: impl Iterator<Item = &'a ParamOption>) -> String {
    options.map(|option| option.label.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
