//! The table of the options of exports, which `export.set` reads. Pure.
//!
//! To add an option: a field, its default, and a row.

use crate::{
    hints,
    music::Position,
    takes::export::{Form, LOUDNESS_LUFS, Normalize, PEAK_DBTP},
    wav::Depth,
};

/// The options.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ExportOptions {
    /// Which part of the song.
    pub range: ExportRange,
    /// What sounds at its end sounds on to its own end.
    pub tails: bool,
    /// It begins where the first thing is heard; else with its range.
    pub skips_silence: bool,
    /// The file format.
    pub form: Form,
    /// Sample format; nothing is that of the takes.
    pub depth: Option<Depth>,
    /// The level that the mix is brought to, in dBTP or LUFS.
    pub normalize: Option<(Normalize, f64)>,
}

impl Default for ExportOptions {
    fn default() -> ExportOptions {
        ExportOptions {
            range: ExportRange::Auto,
            tails: false,
            skips_silence: false,
            form: Form::Wav,
            depth: None,
            normalize: None,
        }
    }
}

/// Which part of the song.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExportRange {
    /// The loop region where the song repeats it, else the whole.
    Auto,
    /// The loop region, whether the song repeats it or not.
    Loop,
    /// From the song's beginning to the end of the last track.
    Whole,
    /// Between the punch points.
    Punch,
    /// From one place to another.
    Between(ExportPlace, ExportPlace),
}

/// An end of a range.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ExportPlace {
    /// A position.
    Position(Position),
    /// The marker of this name.
    Marker(String),
}

/// One row of the table.
pub(super) struct ExportOption {
    pub name: &'static str,
    /// One line of help.
    pub help: &'static str,
    /// The allowed values.
    pub allowed: &'static str,
    set: fn(&mut ExportOptions, &str) -> Option<()>,
    shown: fn(&ExportOptions) -> String,
}

/// The table.
pub(super) static EXPORT_OPTIONS: &[ExportOption] = &[
    ExportOption {
        name: "range",
        help: "part of the song",
        allowed: "auto (the loop while it is on, else the whole), loop, whole, punch, or FROM..TO as positions or markers, like 5:1:0..9:1:0 or verse..chorus",
        set: |options, text| range(text).map(|range| options.range = range),
        shown: |options| match &options.range {
            ExportRange::Auto => "auto".to_owned(),
            ExportRange::Loop => "loop".to_owned(),
            ExportRange::Whole => "whole".to_owned(),
            ExportRange::Punch => "punch".to_owned(),
            ExportRange::Between(from, to) => format!("{}..{}", from.text(), to.text()),
        },
    },
    ExportOption {
        name: "tails",
        help: "whether what sounds at the end of the range sounds on to its own end",
        allowed: "on or off",
        set: |options, text| on_off(text).map(|on| options.tails = on),
        shown: |options| if options.tails { "on" } else { "off" }.to_owned(),
    },
    ExportOption {
        name: "start",
        help: "where the files begin",
        allowed: "range, or sound for the first thing that is heard",
        set: |options, text| {
            options.skips_silence = match text {
                "range" => false,
                "sound" => true,
                _ => return None,
            };
            Some(())
        },
        shown: |options| if options.skips_silence { "sound" } else { "range" }.to_owned(),
    },
    ExportOption {
        name: "format",
        help: "file format",
        allowed: "wav, flac or ogg",
        set: |options, text| text.parse().ok().map(|form| options.form = form),
        shown: |options| options.form.to_string(),
    },
    ExportOption {
        name: "bits",
        help: "bit depth; 16 bits are dithered, and Ogg Vorbis has none",
        allowed: "16, 24, 32f, or takes for that of the takes",
        set: |options, text| {
            options.depth = match text {
                "takes" => None,
                _ => Some(text.parse().ok()?),
            };
            Some(())
        },
        shown: |options| options.depth.map_or("takes".to_owned(), |depth| depth.to_string()),
    },
    ExportOption {
        name: "normalize",
        help: "level that the mix is brought to; stems get the gain of their mix",
        allowed: "off, peak or peak -1 (-60 to 0 dBTP), lufs or lufs -14 (-60 to 0 LUFS)",
        set: |options, text| normalize(text).map(|normalize| options.normalize = normalize),
        shown: |options| match options.normalize {
            None => "off".to_owned(),
            Some((Normalize::Peak, level)) => format!("peak {level}"),
            Some((Normalize::Loudness, level)) => format!("lufs {level}"),
        },
    },
];

fn on_off(text: &str) -> Option<bool> {
    match text {
        "on" | "yes" | "true" => Some(true),
        "off" | "no" | "false" => Some(false),
        _ => None,
    }
}

fn range(text: &str) -> Option<ExportRange> {
    Some(match text {
        "auto" => ExportRange::Auto,
        "loop" => ExportRange::Loop,
        "whole" => ExportRange::Whole,
        "punch" => ExportRange::Punch,
        _ => {
            let (from, to) = text.split_once("..")?;
            ExportRange::Between(ExportPlace::of(from)?, ExportPlace::of(to)?)
        }
    })
}

fn normalize(text: &str) -> Option<Option<(Normalize, f64)>> {
    let mut words = text.split_whitespace();
    let kind = match words.next()? {
        "peak" => Normalize::Peak,
        "lufs" => Normalize::Loudness,
        "off" | "no" => return words.next().is_none().then_some(None),
        _ => return None,
    };
    let standard = if kind == Normalize::Peak { PEAK_DBTP } else { LOUDNESS_LUFS };
    let level = words.next().map_or(Some(standard), |level| level.parse().ok())?;
    ((-60.0..=0.0).contains(&level) && words.next().is_none()).then_some(Some((kind, level)))
}

impl ExportPlace {
    fn of(text: &str) -> Option<ExportPlace> {
        let text = text.trim();
        match text.parse() {
            Ok(position) => Some(ExportPlace::Position(position)),
            Err(_) => (!text.is_empty()).then(|| ExportPlace::Marker(text.to_owned())),
        }
    }

    fn text(&self) -> String {
        match self {
            ExportPlace::Position(position) => position.to_string(),
            ExportPlace::Marker(name) => name.clone(),
        }
    }
}

impl ExportOption {
    /// The row of an option.
    ///
    /// # Errors
    /// There is no such option: the message lists the options.
    pub fn of(name: &str) -> Result<&'static ExportOption, String> {
        EXPORT_OPTIONS.iter().find(|row| row.name == name).ok_or_else(|| {
            let names: Vec<&str> = EXPORT_OPTIONS.iter().map(|row| row.name).collect();
            format!("exports have no option '{name}'; {}", hints::there_is(&names))
        })
    }

    /// Sets the option.
    ///
    /// # Errors
    /// The text is no allowed value; nothing is changed.
    pub fn set(&self, options: &mut ExportOptions, text: &str) -> Result<(), String> {
        (self.set)(options, text.trim())
            .ok_or_else(|| format!("'{text}' does not fit {}; allowed: {}", self.name, self.allowed))
    }

    /// Its value, as text that sets it.
    pub fn shown(&self, options: &ExportOptions) -> String {
        (self.shown)(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shown_value_sets_the_same() {
        let others = [
            ("range", "5:1:0..9:1:0"),
            ("tails", "on"),
            ("start", "sound"),
            ("format", "flac"),
            ("bits", "16"),
            ("normalize", "lufs -16"),
        ];
        assert_eq!(others.map(|(name, _)| name), *EXPORT_OPTIONS.iter().map(|row| row.name).collect::<Vec<_>>());
        let mut options = ExportOptions::default();
        for (name, text) in others {
            let row = ExportOption::of(name).unwrap();
            let standard = row.shown(&options);
            row.set(&mut options, &standard).unwrap();
            assert_eq!(row.shown(&options), standard);
            row.set(&mut options, text).unwrap();
            assert_eq!(row.shown(&options), text);
        }
        let row = ExportOption::of("range").unwrap();
        for text in ["auto", "loop", "whole", "punch", "verse..last chorus", "12.5..9:1:0"] {
            row.set(&mut options, text).unwrap();
            assert_eq!(row.shown(&options), text);
        }
    }

    #[test]
    fn a_text_that_is_not_allowed_is_refused_and_changes_nothing() {
        let mut options = ExportOptions::default();
        for (name, text) in [
            ("range", ""),
            ("range", "5:1:0"),
            ("range", "..verse"),
            ("tails", "some"),
            ("start", "now"),
            ("format", "mp3"),
            ("bits", "20"),
            ("normalize", "peak 3"),
            ("normalize", "lufs nan"),
            ("normalize", "off 3"),
        ] {
            let error = ExportOption::of(name).unwrap().set(&mut options, text).unwrap_err();
            assert!(error.contains("allowed:"), "{error}");
            assert_eq!(options, ExportOptions::default());
        }
        assert!(ExportOption::of("colour").err().unwrap().contains("range, tails, start"));
    }
}
