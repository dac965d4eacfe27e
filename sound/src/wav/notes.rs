//! What a WAV file tells besides its audio: where it comes from (`bext`), marks with labels (`cue ` and `LIST` `adtl`)
//! and texts (`LIST` `INFO`). Pure over what can be read and sought.
//!
//! Texts of `bext` are ASCII, as its owner (EBU Tech 3285) has it: other characters are written as `?`. Labels and
//! texts of `INFO` are UTF-8. Control characters are in none of them.

pub(super) mod encode;
mod read;
#[cfg(test)]
mod tests;

use super::Wav;
use std::io::{self, Read, Seek};

/// Marks of a file that are written and read.
pub const MARKS_MAX: usize = 10_000;
/// Bytes of a label; longer ones are cut.
pub const LABEL_BYTES_MAX: usize = 256;

/// Where a file comes from: the `bext` chunk. Texts that are longer than their fields are cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What it is, up to 256 characters.
    pub description: String,
    /// Who or what made it, up to 32.
    pub originator: String,
    /// A name for it that is no other file's, up to 32.
    pub originator_reference: String,
    /// The day it began, `yyyy-mm-dd`.
    pub date: String,
    /// The time of day it began, `hh:mm:ss`.
    pub time: String,
    /// Where its first frame is, in samples since midnight.
    pub time_reference: u64,
    /// How it came about, a line each step, `A=PCM,F=48000,W=24,M=stereo\r\n`; up to 1024 characters.
    pub coding_history: String,
}

/// A place in the audio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Where, in frames from the file's first.
    pub frame: u64,
    /// What is there; may be empty.
    pub label: String,
}

/// Texts, each with its four letters: `ISFT` the program, `ICRD` the day, `ICMT` a comment, `INAM` a title.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info(pub Vec<([u8; 4], String)>);

impl Info {
    /// The first text with these letters.
    pub fn get(&self, id: &[u8; 4]) -> Option<&str> {
        self.0.iter().find(|(of, _)| of == id).map(|(_, text)| text.as_str())
    }
}

/// All that a file tells besides its audio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Where it comes from.
    pub origin: Option<Origin>,
    /// Its marks, in the file's order.
    pub marks: Vec<Mark>,
    /// Its texts.
    pub info: Info,
}

impl Notes {
    /// Reads them. Whatever is broken, past the end of the audio or more than any file has is left out; a few MiB are
    /// read at most. Marks after the audio count instead of those before it.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn read(file: &mut (impl Read + Seek), wav: &Wav) -> io::Result<Notes> {
        read::read(file, wav)
    }
}

/// A text without the control characters that would act on whatever shows it; lines stay lines.
fn plain(text: &str) -> String {
    text.chars().filter(|char| !char.is_control() || matches!(char, '\r' | '\n' | '\t')).collect()
}

/// As much of a text as these bytes hold, in whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}
