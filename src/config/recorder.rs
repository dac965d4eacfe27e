//! The table of the recorder's options. The settings (`record:`), `record.set` and the flags of `busker record` read
//! it, so that an option is spelled and checked the same everywhere.
//!
//! To add an option: a field, its default, and a row.

mod files;
mod name;

pub use files::{FileOf, Files};
pub use name::NameTemplate;

use super::{home_folder, whole_path};
use crate::{
    hints,
    taps::{Tap, Taps},
    wav::Depth,
};
use std::{fmt, path::PathBuf};

/// The recorder's options.
#[derive(Clone, Debug, PartialEq)]
pub struct RecorderOptions {
    /// The inputs that are recorded; `None` for those chosen at the start. Never the master.
    pub inputs: Option<Taps>,
    /// Which channels go to which files.
    pub files: Files,
    /// Sample format of the files.
    pub depth: Depth,
    /// Whether audio is dithered when it is reduced to 16 bits.
    pub dither: bool,
    /// The name of a take for which the user gives none.
    pub name: NameTemplate,
    /// When a requested take begins.
    pub start: Start,
    /// Bars of click before a take that begins with a count-in, 1..=8.
    pub count_in_bars: u32,
    /// Pre-roll, in ms, 0..=10000: audio from before the start that the take includes.
    pub pre_roll_ms: u32,
    /// Threshold of a sound, in dBFS, -90..=0.
    pub threshold_db: f64,
    /// Length after which a take ends by itself, in seconds, 0.1..=86400.
    pub length_seconds: Option<f64>,
    /// Silence after which a take ends by itself, in seconds, 0.1..=3600.
    pub silence_seconds: Option<f64>,
    /// When a take continues in another file.
    pub split: Split,
    /// The folder where takes continue when the disk is full.
    pub second_folder: Option<PathBuf>,
    /// Seconds of the past that the capture buffer always holds, 0..=3600.
    pub capture_seconds: f64,
    /// Memory of the capture buffer, in MB, 8..=4096, for the inputs chosen at the start and the master.
    pub capture_memory_mb: f64,
}

impl Default for RecorderOptions {
    fn default() -> Self {
        RecorderOptions {
            inputs: None,
            files: Files::default(),
            depth: Depth::Int24,
            dither: true,
            name: NameTemplate::default(),
            start: Start::Now,
            count_in_bars: 1,
            pre_roll_ms: 100,
            threshold_db: -40.0,
            length_seconds: None,
            silence_seconds: None,
            split: Split::Never,
            second_folder: None,
            capture_seconds: 60.0,
            capture_memory_mb: 64.0,
        }
    }
}

/// When a requested take begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// At once.
    #[default]
    Now,
    /// With the next bar; while the song is stopped, with the song. It also ends with a bar.
    Bar,
    /// With the song, which begins after `count_in_bars` bars of click; while the song plays, as [`Start::Bar`].
    Count,
    /// With the first sound above the threshold.
    Sound,
}

/// When a take continues in another file, besides before 4 GiB.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Split {
    /// Only before 4 GiB.
    #[default]
    Never,
    /// After this many seconds, 1..=86400.
    Seconds(f64),
    /// After this many MB, 1..=4000.
    Megabytes(f64),
}

/// One row of the table.
pub struct RecorderOption {
    /// The name in settings, commands and flags.
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The allowed values.
    pub allowed: &'static str,
    /// Whether it takes effect at the next start only.
    pub at_start: bool,
    set: fn(&mut RecorderOptions, &str) -> Option<()>,
    shown: fn(&RecorderOptions) -> String,
}

/// The table.
pub static RECORDER_OPTIONS: &[RecorderOption] = &[
    RecorderOption {
        name: "inputs",
        help: "recorded inputs",
        allowed: "device inputs, like 1, 3-4 or 1,3-5, synth, or start for those chosen at startup",
        at_start: false,
        set: |options, text| {
            options.inputs = match text {
                "start" => None,
                _ => Some(text.parse().ok().filter(is_of_inputs)?),
            };
            Some(())
        },
        shown: |options| options.inputs.as_ref().map_or("start".to_owned(), Taps::to_string),
    },
    RecorderOption {
        name: "files",
        help: "channels of each file: one word per file, + joins",
        allowed: "inputs, each (input), master, or numbers among the recorded inputs, like 1-2 3 master or 1-2+master",
        at_start: false,
        set: |options, text| text.parse().ok().map(|files| options.files = files),
        shown: |options| options.files.to_string(),
    },
    RecorderOption {
        name: "bits",
        help: "bit depth of the file",
        allowed: "16, 24 or 32f",
        at_start: false,
        set: |options, text| text.parse().ok().map(|depth| options.depth = depth),
        shown: |options| options.depth.to_string(),
    },
    RecorderOption {
        name: "dither",
        help: "dither for 16 bits",
        allowed: "on or off",
        at_start: false,
        set: |options, text| on_off(text).map(|on| options.dither = on),
        shown: |options| if options.dither { "on" } else { "off" }.to_owned(),
    },
    RecorderOption {
        name: "name",
        help: "the default name of a take: %Y %m %d %H %M %S of its start, {profile}, {bpm}",
        allowed: "a name with these placeholders, and no other %",
        at_start: false,
        set: |options, text| text.parse().ok().map(|name| options.name = name),
        shown: |options| options.name.to_string(),
    },
    RecorderOption {
        name: "start",
        help: "when record.start starts the take",
        allowed: "now, bar, count (a count-in) or sound",
        at_start: false,
        set: |options, text| {
            options.start = match text {
                "now" => Start::Now,
                "bar" => Start::Bar,
                "count" => Start::Count,
                "sound" => Start::Sound,
                _ => return None,
            };
            Some(())
        },
        shown: |options| options.start.to_string(),
    },
    RecorderOption {
        name: "count_in",
        help: "bars of count-in click before the take",
        allowed: "1 to 8 bars",
        at_start: false,
        set: |options, text| number(text, 1.0, 8.0).map(|bars| options.count_in_bars = bars as u32),
        shown: |options| options.count_in_bars.to_string(),
    },
    RecorderOption {
        name: "pre_roll",
        help: "time before record.start that the take includes",
        allowed: "0 to 10000 ms",
        at_start: false,
        set: |options, text| number(text, 0.0, 10_000.0).map(|ms| options.pre_roll_ms = ms as u32),
        shown: |options| options.pre_roll_ms.to_string(),
    },
    RecorderOption {
        name: "threshold",
        help: "level above which input counts as sound",
        allowed: "-90 to 0 dBFS",
        at_start: false,
        set: |options, text| number(text, -90.0, 0.0).map(|db| options.threshold_db = db),
        shown: |options| options.threshold_db.to_string(),
    },
    RecorderOption {
        name: "length",
        help: "longest take; then it ends",
        allowed: "0.1 to 86400 seconds, or off",
        at_start: false,
        set: |options, text| optional(text, 0.1, 86_400.0).map(|seconds| options.length_seconds = seconds),
        shown: |options| options.length_seconds.map_or("off".to_owned(), |seconds| seconds.to_string()),
    },
    RecorderOption {
        name: "silence",
        help: "silence that ends a take",
        allowed: "0.1 to 3600 seconds, or off",
        at_start: false,
        set: |options, text| optional(text, 0.1, 3_600.0).map(|seconds| options.silence_seconds = seconds),
        shown: |options| options.silence_seconds.map_or("off".to_owned(), |seconds| seconds.to_string()),
    },
    RecorderOption {
        name: "split",
        help: "length or size after which a take continues in another file, without a gap",
        allowed: "1s to 86400s, 1MB to 4000MB, or off",
        at_start: false,
        set: |options, text| split(text).map(|split| options.split = split),
        shown: |options| options.split.to_string(),
    },
    RecorderOption {
        name: "second_folder",
        help: "folder where a take continues when the disk is full",
        allowed: "a folder, absolute or from ~/, or off",
        at_start: false,
        set: |options, text| {
            options.second_folder = match text {
                "off" | "no" => None,
                _ => Some(whole_path(text, home_folder().as_deref())?),
            };
            Some(())
        },
        shown: |options| options.second_folder.as_ref().map_or("off".to_owned(), |f| f.display().to_string()),
    },
    RecorderOption {
        name: "capture",
        help: "length of input always kept in memory",
        allowed: "0 to 3600 seconds",
        at_start: true,
        set: |options, text| number(text, 0.0, 3_600.0).map(|seconds| options.capture_seconds = seconds),
        shown: |options| options.capture_seconds.to_string(),
    },
    RecorderOption {
        name: "capture_memory",
        help: "memory for it; always enough for six seconds",
        allowed: "8 to 4096 MB",
        at_start: true,
        set: |options, text| number(text, 8.0, 4_096.0).map(|mb| options.capture_memory_mb = mb),
        shown: |options| options.capture_memory_mb.to_string(),
    },
];

fn is_of_inputs(taps: &Taps) -> bool {
    !taps.as_slice().iter().any(|tap| matches!(tap, Tap::Master(_)))
}

fn on_off(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" | "true" => Some(true),
        "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

fn number(text: &str, least: f64, most: f64) -> Option<f64> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn optional(text: &str, least: f64, most: f64) -> Option<Option<f64>> {
    if on_off(text) == Some(false) { Some(None) } else { number(text, least, most).map(Some) }
}

fn split(text: &str) -> Option<Split> {
    let of = |unit: &str, most| text.strip_suffix(unit).and_then(|text| number(text.trim(), 1.0, most));
    match (on_off(text), of("MB", 4_000.0), of("s", 86_400.0)) {
        (Some(false), ..) => Some(Split::Never),
        (_, Some(megabytes), _) => Some(Split::Megabytes(megabytes)),
        (.., Some(seconds)) => Some(Split::Seconds(seconds)),
        _ => None,
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Start::Now => "now",
            Start::Bar => "bar",
            Start::Count => "count",
            Start::Sound => "sound",
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Split::Never => f.write_str("off"),
            Split::Seconds(seconds) => write!(f, "{seconds}s"),
            Split::Megabytes(megabytes) => write!(f, "{megabytes}MB"),
        }
    }
}

impl RecorderOption {
    /// The row of an option.
    ///
    /// # Errors
    /// There is no such option: the message lists the options.
    pub fn of(name: &str) -> Result<&'static RecorderOption, String> {
        RECORDER_OPTIONS.iter().find(|row| row.name == name).ok_or_else(|| {
            let names: Vec<&str> = RECORDER_OPTIONS.iter().map(|row| row.name).collect();
            format!("the recorder has no option '{name}'; {}", hints::there_is(&names))
        })
    }

    /// Sets the option.
    ///
    /// # Errors
    /// The text is no allowed value; nothing is changed.
    pub fn set(&self, options: &mut RecorderOptions, text: &str) -> Result<(), String> {
        (self.set)(options, text.trim())
            .ok_or_else(|| format!("'{text}' does not fit {}; allowed: {}", self.name, self.allowed))
    }

    /// Its value, as text that sets it.
    pub fn shown(&self, options: &RecorderOptions) -> String {
        (self.shown)(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_value_sets_the_same() {
        let mut options = RecorderOptions::default();
        let other = [
            ("inputs", "3-4,7"),
            ("files", "1-2+master each 3"),
            ("bits", "32f"),
            ("dither", "off"),
            ("name", "jam %H%M {profile} {bpm}"),
            ("start", "count"),
            ("count_in", "2"),
            ("pre_roll", "250"),
            ("threshold", "-32.5"),
            ("length", "2.5"),
            ("silence", "4"),
            ("split", "650MB"),
            ("second_folder", "/mnt/usb"),
            ("capture", "120"),
            ("capture_memory", "256"),
        ];
        assert_eq!(other.map(|(name, _)| name), *RECORDER_OPTIONS.iter().map(|row| row.name).collect::<Vec<_>>());
        for (name, _) in other {
            let row = RecorderOption::of(name).unwrap();
            let standard = row.shown(&options);
            row.set(&mut options, &standard).unwrap();
            assert_eq!(options, RecorderOptions::default(), "{name} {standard}");
        }
        for (name, text) in other {
            let row = RecorderOption::of(name).unwrap();
            row.set(&mut options, text).unwrap();
            assert_eq!(row.shown(&options), text);
        }
    }

    #[test]
    fn a_text_that_is_not_allowed_is_refused_and_changes_nothing() {
        let mut options = RecorderOptions::default();
        for (name, text) in [
            ("inputs", "0"),
            ("inputs", "1,master"),
            ("files", ""),
            ("files", "0"),
            ("files", "3-1"),
            ("files", "inputs++master"),
            ("files", "outputs"),
            ("bits", "20"),
            ("name", "%Q"),
            ("name", ""),
            ("name", "{synth}"),
            ("start", "later"),
            ("count_in", "0"),
            ("pre_roll", "nan"),
            ("threshold", "3"),
            ("silence", "0"),
            ("split", "10"),
            ("split", "5000MB"),
            ("second_folder", "usb"),
            ("capture", "-1"),
        ] {
            let error = RecorderOption::of(name).unwrap().set(&mut options, text).unwrap_err();
            assert!(error.contains("allowed:"), "{error}");
            assert_eq!(options, RecorderOptions::default());
        }
        let Err(error) = RecorderOption::of("colour") else { panic!("there is one") };
        assert!(error.contains("inputs, files, bits"), "{error}");
    }
}
