//! From the bytes of a terminal to keys. Pure; the reader thread feeds it.
//!
//! crossterm has a reader of its own, but when the terminal is gone (a dropped SSH line) it reads the end of the file
//! over and over at the cost of a whole core, while a take is being closed; and its question whether releases are told
//! waits for the answer. Here the end is an error of the reader, and the answer is just one more input.

use crate::keymap::{Code, Key, Phase, Stroke};

/// What a terminal tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Stroke(Stroke),
    /// Text that was pasted, not typed.
    Paste(String),
    /// Another window has the keyboard now; releases will not be told to this one.
    FocusLost,
    /// The terminal knows the kitty keyboard protocol, and so can tell releases.
    CanTellReleases,
}

/// Longest escape sequence that is waited for; longer ones are thrown away.
const SEQUENCE_BYTES_MAX: usize = 64;
/// Most of a pasted text that is kept.
const PASTE_BYTES_MAX: usize = 4096;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Bytes in, inputs out; what is not yet whole is kept.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// How far the bytes at hand go.
enum Step {
    /// This many bytes are one input, or mean nothing.
    Took(usize, Option<Input>),
    /// More bytes are needed.
    Wait,
    /// A pasted text begins after this many bytes.
    Paste(usize),
}

impl Decoder {
    /// Takes what one read gave. A lone escape at its end is the Esc key: a terminal writes its sequences in one go.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Input> {
        let mut inputs = Vec::new();
        self.pending.extend_from_slice(bytes);
        loop {
            if self.paste.is_some() {
                match self.paste() {
                    Some(text) => inputs.push(Input::Paste(text)),
                    None => break,
                }
                continue;
            }
            match step(&self.pending) {
                Step::Took(0, _) => break,
                Step::Took(taken, input) => {
                    self.pending.drain(..taken);
                    inputs.extend(input);
                }
                Step::Paste(taken) => {
                    self.pending.drain(..taken);
                    self.paste = Some(Vec::new());
                }
                Step::Wait if self.pending.len() > SEQUENCE_BYTES_MAX => self.pending.clear(),
                Step::Wait => break,
            }
        }
        inputs
    }

    /// Moves pending bytes into the pasted text; the text once its end was seen.
    fn paste(&mut self) -> Option<String> {
        let text = self.paste.as_mut()?;
        let end = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        // Without an end, the last bytes may be the beginning of one.
        let taken = end.unwrap_or_else(|| self.pending.len().saturating_sub(PASTE_END.len() - 1));
        let room = PASTE_BYTES_MAX.saturating_sub(text.len());
        text.extend(self.pending.drain(..taken).take(room));
        if end.is_some() {
            self.pending.drain(..PASTE_END.len());
            return self.paste.take().map(|text| String::from_utf8_lossy(&text).into_owned());
        }
        None
    }
}

fn step(bytes: &[u8]) -> Step {
    match *bytes {
        [] => Step::Took(0, None),
        [0x1b, b'[', ref rest @ ..] => csi(rest),
        [0x1b, b'O', letter, ..] => Step::Took(3, letter_code(letter).map(|code| stroke(Key::plain(code)))),
        // Alt with a key is written like Esc and then the key. The keymap has no Alt, and over a slow line the two keys
        // of a musician in a hurry come together: neither may be lost.
        [0x1b, ..] => press(1, Key::plain(Code::Esc)),
        _ => character(bytes),
    }
}

fn stroke(key: Key) -> Input {
    Input::Stroke(Stroke { key, phase: Phase::Press })
}

fn press(taken: usize, key: Key) -> Step {
    Step::Took(taken, Some(stroke(key)))
}

/// One character, or a control byte; there is at least one byte.
fn character(bytes: &[u8]) -> Step {
    let first = bytes.first().copied().unwrap_or_default();
    match first {
        b'\r' | b'\n' => press(1, Key::plain(Code::Enter)),
        b'\t' => press(1, Key::plain(Code::Tab)),
        0x7f | 0x08 => press(1, Key::plain(Code::Backspace)),
        0x00 => press(1, Key::new(Code::Char(' '), true, false, false)),
        0x01..=0x1a => press(1, Key::new(Code::Char(char::from(b'a' + first - 1)), true, false, false)),
        0x1c..=0x1f => press(1, Key::new(Code::Char(char::from(b'4' + first - 0x1c)), true, false, false)),
        _ => {
            let length = match first {
                0x00..=0x7f => 1,
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf7 => 4,
                _ => return Step::Took(1, None),
            };
            let Some(whole) = bytes.get(..length) else { return Step::Wait };
            match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
                Some(c) => press(length, Key::plain(Code::Char(c))),
                None => Step::Took(1, None),
            }
        }
    }
}

/// A control sequence; `rest` follows its `ESC [`.
fn csi(rest: &[u8]) -> Step {
    // The Linux console's function keys.
    if let [b'[', ..] = rest {
        return match rest.get(1) {
            Some(letter @ b'A'..=b'E') => press(4, Key::plain(Code::F(letter - b'A' + 1))),
            Some(_) => Step::Took(4, None),
            None => Step::Wait,
        };
    }
    let Some(length) = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else { return Step::Wait };
    let taken = 2 + length + 1;
    let ending = rest[length];
    if ending < 0x40 {
        // A control byte cuts the sequence short and counts itself.
        return Step::Took(taken - 1, None);
    }
    let Ok(params) = std::str::from_utf8(&rest[..length]) else { return Step::Took(taken, None) };
    if params == "200" && ending == b'~' {
        return Step::Paste(taken);
    }
    Step::Took(taken, sequence(params, ending))
}

fn sequence(params: &str, ending: u8) -> Option<Input> {
    if params.starts_with('?') {
        return (ending == b'u').then_some(Input::CanTellReleases);
    }
    if params.is_empty() && ending == b'O' {
        return Some(Input::FocusLost);
    }
    // code[:alternates] ; modifiers[:phase] ; text
    let mut fields = params.split(';');
    let number: u32 = match fields.next()?.split(':').next()? {
        "" => 1,
        number => number.parse().ok()?,
    };
    let mut held = fields.next().unwrap_or_default().split(':');
    let modifiers = held.next()?.parse::<u32>().unwrap_or(1).saturating_sub(1);
    let phase = match held.next() {
        Some("2") => Phase::Repeat,
        Some("3") => Phase::Release,
        _ => Phase::Press,
    };
    let (shift, alt, ctrl) = (modifiers & 1 > 0, modifiers & 2 > 0, modifiers & 4 > 0);
    let code = match ending {
        b'u' => written_code(number, shift)?,
        b'~' => tilde_code(number)?,
        b'Z' => return Some(stroke(Key::new(Code::Tab, ctrl, alt, true))),
        letter => letter_code(letter)?,
    };
    Some(Input::Stroke(Stroke { key: Key::new(code, ctrl, alt, shift), phase }))
}

fn letter_code(letter: u8) -> Option<Code> {
    Some(match letter {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'H' => Code::Home,
        b'F' => Code::End,
        b'P'..=b'S' => Code::F(letter - b'P' + 1),
        b'M' => Code::Enter,
        _ => return None,
    })
}

fn tilde_code(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F((number - 10) as u8),
        17..=21 => Code::F((number - 11) as u8),
        23 | 24 => Code::F((number - 12) as u8),
        _ => return None,
    })
}

/// A key named by the character it writes, as the kitty protocol does.
fn written_code(number: u32, shift: bool) -> Option<Code> {
    Some(match number {
        9 => Code::Tab,
        13 | 57414 => Code::Enter,
        27 => Code::Esc,
        127 => Code::Backspace,
        // The keypad's digits.
        57399..=57408 => Code::Char(char::from(b'0' + (number - 57399) as u8)),
        // Other keys without a character: modifiers, media.
        57344..=63743 => return None,
        _ => match char::from_u32(number).filter(|c| !c.is_control())? {
            c if shift => Code::Char(c.to_ascii_uppercase()),
            c => Code::Char(c),
        },
    })
}

#[cfg(test)]
mod tests;
