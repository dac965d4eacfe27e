//! Complete MIDI messages of one to three bytes, their classes, and their order.

use super::held::{ALL_NOTES_OFF, ALL_SOUND_OFF, PEDALS};
use crate::music::Note;
use std::fmt;

/// A MIDI channel, 1..=16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel(u8);

impl Channel {
    /// Channel 1.
    pub const FIRST: Channel = Channel(0);

    /// The channel of this number; `None` outside 1..=16.
    pub fn new(number: u8) -> Option<Channel> {
        (1..=16).contains(&number).then(|| Channel(number - 1))
    }

    /// Its bits in a status byte, 0..=15.
    pub fn nibble(self) -> u8 {
        self.0
    }

    /// All sixteen.
    pub fn all() -> impl Iterator<Item = Channel> {
        (0..16).map(Channel)
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 + 1)
    }
}

/// The kinds of messages, in order of importance; the order of sending is their [`Rank`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Clock, start, stop, continue, song position: must not be late.
    Realtime,
    /// Note-off and all-notes-off: never dropped.
    NoteOff,
    /// Note-on.
    NoteOn,
    /// Pitch bend, pressure, program.
    Expression,
    /// Controllers.
    Control,
    /// System exclusive.
    SysEx,
}

/// The order of sending for messages that are due. Discrete messages keep the order of their requests, because on a
/// channel the order has a meaning: bank before program, pedal before the note-off it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rank {
    /// Must not be late.
    Realtime,
    /// Notes, pedals and other switches, bank and program, numbered parameters, channel mode, system exclusive.
    Discrete,
    /// Other controllers, bend and pressure: only the newest value counts, so they may wait.
    Continuous,
}

/// Whether the order of a controller among notes, programs and other controllers has a meaning: bank select (0, 32),
/// data entry (6, 38), pedals and switches (64 to 69), numbered parameters (96 to 101) and channel mode (120 to 127) of
/// MIDI 1.0.
pub fn is_discrete(controller: u8) -> bool {
    matches!(controller, 0 | 6 | 32 | 38 | 64..=69 | 96..=101 | 120..=127)
}

/// A complete message of one to three bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Message {
    bytes: [u8; 3],
    len: u8,
}

impl Message {
    /// Timing clock, 24 to the quarter note.
    pub const CLOCK: Message = Message { bytes: [0xF8, 0, 0], len: 1 };
    /// Start from the beginning of the song at the next clock.
    pub const START: Message = Message { bytes: [0xFA, 0, 0], len: 1 };
    /// Continue from the song position at the next clock.
    pub const CONTINUE: Message = Message { bytes: [0xFB, 0, 0], len: 1 };
    /// Stop.
    pub const STOP: Message = Message { bytes: [0xFC, 0, 0], len: 1 };

    /// The centre of pitch bend.
    pub const BEND_MIDDLE: u16 = 8192;

    fn voice(status: u8, channel: Channel, a: u8, b: u8) -> Message {
        Message { bytes: [status | channel.nibble(), a & 0x7F, b & 0x7F], len: 3 }
    }

    /// Note-on; velocity 1..=127 (0 would be a note-off and is sent as 1).
    pub fn note_on(channel: Channel, note: Note, velocity: u8) -> Message {
        Message::voice(0x90, channel, note.number(), velocity.clamp(1, 127))
    }

    /// Note-off with the neutral release velocity 64.
    pub fn note_off(channel: Channel, note: Note) -> Message {
        Message::voice(0x80, channel, note.number(), 64)
    }

    /// Control change.
    pub fn control(channel: Channel, controller: u8, value: u8) -> Message {
        Message::voice(0xB0, channel, controller, value)
    }

    /// Pitch bend, 0..=16383 with the centre at 8192.
    pub fn pitch_bend(channel: Channel, value: u16) -> Message {
        Message::voice(0xE0, channel, (value & 0x7F) as u8, (value >> 7) as u8)
    }

    /// Program change, 0..=127.
    pub fn program(channel: Channel, program: u8) -> Message {
        Message { len: 2, ..Message::voice(0xC0, channel, program, 0) }
    }

    /// Pressure on the keys of a channel.
    pub fn pressure(channel: Channel, value: u8) -> Message {
        Message { len: 2, ..Message::voice(0xD0, channel, value, 0) }
    }

    /// Pressure on one key.
    pub fn key_pressure(channel: Channel, key: u8, value: u8) -> Message {
        Message::voice(0xA0, channel, key, value)
    }

    /// Song position in sixteenth notes, 0..=16383.
    pub fn song_position(sixteenths: u16) -> Message {
        Message { bytes: [0xF2, (sixteenths & 0x7F) as u8, (sixteenths >> 7 & 0x7F) as u8], len: 3 }
    }

    /// A message from its bytes; `None` if they are not exactly one complete short message.
    pub fn from_bytes(bytes: &[u8]) -> Option<Message> {
        let (status, data) = bytes.split_first()?;
        let fits = Some(data.len()) == data_len(*status) && data.iter().all(|b| *b < 0x80);
        fits.then(|| {
            let mut message = Message { bytes: [0; 3], len: bytes.len() as u8 };
            message.bytes[..bytes.len()].copy_from_slice(bytes);
            message
        })
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The channel of a voice message.
    pub fn channel(&self) -> Option<Channel> {
        (self.bytes[0] < 0xF0).then_some(Channel(self.bytes[0] & 0x0F))
    }

    /// The same message on another channel, if it is a voice message.
    pub fn on_channel(mut self, channel: Channel) -> Message {
        if self.channel().is_some() {
            self.bytes[0] = self.bytes[0] & 0xF0 | channel.nibble();
        }
        self
    }

    /// Its class.
    pub fn class(&self) -> Class {
        match (self.bytes[0] & 0xF0, self.bytes) {
            (0x80, _) | (0x90, [_, _, 0]) => Class::NoteOff,
            (0x90, _) => Class::NoteOn,
            (0xB0, [_, ALL_SOUND_OFF | ALL_NOTES_OFF, _]) => Class::NoteOff,
            (0xB0, _) => Class::Control,
            (0xF0, _) => Class::Realtime,
            _ => Class::Expression,
        }
    }

    /// Its order of sending.
    pub fn rank(&self) -> Rank {
        match (self.bytes[0] & 0xF0, self.bytes) {
            (0xF0, _) => Rank::Realtime,
            (0xA0 | 0xD0 | 0xE0, _) => Rank::Continuous,
            (0xB0, [_, controller, _]) if !is_discrete(controller) => Rank::Continuous,
            _ => Rank::Discrete,
        }
    }

    /// Whether it must never be dropped when the queue is full: real-time messages, note-offs, and releases of pedals.
    pub fn is_urgent(&self) -> bool {
        let lifts = |value: u8| value < 64 && self.controller().is_some_and(|pedal| PEDALS.contains(&pedal));
        self.class() <= Class::NoteOff || lifts(self.bytes[2])
    }

    /// Whether it ends something: a note, notes, a pedal, a bend.
    pub fn ends(&self) -> bool {
        self.class() != Class::Realtime && self.is_urgent() || matches!(self.hold(), Some((_, false)))
    }

    /// The number of a control change.
    pub fn controller(&self) -> Option<u8> {
        (self.bytes[0] & 0xF0 == 0xB0).then_some(self.bytes[1])
    }

    /// For a message that starts or ends a note, a pedal or a bend: the message that ends it, and whether this one
    /// starts it.
    pub fn hold(&self) -> Option<(Message, bool)> {
        let channel = self.channel()?;
        if let Some((_, note)) = self.note() {
            return Some((Message::note_off(channel, note), self.class() == Class::NoteOn));
        }
        match self.bytes {
            [status, pedal, value] if status & 0xF0 == 0xB0 && PEDALS.contains(&pedal) => {
                Some((Message::control(channel, pedal, 0), value > 0))
            }
            [status, ..] if status & 0xF0 == 0xE0 => {
                let middle = Message::pitch_bend(channel, Message::BEND_MIDDLE);
                Some((middle, *self != middle))
            }
            _ => None,
        }
    }

    /// The channel and note of a note-on or note-off.
    pub fn note(&self) -> Option<(Channel, Note)> {
        match self.bytes[0] & 0xF0 {
            0x80 | 0x90 => Some((self.channel()?, Note::new(self.bytes[1])?)),
            _ => None,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X?}", self.bytes())
    }
}

/// The number of data bytes after a status byte; `None` if it is no status of a short message.
pub(super) fn data_len(status: u8) -> Option<usize> {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => Some(2),
        0xC0..=0xDF | 0xF1 | 0xF3 => Some(1),
        0xF6 | 0xF8..=0xFF => Some(0),
        _ => None,
    }
}

/// Checks that bytes are one or more complete messages, SysEx included, without running status, and yields each.
///
/// # Errors
/// The offset of the first invalid byte.
pub fn split(bytes: &[u8]) -> Result<Vec<&[u8]>, usize> {
    let mut messages = Vec::new();
    let mut at = 0;
    while let Some(&status) = bytes.get(at) {
        let len = if status == 0xF0 {
            let end = bytes[at + 1..].iter().position(|b| *b >= 0x80).ok_or(bytes.len())?;
            if bytes[at + 1 + end] != 0xF7 {
                return Err(at + 1 + end);
            }
            end + 2
        } else {
            1 + data_len(status).ok_or(at)?
        };
        let message = bytes.get(at..at + len).ok_or(bytes.len())?;
        let data_end = if status == 0xF0 { len - 1 } else { len };
        if let Some(bad) = message[1..data_end].iter().position(|b| *b >= 0x80) {
            return Err(at + 1 + bad);
        }
        messages.push(message);
        at += len;
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn note_offs_are_recognised_in_every_spelling() {
        let c4 = Note::new(60).unwrap();
        let off = [
            Message::note_off(Channel::FIRST, c4),
            Message::from_bytes(&[0x90, 60, 0]).unwrap(),
            Message::control(Channel::FIRST, 123, 0),
            Message::control(Channel::FIRST, 120, 0),
        ];
        assert!(off.iter().all(|m| m.class() == Class::NoteOff));
        assert_eq!(Message::note_on(Channel::FIRST, c4, 0).class(), Class::NoteOn);
    }

    #[test]
    fn releases_of_pedals_are_as_urgent_as_note_offs() {
        let control = |controller, value| Message::control(Channel::FIRST, controller, value);
        for pedal in PEDALS {
            assert!(control(pedal, 0).is_urgent() && control(pedal, 63).is_urgent() && !control(pedal, 64).is_urgent());
        }
        assert!(control(123, 0).is_urgent() && Message::STOP.is_urgent());
        assert!(
            !control(65, 0).is_urgent()
                && !control(1, 0).is_urgent()
                && !Message::program(Channel::FIRST, 0).is_urgent()
        );
    }

    #[test]
    fn messages_split_where_they_end() {
        let bytes = [0x90, 60, 100, 0xF0, 0x7E, 0x7F, 6, 1, 0xF7, 0xF8, 0xC0, 5];
        let parts = split(&bytes).unwrap();
        assert_eq!(parts, [&bytes[..3], &bytes[3..9], &bytes[9..10], &bytes[10..]]);
    }

    #[test]
    fn invalid_bytes_are_refused_at_their_offset() {
        assert_eq!(split(&[0x90, 60]), Err(2));
        assert_eq!(split(&[60]), Err(0));
        assert_eq!(split(&[0x90, 60, 0x90]), Err(2));
        assert_eq!(split(&[0xF0, 1, 2]), Err(3));
        assert_eq!(split(&[0xF0, 1, 0xF8, 0xF7]), Err(2));
    }

    proptest! {
        #[test]
        fn splitting_never_panics_and_loses_nothing(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(parts) = split(&bytes) {
                prop_assert_eq!(parts.concat(), bytes);
            }
        }
    }
}
