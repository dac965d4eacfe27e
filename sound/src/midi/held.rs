//! The held state of a port: sounding notes, pressed pedals, and pitch bend away from the centre. Pure.
//!
//! A set and no list, so it has room for all notes. Realtime: yes.

use super::{Channel, Message};
use crate::music::Note;

/// Ends all sound of a channel at once, regardless of its pedals (MIDI 1.0).
pub const ALL_SOUND_OFF: u8 = 120;
/// Ends the notes of a channel, except those held by a pedal (MIDI 1.0).
pub const ALL_NOTES_OFF: u8 = 123;
/// The pedals, in the order they are released: hold, sostenuto, soft (MIDI 1.0).
pub const PEDALS: [u8; 3] = [64, 66, 67];

/// The messages that end everything on a channel whose state is unknown: pedals, notes, bend.
pub fn ends_of(channel: Channel) -> impl Iterator<Item = Message> {
    let zeros = PEDALS.into_iter().chain([ALL_NOTES_OFF]).map(move |number| Message::control(channel, number, 0));
    zeros.chain([Message::pitch_bend(channel, Message::BEND_MIDDLE)])
}

/// The held state of one channel.
#[derive(Clone, Copy, Debug, Default)]
struct OnChannel {
    /// A bit for each note.
    notes: u128,
    /// A bit for each of [`PEDALS`].
    pedals: u8,
    bent: bool,
}

/// The held state of all channels.
#[derive(Clone, Debug, Default)]
pub struct HeldState([OnChannel; 16]);

impl HeldState {
    /// Records what a message starts or ends.
    pub fn track(&mut self, message: &Message) {
        if let Some((_, begins)) = message.hold() {
            self.set(message, begins);
        }
    }

    /// Sets what a message starts or ends to held or not held.
    pub fn set(&mut self, message: &Message, held: bool) {
        let Some(channel) = message.channel() else { return };
        let on = &mut self.0[usize::from(channel.nibble())];
        if let Some((_, note)) = message.note() {
            let bit = 1 << note.number();
            on.notes = on.notes & !bit | if held { bit } else { 0 };
        } else if let Some(pedal) = PEDALS.iter().position(|pedal| message.controller() == Some(*pedal)) {
            let bit = 1 << pedal;
            on.pedals = on.pedals & !bit | if held { bit } else { 0 };
        } else if message.hold().is_some() {
            on.bent = held;
        }
    }

    /// Adds the held state of another port.
    pub fn add_all(&mut self, other: &HeldState) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            mine.notes |= theirs.notes;
            mine.pedals |= theirs.pedals;
            mine.bent |= theirs.bent;
        }
    }

    /// Marks every pedal as pressed and every channel as bent, because the state of the other end is unknown.
    pub fn add_pedals_and_bends(&mut self) {
        for on in &mut self.0 {
            (on.pedals, on.bent) = ((1 << PEDALS.len()) - 1, true);
        }
    }

    fn channels(&self) -> impl Iterator<Item = (Channel, &OnChannel)> {
        Channel::all().zip(&self.0)
    }

    /// The note-offs.
    pub fn note_offs(&self) -> impl Iterator<Item = Message> {
        self.channels().flat_map(|(channel, on)| {
            let held = (on.notes.trailing_zeros() as u8..128).filter(|number| on.notes >> number & 1 == 1);
            held.filter_map(Note::new).map(move |note| Message::note_off(channel, note))
        })
    }

    /// The messages that release the pedals.
    pub fn pedals_up(&self) -> impl Iterator<Item = Message> {
        self.channels().flat_map(|(channel, on)| {
            let down = PEDALS.iter().zip(0..).filter(|(_, pedal)| on.pedals >> pedal & 1 == 1);
            down.map(move |(pedal, _)| Message::control(channel, *pedal, 0))
        })
    }

    /// The messages that centre the pitch bend.
    pub fn bends_back(&self) -> impl Iterator<Item = Message> {
        self.channels().filter(|(_, on)| on.bent).map(|(channel, _)| Message::pitch_bend(channel, Message::BEND_MIDDLE))
    }

    /// The messages that end everything: notes first, then pedals, then bends.
    pub fn ends(&self) -> impl Iterator<Item = Message> {
        self.note_offs().chain(self.pedals_up()).chain(self.bends_back())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(messages: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut held = HeldState::default();
        for bytes in messages {
            held.track(&Message::from_bytes(bytes).unwrap());
        }
        held.ends().map(|end| end.bytes().to_vec()).collect()
    }

    #[test]
    fn held_state_ends_once_notes_before_pedals_before_bends() {
        let bent: &[u8] = &[0xE1, 0, 0];
        let begins: [&[u8]; 8] = [
            bent,
            &[0xB0, 67, 1],
            &[0xB0, 64, 127],
            &[0xB0, 64, 90],
            &[0xBF, 66, 127],
            &[0x9F, 127, 1],
            &[0x90, 0, 9],
            &[0x90, 60, 9],
        ];
        let ends: [&[u8]; 7] = [
            &[0x80, 0, 64],
            &[0x80, 60, 64],
            &[0x8F, 127, 64],
            &[0xB0, 64, 0],
            &[0xB0, 67, 0],
            &[0xBF, 66, 0],
            &[0xE1, 0, 64],
        ];
        assert_eq!(held(&begins), ends);
        assert_eq!(held(&[&begins[..], &ends[..]].concat()), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn messages_that_hold_nothing_are_not_held() {
        let others: [&[u8]; 6] =
            [&[0xE0, 0, 64], &[0xB0, 64, 0], &[0xB0, 65, 127], &[0xB0, 1, 127], &[0x90, 60, 0], &[0xD0, 100]];
        assert_eq!(held(&others), Vec::<Vec<u8>>::new());
    }
}
