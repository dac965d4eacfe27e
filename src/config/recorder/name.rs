//! The default name of a take: the date and time of its beginning, and the profile.

use jiff::civil::DateTime;
use std::{fmt, str::FromStr};

/// A name with placeholders for the date, the time, the profile and the tempo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTemplate(String);

/// Maximum length of a template, in bytes.
const BYTES_MAX: usize = 100;
/// The letters allowed after `%`, as in strftime.
const PLACES: &str = "YmdHMSyjbBaA%";

impl NameTemplate {
    /// The name of a take that begins at this time.
    pub fn filled(&self, begins: DateTime, profile: &str, bpm: f64) -> String {
        let bpm = format!("{bpm:.0}");
        // Only known placeholders are in it.
        begins.strftime(&self.0).to_string().replace("{profile}", profile).replace("{bpm}", &bpm)
    }
}

impl Default for NameTemplate {
    fn default() -> Self {
        NameTemplate("recording_%Y%m%d_%H%M%S".to_owned())
    }
}

impl FromStr for NameTemplate {
    type Err = ();

    fn from_str(text: &str) -> Result<NameTemplate, ()> {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            if c.is_control() || (c == '%' && !chars.next().is_some_and(|place| PLACES.contains(place))) {
                return Err(());
            }
        }
        let rest = text.replace("{profile}", "").replace("{bpm}", "");
        let fits = !text.trim().is_empty() && text.len() <= BYTES_MAX && !rest.contains(['{', '}']);
        if fits { Ok(NameTemplate(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for NameTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_placeholders_are_filled() {
        let begins = jiff::civil::date(2026, 11, 7).at(9, 5, 3, 0);
        let name = |text: &str| text.parse::<NameTemplate>().unwrap().filled(begins, "fm_synth", 119.6);
        assert_eq!(NameTemplate::default().filled(begins, "", 0.0), "recording_20261107_090503");
        assert_eq!(name("100%% {profile} at {bpm} %d.%m."), "100% fm_synth at 120 07.11.");
    }
}
