//! Which channels go to which files, as words: `inputs`, `each`, `master`, `1-2`, joined by `+`.

use std::{fmt, str::FromStr};

/// Files that one take may have at most.
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

/// Some channels of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Inputs,
    Master,
    /// Places among the recorded inputs, counted from 1.
    Places {
        from: usize,
        to: usize,
    },
}

/// One file: what is added to the take's name, and the channels of the capture buffer that are in it: the recorded
/// inputs in their order, then the master's left and right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOf {
    /// Empty where the take is one file.
    pub suffix: String,
    /// Places in the capture buffer.
    pub channels: Vec<usize>,
}

impl Files {
    /// The files where there are so many recorded inputs.
    ///
    /// # Errors
    /// An input that is not there, or too many files.
    pub fn of(&self, inputs: usize) -> Result<Vec<FileOf>, String> {
        let mut files = Vec::new();
        for word in &self.0 {
            match word {
                Word::Each => {
                    files.extend((0..inputs).map(|i| FileOf { suffix: (i + 1).to_string(), channels: vec![i] }));
                }
                Word::Joined(parts) => {
                    let mut channels = Vec::new();
                    for part in parts {
                        match *part {
                            Part::Inputs => channels.extend(0..inputs),
                            Part::Master => channels.extend([inputs, inputs + 1]),
                            Part::Places { to, .. } if to > inputs => {
                                return Err(format!("{to} is not among the {inputs} recorded inputs"));
                            }
                            Part::Places { from, to } => channels.extend(from - 1..to),
                        }
                    }
                    files.push(FileOf { suffix: word.to_string(), channels });
                }
            }
        }
        match &mut files[..] {
            all if all.iter().all(|file| file.channels.is_empty()) => {
                return Err("the device has no inputs, so there is nothing to record: choose another with --device \
                            (`busker devices`), or `files` master"
                    .to_owned());
            }
            [only] => only.suffix.clear(),
            more if more.len() > FILES_MAX => return Err(format!("at most {FILES_MAX} files, and not {}", more.len())),
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

    #[test]
    fn where_there_are_no_inputs_nothing_is_recorded_but_the_master() {
        for (text, is_a_file) in [("inputs", false), ("each", false), ("master", true)] {
            assert_eq!(text.parse::<Files>().unwrap().of(0).is_ok(), is_a_file, "{text}");
        }
    }

    #[test]
    fn each_word_is_a_file_and_plus_joins() {
        let of = |text: &str, inputs| -> Vec<(String, Vec<usize>)> {
            let files = text.parse::<Files>().unwrap().of(inputs).unwrap();
            files.into_iter().map(|file| (file.suffix, file.channels)).collect()
        };
        assert_eq!(of("inputs", 2), [(String::new(), vec![0, 1])]);
        assert_eq!(of("inputs master", 2), [("inputs".into(), vec![0, 1]), ("master".into(), vec![2, 3])]);
        assert_eq!(of("each", 2), [("1".into(), vec![0]), ("2".into(), vec![1])]);
        assert_eq!(of("1-2+master 4", 4), [("1-2+master".into(), vec![0, 1, 4, 5]), ("4".into(), vec![3])]);
        assert!("3".parse::<Files>().unwrap().of(2).is_err());
        assert!("each".parse::<Files>().unwrap().of(0).is_err());
    }
}
