//! Decodes the bytes of a terminal into keys. Pure; the reader thread passes bytes and pauses.
//!
//! crossterm has a reader of its own, but when the terminal is gone (a lost SSH connection) it reads the end of the
//! file repeatedly and uses a whole core, while a take is being closed; and its query for key releases waits for the
//! answer. Here the end is an error of the reader, and the answer is another input.
//!
//! The meaning of bytes does not depend on how they are split: a sequence is decoded when it is complete, or when its
//! second half did not come for a while. Forms: ECMA-48 (5.4 control sequences, 8.3.143 strings), XTerm Control
//! Sequences (SS3, paste, focus, mouse), the console of Linux (`ESC [ [ A`), the kitty keyboard protocol. Other
//! sequences are ignored.

use crate::keymap::{Code, Key, Phase, Stroke};
use std::time::Duration;

/// An input from the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Stroke(Stroke),
    /// Pasted text.
    Paste(String),
    /// Another window has the keyboard now; this one will not receive releases.
    FocusLost,
    /// The terminal supports the kitty keyboard protocol, and so can report releases.
    CanTellReleases,
    /// The terminal has drawn everything up to the status query after a frame (DSR, ECMA-48 8.3.35).
    HasDrawn,
}

/// Maximum bytes of a control sequence; longer ones are ignored.
const SEQUENCE_BYTES_MAX: usize = 64;
/// Maximum bytes of a paste that are kept.
const PASTE_BYTES_MAX: usize = 4096;
const PASTE_END: &[u8] = b"\x1b[201~";
/// Ctrl-c and ctrl-q: terminals remove them from pasted text, so they were typed, and the end of the paste was lost.
const WAYS_OUT: [u8; 2] = [0x03, 0x11];
/// The first byte of a sequence.
const ESC: u8 = 0x1b;
/// A lone ESC is the Esc key when nothing follows for this long: longer than the gap between two packets, too short to
/// notice.
const ESC_PAUSE: Duration = Duration::from_millis(100);
/// An incomplete sequence is dropped when nothing follows for this long: a connection that resends it needs less.
const HALF_PAUSE: Duration = Duration::from_secs(2);
/// A terminal's answer is dropped when its end did not come within this time, even if bytes follow: terminals answer at
/// once, and later bytes were typed.
const STRING_LONGEST: Duration = Duration::from_secs(3);
/// A paste ends when for this long only bytes came that the user may have typed, [`TYPED_BYTES`] or less at once: its
/// end was lost.
const PASTE_LONGEST: Duration = Duration::from_secs(3);
/// Maximum bytes that repeating keys give at once over a slow connection; a paste gives more.
const TYPED_BYTES: usize = 64;

/// Bytes in, inputs out; incomplete sequences are kept.
#[derive(Debug, Default)]
pub struct Decoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

/// The result of decoding the first bytes.
enum Step {
    /// This many bytes, one at least, are one input, or are ignored.
    Took(usize, Option<Input>),
    /// More bytes are needed. The bytes from this index to before the last can be dropped: they have no meaning,
    /// whatever follows.
    Wait(usize),
    /// A paste begins after this many bytes.
    Paste(usize),
}

impl Decoder {
    /// Takes bytes, split anywhere.
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
                Step::Took(taken, input) => {
                    self.pending.drain(..taken);
                    inputs.extend(input);
                }
                Step::Paste(taken) => {
                    self.pending.drain(..taken);
                    self.paste = Some(Vec::new());
                }
                Step::Wait(needed) => {
                    // The last byte may be the first half of an end mark.
                    let last = self.pending.len().saturating_sub(1);
                    if needed < last {
                        self.pending.drain(needed..last);
                    }
                    break;
                }
            }
        }
        inputs
    }

    /// How long to wait for more before [`Decoder::pause`]; `None` for ever, if nothing is incomplete.
    pub fn patience(&self) -> Option<Duration> {
        match (&self.paste, self.pending.as_slice()) {
            (None, []) => None,
            (None, [ESC] | [ESC, ESC]) => Some(ESC_PAUSE),
            _ => Some(HALF_PAUSE),
        }
    }

    /// How long an incomplete sequence may last, even if more of it comes: then [`Decoder::pause`], too. `None` unless
    /// an incomplete sequence could swallow typed keys.
    pub fn longest(&self) -> Option<Duration> {
        match (&self.paste, self.pending.as_slice()) {
            (Some(_), _) => Some(PASTE_LONGEST),
            (None, [ESC, b']' | b'P' | b'_' | b'^' | b'X', ..] | [0x90 | 0x98 | 0x9d..=0x9f, ..]) => {
                Some(STRING_LONGEST)
            }
            _ => None,
        }
    }

    /// Whether this many bytes, received at once, continue the incomplete sequence: then the time of
    /// [`Decoder::longest`] starts again.
    pub fn goes_on_with(&self, bytes: usize) -> bool {
        self.paste.is_some() && bytes > TYPED_BYTES
    }

    /// The time of [`Decoder::patience`] or of [`Decoder::longest`] is over: decides the incomplete sequence.
    pub fn pause(&mut self) -> Vec<Input> {
        let pending = std::mem::take(&mut self.pending);
        if let Some(mut text) = self.paste.take() {
            text.extend(pending.into_iter().take(PASTE_BYTES_MAX.saturating_sub(text.len())));
            return vec![Input::Paste(String::from_utf8_lossy(&text).into_owned())];
        }
        match *pending {
            [ESC] => vec![stroke(Key::plain(Code::Esc))],
            [ESC, ESC] => vec![stroke(Key::plain(Code::Esc)); 2],
            _ => Vec::new(),
        }
    }

    /// Moves pending bytes into the paste; returns the text after its end.
    fn paste(&mut self) -> Option<String> {
        let text = self.paste.as_mut()?;
        let end = self.pending.windows(PASTE_END.len()).position(|window| window == PASTE_END);
        let typed = self.pending.iter().position(|byte| WAYS_OUT.contains(byte));
        if let Some(typed) = typed.filter(|typed| end.is_none_or(|end| *typed < end)) {
            let room = PASTE_BYTES_MAX.saturating_sub(text.len());
            text.extend(self.pending.drain(..typed).take(room));
            return self.paste.take().map(|text| String::from_utf8_lossy(&text).into_owned());
        }
        // Without an end mark, the last bytes may be the beginning of one.
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
        [] | [ESC] | [ESC, ESC] => Step::Wait(bytes.len()),
        [ESC, b'[', ref rest @ ..] => csi(rest),
        [ESC, b'O', ref rest @ ..] => ss3(rest),
        [ESC, b']' | b'P' | b'_' | b'^' | b'X', ref rest @ ..] => string(rest, None),
        // A key that gives a sequence, with Alt; or Esc twice, and a sequence after the second.
        [ESC, ESC, b'[' | b'O', ..] => with_alt(step(&bytes[1..])),
        [ESC, ESC, ..] => press(1, Key::plain(Code::Esc)),
        [ESC, ref rest @ ..] => with_alt(character(rest)),
        _ => character(bytes),
    }
}

/// The same key with Alt, which is sent as an ESC before it. A report of the terminal has no Alt: the ESC before it was
/// the key.
fn with_alt(step: Step) -> Step {
    match step {
        Step::Took(taken, Some(Input::Stroke(Stroke { key, phase }))) => {
            Step::Took(taken + 1, Some(Input::Stroke(Stroke { key: key.with_alt(), phase })))
        }
        Step::Took(_, Some(_)) | Step::Paste(_) => press(1, Key::plain(Code::Esc)),
        Step::Took(taken, None) => Step::Took(taken + 1, None),
        Step::Wait(needed) => Step::Wait(needed + 1),
    }
}

fn stroke(key: Key) -> Input {
    Input::Stroke(Stroke { key, phase: Phase::Press })
}

fn press(taken: usize, key: Key) -> Step {
    Step::Took(taken, Some(stroke(key)))
}

/// One character, or a control byte; there is at least one byte, and it is not ESC.
fn character(bytes: &[u8]) -> Step {
    let first = bytes.first().copied().unwrap_or_default();
    match first {
        b'\r' | b'\n' => press(1, Key::plain(Code::Enter)),
        b'\t' => press(1, Key::plain(Code::Tab)),
        0x7f | 0x08 => press(1, Key::plain(Code::Backspace)),
        0x00 => press(1, Key::new(Code::Char(' '), true, false, false)),
        0x01..=0x1a => press(1, Key::new(Code::Char(char::from(b'a' + first - 1)), true, false, false)),
        0x1c..=0x1f => press(1, Key::new(Code::Char(char::from(b'4' + first - 0x1c)), true, false, false)),
        0x80..=0x9f => c1(first, &bytes[1..]),
        _ => {
            let length = match first {
                0x00..=0x7f => 1,
                0xc2..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0..=0xf4 => 4,
                _ => return Step::Took(1, None),
            };
            let continued =
                bytes.iter().skip(1).take(length - 1).take_while(|byte| (0x80..0xc0).contains(*byte)).count();
            match bytes.get(..length) {
                Some(whole) => match std::str::from_utf8(whole).ok().and_then(|text| text.chars().next()) {
                    Some(c) => press(length, Key::plain(Code::Char(c))),
                    None => Step::Took(1 + continued, None),
                },
                None if 1 + continued == bytes.len() => Step::Wait(bytes.len()),
                None => Step::Took(1 + continued, None),
            }
        }
    }
}

/// A control of one byte (ECMA-48 5.3, C1), which equals ESC and the byte less 0x40. A byte inside a character is part
/// of it, and does not come here.
fn c1(first: u8, rest: &[u8]) -> Step {
    let step = match first {
        0x9b => csi(rest),
        0x8f => ss3(rest),
        0x90 | 0x98 | 0x9d..=0x9f => string(rest, Some(0x9c)),
        _ => return Step::Took(1, None),
    };
    match step {
        Step::Took(taken, input) => Step::Took(taken - 1, input),
        Step::Wait(needed) => Step::Wait(needed - 1),
        Step::Paste(taken) => Step::Paste(taken - 1),
    }
}

/// A string sequence of a terminal: OSC, DCS, APC, PM, SOS; `rest` follows its introducer. It ends with ST, BEL or
/// `end`; a control byte ends it, too, and counts itself, so that Alt-] does not swallow the keys after it.
fn string(rest: &[u8], end: Option<u8>) -> Step {
    // In the seven-bit form a 0x9c may be part of a character; after ASCII it is still ST.
    let is_st = |at: usize| rest[at] == 0x9c && (end.is_some() || (at > 0 && rest[at - 1].is_ascii()));
    let Some(length) = (0..rest.len()).find(|at| rest[*at] < 0x20 || is_st(*at)) else { return Step::Wait(2) };
    match rest[length..] {
        [0x07 | 0x9c, ..] => Step::Took(2 + length + 1, None),
        [ESC] => Step::Wait(2),
        [ESC, b'\\', ..] => Step::Took(2 + length + 2, None),
        _ => Step::Took(2 + length, None),
    }
}

/// Single shift 3: `rest` follows its `ESC O`.
fn ss3(rest: &[u8]) -> Step {
    let Some(length) = rest.iter().position(|byte| !byte.is_ascii_digit()) else { return Step::Wait(3) };
    match rest[length] {
        letter @ 0x40..=0x7e if length == 0 => Step::Took(3, keypad_code(letter).map(|code| stroke(Key::plain(code)))),
        0x40..=0x7e => Step::Took(2 + length + 1, None),
        _ => Step::Took(2 + length, None),
    }
}

/// A control sequence; `rest` follows its `ESC [`.
fn csi(rest: &[u8]) -> Step {
    match *rest {
        // The Linux console's function keys.
        [b'['] => return Step::Wait(3),
        [b'[', letter @ b'A'..=b'E', ..] => return press(4, Key::plain(Code::F(letter - b'A' + 1))),
        [b'[', 0x20..=0x7e, ..] => return Step::Took(4, None),
        [b'[', ..] => return Step::Took(3, None),
        // Mouse report of the first kind: any three bytes.
        [b'M', _, _, _, ..] => return Step::Took(6, None),
        [b'M', ..] => return Step::Wait(2 + rest.len()),
        _ => {}
    }
    let Some(length) = rest.iter().position(|byte| !(0x20..=0x3f).contains(byte)) else {
        return Step::Wait(2 + SEQUENCE_BYTES_MAX);
    };
    let taken = 2 + length + 1;
    let ending = rest[length];
    if !(0x40..=0x7e).contains(&ending) {
        // An invalid byte ends the sequence and counts itself.
        return Step::Took(taken - 1, None);
    }
    if length >= SEQUENCE_BYTES_MAX {
        return Step::Took(taken, None);
    }
    let Ok(params) = std::str::from_utf8(&rest[..length]) else { return Step::Took(taken, None) };
    if params == "200" && ending == b'~' {
        return Step::Paste(taken);
    }
    Step::Took(taken, sequence(params, ending))
}

/// Shift, Alt, Ctrl, and the two locks, which change no key (kitty keyboard protocol, "Modifiers").
const MODIFIERS_KNOWN: u32 = 1 | 2 | 4 | 64 | 128;

fn sequence(params: &str, ending: u8) -> Option<Input> {
    if params.starts_with('?') {
        return (ending == b'u').then_some(Input::CanTellReleases);
    }
    match (params, ending) {
        ("", b'O') => return Some(Input::FocusLost),
        ("0", b'n') => return Some(Input::HasDrawn),
        _ => {}
    }
    // code[:alternates] ; modifiers[:phase] ; text
    let mut fields = params.split(';');
    let number: u32 = match fields.next()?.split(':').next()? {
        "" => 1,
        number => number.parse().ok()?,
    };
    let mut held = fields.next().unwrap_or_default().split(':');
    let modifiers = match held.next()? {
        "" => 0,
        modifiers => modifiers.parse::<u32>().ok()?.saturating_sub(1),
    };
    let phase = match held.next() {
        Some("2") => Phase::Repeat,
        Some("3") => Phase::Release,
        _ => Phase::Press,
    };
    // With Super, Hyper, Meta or an unknown modifier it is another key, which is ignored. Its release ends the held
    // note.
    if modifiers & !MODIFIERS_KNOWN > 0 && phase != Phase::Release {
        return None;
    }
    let (shift, alt, ctrl) = (modifiers & 1 > 0, modifiers & 2 > 0, modifiers & 4 > 0);
    let code = match ending {
        b'u' => written_code(number, shift)?,
        b'~' => tilde_code(number)?,
        b'Z' => return Some(stroke(Key::new(Code::Tab, ctrl, alt, true))),
        // Another number is no key: `R` is also the cursor position report.
        letter if number == 1 => letter_code(letter)?,
        _ => return None,
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
        _ => return None,
    })
}

/// As [`letter_code`], with the keypad's keys (application mode: digits are p to y).
fn keypad_code(letter: u8) -> Option<Code> {
    Some(match letter {
        b'M' => Code::Enter,
        b'j'..=b'y' => Code::Char(char::from(letter - 0x40)),
        _ => return letter_code(letter),
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

/// A key named by the character it types, as in the kitty protocol.
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
