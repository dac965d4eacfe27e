//! MIDI messages as one line of text. Pure.

use super::Message;
use crate::music::Note;
use std::fmt::Write;

/// Bytes of a SysEx that are shown; the rest is counted.
const SHOWN_BYTES: usize = 16;

/// One line for a complete message; invalid bytes are shown as hex.
pub fn line(bytes: &[u8]) -> String {
    match Message::from_bytes(bytes) {
        Some(message) => short(&message),
        None if bytes.first() == Some(&0xF0) => format!("sysex {} bytes {}", bytes.len(), hex(bytes)),
        None => hex(bytes),
    }
}

fn short(message: &Message) -> String {
    let data = |at: usize| message.bytes().get(at).copied().unwrap_or(0);
    let (status, a, b) = (data(0), data(1), data(2));
    let wide = u16::from(a) | u16::from(b) << 7;
    let note = Note::new(a).map_or_else(String::new, |note| note.to_string());
    match message.channel() {
        Some(ch) => match status & 0xF0 {
            0x80 => format!("note off ch {ch} {note} {b}"),
            0x90 => format!("note on  ch {ch} {note} {b}"),
            0xA0 => format!("pressure {note} = {b} ch {ch}"),
            0xB0 => format!("cc {a} = {b} ch {ch}"),
            0xC0 => format!("program {a} ch {ch}"),
            0xD0 => format!("pressure = {a} ch {ch}"),
            _ => format!("bend = {:+} ch {ch}", i32::from(wide) - 8192),
        },
        None => match status {
            0xF1 => format!("time code {} = {}", a >> 4, a & 0x0F),
            0xF2 => format!("song position {wide}"),
            0xF3 => format!("song {a}"),
            0xF6 => "tune request".to_owned(),
            0xF8 => "clock".to_owned(),
            0xFA => "start".to_owned(),
            0xFB => "continue".to_owned(),
            0xFC => "stop".to_owned(),
            0xFE => "active sensing".to_owned(),
            0xFF => "reset".to_owned(),
            _ => hex(message.bytes()),
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().take(SHOWN_BYTES).enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{}{byte:02X}", if at > 0 { " " } else { "" });
    }
    if bytes.len() > SHOWN_BYTES {
        text.push_str(" …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_message_has_its_usual_text() {
        let cases: [(&[u8], &str); 20] = [
            (&[0x90, 60, 100], "note on  ch 1 C4 100"),
            (&[0x8F, 69, 64], "note off ch 16 A4 64"),
            (&[0xA0, 60, 5], "pressure C4 = 5 ch 1"),
            (&[0xB0, 74, 12], "cc 74 = 12 ch 1"),
            (&[0xC1, 7], "program 7 ch 2"),
            (&[0xD0, 9], "pressure = 9 ch 1"),
            (&[0xE0, 0, 64], "bend = +0 ch 1"),
            (&[0xE0, 0, 0], "bend = -8192 ch 1"),
            (&[0xF1, 0x35], "time code 3 = 5"),
            (&[0xF2, 16, 0], "song position 16"),
            (&[0xF3, 2], "song 2"),
            (&[0xF6], "tune request"),
            (&[0xF8], "clock"),
            (&[0xFA], "start"),
            (&[0xFB], "continue"),
            (&[0xFC], "stop"),
            (&[0xFE], "active sensing"),
            (&[0xFF], "reset"),
            (&[0xF0, 0x42, 0x30, 0xF7], "sysex 4 bytes F0 42 30 F7"),
            (&[60, 1], "3C 01"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(line(bytes), expected);
        }
        let long = [&[0xF0][..], &[1; 100], &[0xF7]].concat();
        assert_eq!(line(&long), format!("sysex 102 bytes F0{} …", " 01".repeat(15)));
    }
}
