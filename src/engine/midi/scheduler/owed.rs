//! The ends of notes that a port must still get, before anything else. The scheduler thread's. Realtime: yes.
//!
//! A set and no list, so there is room for all there can be.

use crate::{
    midi::{Channel, Message},
    music::Note,
};

/// Controllers that end what sounds, in the order they are sent: sustain off, all sound off, all notes off.
const ENDINGS: [u8; 3] = [64, 120, 123];
/// Which of them a panic sends.
pub(super) const ALL_ENDINGS: [bool; 3] = [true, true, true];
/// Which of them the way out sends.
pub(super) const NOTES_OFF: [bool; 3] = [false, false, true];
/// Which of them a synth gets that was away.
pub(super) const SUSTAIN_AND_NOTES_OFF: [bool; 3] = [true, false, true];

/// Notes, one bit each: a word for each channel.
#[derive(Debug, Default)]
pub(super) struct Notes([u128; 16]);

impl Notes {
    pub(super) fn set(&mut self, channel: Channel, note: Note) {
        self.0[usize::from(channel.nibble())] |= 1 << note.number();
    }

    pub(super) fn clear(&mut self, channel: Channel, note: Note) {
        self.0[usize::from(channel.nibble())] &= !(1 << note.number());
    }

    fn first(&self) -> Option<(Channel, Note)> {
        Channel::all().find_map(|channel| {
            let word = self.0[usize::from(channel.nibble())];
            Note::new(word.trailing_zeros() as u8).map(|note| (channel, note))
        })
    }
}

/// What is owed to one port.
#[derive(Debug, Default)]
pub(super) struct Owed {
    offs: Notes,
    /// For each of [`ENDINGS`], the channels it is owed to.
    endings: [u16; 3],
    /// Since when, in ns on the engine's clock.
    pub since_ns: u64,
}

impl Owed {
    pub(super) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Owes a message that ends notes.
    pub(super) fn owe(&mut self, message: &Message, since_ns: u64) {
        match (message.note(), message.channel(), message.bytes()) {
            (Some((channel, note)), ..) => {
                self.since(since_ns);
                self.offs.set(channel, note);
            }
            (None, Some(channel), [_, controller, _]) => {
                let wanted = ENDINGS.map(|ending| ending == *controller);
                self.owe_endings(1 << channel.nibble(), wanted, since_ns);
            }
            _ => {}
        }
    }

    /// Owes controllers to channels, one bit each.
    pub(super) fn owe_endings(&mut self, channels: u16, wanted: [bool; 3], since_ns: u64) {
        self.since(since_ns);
        for (owed, _) in self.endings.iter_mut().zip(wanted).filter(|(_, wanted)| *wanted) {
            *owed |= channels;
        }
    }

    /// Owes the ends of all of these.
    pub(super) fn owe_ends_of(&mut self, notes: &Notes, since_ns: u64) {
        self.since(since_ns);
        for (owed, sounding) in self.offs.0.iter_mut().zip(notes.0) {
            *owed |= sounding;
        }
    }

    fn since(&mut self, since_ns: u64) {
        if self.is_empty() {
            self.since_ns = since_ns;
        }
    }

    /// The next message to send: single notes first.
    pub(super) fn first(&self) -> Option<Message> {
        if let Some((channel, note)) = self.offs.first() {
            return Some(Message::note_off(channel, note));
        }
        let channel =
            Channel::all().find(|channel| self.endings.iter().any(|owed| owed >> channel.nibble() & 1 == 1))?;
        let of_channel = |owed: &u16| owed >> channel.nibble() & 1 == 1;
        let (_, controller) = self.endings.iter().zip(ENDINGS).find(|(owed, _)| of_channel(owed))?;
        Some(Message::control(channel, controller, 0))
    }

    /// This one was sent.
    pub(super) fn paid(&mut self, message: &Message) {
        match (message.note(), message.channel(), message.bytes()) {
            (Some((channel, note)), ..) => self.offs.clear(channel, note),
            (None, Some(channel), [_, controller, _]) => {
                for (owed, _) in self.endings.iter_mut().zip(ENDINGS).filter(|(_, ending)| ending == controller) {
                    *owed &= !(1 << channel.nibble());
                }
            }
            _ => {}
        }
    }
}
