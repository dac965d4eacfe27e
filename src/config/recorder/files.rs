//! Which channels go to which files, as words: `inputs`, `each`, `master`, `1-2`, joined by `+`.

use crate::taps::Tap;
use std::{fmt, str::FromStr};

/// Maximum number of files of one take.
const FILES_MAX: usize = 64;

/// The files of a take. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files(Vec<Word>);

/// One word: a file, or one for each input.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Each,
    Joined(Vec<Part>),
}

/// Channels of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Inputs,
    Master,
    /// Positions among the recorded inputs, counted from 1.
    Places {
        from: usize,
        to: usize,
    },
}

/// One file: its suffix and its channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOf {
    /// Appended to the take's name; empty if the take is one file.
    pub suffix: String,
    /// The tap of each channel.
    pub taps: Vec<Tap>,
}

impl Files {
    /// The files for these recorded inputs.
    ///
    /// # Errors
    /// An input that is not among them, or more than `FILES_MAX` files.
    pub fn of(&self, inputs: &[Tap]) -> Result<Vec<FileOf>, String> {
        let mut files = Vec::new();
        for word in &self.0 {
            match word {
                Word::Each => {
                    let each = inputs.iter().zip(1..);
                    files.extend(each.map(|(tap, i)| FileOf { suffix: format!("{i}"), taps: vec![*tap] }));
                }
                Word::Joined(parts) => {
                    let mut taps = Vec::new();
                    for part in parts {
                        match *part {
                            Part::Inputs => taps.extend(inputs),
                            Part::Master => taps.extend(Tap::MASTER),
                            Part::Places { from, to } => match inputs.get(from - 1..to) {
                                Some(places) => taps.extend(places),
                                None => return Err(format!("{to} is not among the {} recorded inputs", inputs.len())),
                            },
                        }
                    }
                    files.push(FileOf { suffix: word.to_string(), taps });
                }
            }
        }
        match &mut files[..] {
            all if all.iter().all(|file| file.taps.is_empty()) => {
                return Err("nothing to record: the device has no inputs; choose another with --device (`busker devices`), or `files` master"
                    .to_owned());
            }
            [only] => only.suffix.clear(),
            more if more.len() > FILES_MAX => return Err(format!("at most {FILES_MAX} files, not {}", more.len())),
            _ => {}
        }
        Ok(files)
    }
}

impl Default for Files {
    fn default() -> Self {
        Files(vec![Word::Joined(vec![Part::Inputs])])
    }
}

impl FromStr for Files {
    type Err = ();

    fn from_str(text: &str) -> Result<Files, ()> {
        let words: Option<Vec<Word>> = text.split_whitespace().map(word).collect();
        words.filter(|words| (1..=FILES_MAX).contains(&words.len())).map(Files).ok_or(())
    }
}

fn word(text: &str) -> Option<Word> {
    match text {
        "each" => Some(Word::Each),
        _ => text.split('+').map(part).collect::<Option<_>>().map(Word::Joined),
    }
}

fn part(text: &str) -> Option<Part> {
    match text {
        "inputs" => Some(Part::Inputs),
        "master" => Some(Part::Master),
        _ => {
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            let (from, to) = (from.parse().ok()?, to.parse().ok()?);
            (1 <= from && from <= to && to <= 256).then_some(Part::Places { from, to })
        }
    }
}

impl fmt::Display for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(Word::to_string).collect();
        f.write_str(&words.join(" "))
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Word::Each => f.write_str("each"),
            Word::Joined(parts) => {
                let parts: Vec<String> = parts.iter().map(Part::to_string).collect();
                f.write_str(&parts.join("+"))
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Inputs => f.write_str("inputs"),
            Part::Master => f.write_str("master"),
            Part::Places { from, to } if from == to => write!(f, "{from}"),
            Part::Places { from, to } => write!(f, "{from}-{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::taps;

    fn inputs(count: u16) -> Vec<Tap> {
        // The recorded inputs may be any of the device's.
        (0..count).map(|i| Tap::Input(9 - i)).collect()
    }

    #[test]
    fn without_inputs_only_the_master_is_recorded() {
        for (text, is_a_file) in [("inputs", false), ("each", false), ("master", true)] {
            assert_eq!(text.parse::<Files>().unwrap().of(&[]).is_ok(), is_a_file, "{text}");
        }
    }

    #[test]
    fn each_word_is_a_file_and_plus_joins() {
        let of = |text: &str, count| -> Vec<(String, String)> {
            let files = text.parse::<Files>().unwrap().of(&inputs(count)).unwrap();
            files.into_iter().map(|file| (file.suffix, taps::text(&file.taps))).collect()
        };
        let file = |suffix: &str, taps: &str| (suffix.to_owned(), taps.to_owned());
        assert_eq!(of("inputs", 2), [file("", "9,8")]);
        assert_eq!(of("inputs master", 2), [file("inputs", "9,8"), file("master", "master")]);
        assert_eq!(of("each", 2), [file("1", "9"), file("2", "8")]);
        assert_eq!(of("1-2+master 4", 4), [file("1-2+master", "9,8,master"), file("4", "6")]);
        assert!("3".parse::<Files>().unwrap().of(&inputs(2)).is_err());
        assert!("each".parse::<Files>().unwrap().of(&[]).is_err());
    }
}
