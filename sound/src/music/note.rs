//! Notes by number and by name, C4 = 60.

use std::{fmt, str::FromStr};

/// A MIDI note number, 0..=127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Note(u8);

const NAMES: [&str; 12] = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"];

impl Note {
    /// A note; `None` above 127.
    pub fn new(number: u8) -> Option<Note> {
        (number < 128).then_some(Note(number))
    }

    /// The MIDI number, 0..=127.
    pub fn number(self) -> u8 {
        self.0
    }

    /// This note moved by `semitones`; `None` outside 0..=127.
    pub fn transposed(self, semitones: i32) -> Option<Note> {
        u8::try_from(i32::from(self.0) + semitones).ok().and_then(Note::new)
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", NAMES[usize::from(self.0 % 12)], i32::from(self.0 / 12) - 1)
    }
}

/// Why a text names no note.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number from 0 to 127 or a name from C-1 to G9, like C4, F#3 or Bb2")]
pub struct NotANote;

impl FromStr for Note {
    type Err = NotANote;

    fn from_str(text: &str) -> Result<Note, NotANote> {
        if let Ok(number) = text.parse::<u8>() {
            return Note::new(number).ok_or(NotANote);
        }
        let mut rest = text.chars();
        let letter = rest.next().ok_or(NotANote)?.to_ascii_uppercase();
        let natural = match letter {
            'C' => 0,
            'D' => 2,
            'E' => 4,
            'F' => 5,
            'G' => 7,
            'A' => 9,
            'B' => 11,
            _ => return Err(NotANote),
        };
        let rest = rest.as_str();
        let (shift, octave) = match rest.strip_prefix('#') {
            Some(octave) => (1, octave),
            None => rest.strip_prefix('b').map_or((0, rest), |octave| (-1, octave)),
        };
        let octave: i32 = octave.parse().map_err(|_| NotANote)?;
        octave
            .checked_add(1)
            .and_then(|o| o.checked_mul(12))
            .and_then(|o| u8::try_from(o + natural + shift).ok())
            .and_then(Note::new)
            .ok_or(NotANote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_every_note_reads_back() {
        for number in 0..128 {
            let note = Note(number);
            assert_eq!(note.to_string().parse(), Ok(note));
            assert_eq!(number.to_string().parse(), Ok(note));
        }
        assert_eq!("c4".parse(), Ok(Note(60)));
        assert_eq!("Bb2".parse(), Ok(Note(46)));
    }

    #[test]
    fn a_text_that_names_no_note_is_refused() {
        for bad in ["", "H2", "128", "G#9", "C-2", "C", "4", "C4x", "Cb-1", "C99999999999", "-1"] {
            if bad == "4" {
                assert_eq!(bad.parse(), Ok(Note(4)));
            } else {
                assert_eq!(bad.parse::<Note>(), Err(NotANote), "{bad}");
            }
        }
    }
}
