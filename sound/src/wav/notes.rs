//! The notes of a WAV file besides its audio: its origin (`bext`), marks with labels (`cue ` and `LIST` `adtl`) and
//! texts (`LIST` `INFO`). Pure over reading and seeking.
//!
//! Texts of `bext` are ASCII, as its standard (EBU Tech 3285) requires: other characters are written as `?`. Labels and
//! texts of `INFO` are UTF-8. None of them contains control characters.

pub(super) mod encode;
mod read;
#[cfg(test)]
mod tests;

use super::Wav;
use std::io::{self, Read, Seek};

/// Maximum marks of a file that are written and read.
pub const MARKS_MAX: usize = 10_000;
/// Maximum bytes of a label; longer ones are cut.
pub const LABEL_BYTES_MAX: usize = 256;

/// The origin of a file: the `bext` chunk. Texts longer than their fields are cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// A description, up to 256 characters.
    pub description: String,
    /// The person or program that made it, up to 32.
    pub originator: String,
    /// A unique name for it, up to 32.
    pub originator_reference: String,
    /// The day it began, `yyyy-mm-dd`.
    pub date: String,
    /// The time of day it began, `hh:mm:ss`.
    pub time: String,
    /// The time of its first frame, in samples since midnight.
    pub time_reference: u64,
    /// Its coding history, a line for each step, `A=PCM,F=48000,W=24,M=stereo\r\n`; up to 1024 characters.
    pub coding_history: String,
}

/// A mark in the audio.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Its position, in frames from the file's first.
    pub frame: u64,
    /// Its label; may be empty.
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

/// The notes of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Its origin.
    pub origin: Option<Origin>,
    /// Its marks, in the file's order.
    pub marks: Vec<Mark>,
    /// Its texts.
    pub info: Info,
}

impl Notes {
    /// Reads the notes. Everything broken, past the end of the audio or above the limits is left out; a few MiB are
    /// read at most. Marks after the audio replace those before it.
    ///
    /// # Errors
    /// Errors of the disk.
    pub fn read(file: &mut (impl Read + Seek), wav: &Wav) -> io::Result<Notes> {
        read::read(file, wav)
    }
}

/// A text without control characters, which could affect a terminal; line breaks stay.
fn plain(text: &str) -> String {
    text.chars().filter(|char| !char.is_control() || matches!(char, '\r' | '\n' | '\t')).collect()
}

/// The beginning of a text that fits into this many bytes, in whole characters.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}
