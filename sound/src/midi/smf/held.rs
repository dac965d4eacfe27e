//! Held notes and pedals of a track, to release them at its end. Pure.

use midly::{
    MidiMessage, TrackEventKind,
    num::{u4, u7},
};
use std::collections::{BTreeMap, BTreeSet};

/// Sustain, sostenuto and soft pedal: pressed from 64 on.
const PEDALS: [u8; 3] = [64, 66, 67];
/// All sound off, all notes off and the modes after it end every note of a channel.
const ENDS_NOTES: [u8; 6] = [120, 123, 124, 125, 126, 127];
/// All sound off and all controllers off release the pedals, too.
const LIFTS_PEDALS: [u8; 2] = [120, 121];

/// Held notes and pedals, by channel and number.
#[derive(Debug, Default)]
pub(super) struct HeldNotes {
    /// How many times each note was started and not ended.
    notes: BTreeMap<(u8, u8), u32>,
    /// Pressed pedals.
    pedals: BTreeSet<(u8, u8)>,
}

impl HeldNotes {
    /// Records the next event of a track.
    pub(super) fn hear(&mut self, kind: &TrackEventKind<'_>) {
        let TrackEventKind::Midi { channel, message } = kind else { return };
        let channel = channel.as_int();
        match *message {
            MidiMessage::NoteOn { key, vel } if vel > 0 => {
                *self.notes.entry((channel, key.as_int())).or_default() += 1;
            }
            MidiMessage::NoteOn { key, .. } | MidiMessage::NoteOff { key, .. } => {
                let place = (channel, key.as_int());
                match self.notes.get_mut(&place) {
                    Some(count) if *count > 1 => *count -= 1,
                    _ => drop(self.notes.remove(&place)),
                }
            }
            MidiMessage::Controller { controller, value } => {
                let controller = controller.as_int();
                if PEDALS.contains(&controller) {
                    match value >= 64 {
                        true => self.pedals.insert((channel, controller)),
                        false => self.pedals.remove(&(channel, controller)),
                    };
                }
                if ENDS_NOTES.contains(&controller) {
                    self.notes.retain(|(of, _), _| *of != channel);
                }
                if LIFTS_PEDALS.contains(&controller) {
                    self.pedals.retain(|(of, _)| *of != channel);
                }
            }
            _ => {}
        }
    }

    /// The events that release everything: as many note-offs as note-ons.
    pub(super) fn ends(&self) -> Vec<TrackEventKind<'static>> {
        let of = |channel: u8, message| TrackEventKind::Midi { channel: u4::from(channel), message };
        let off = |key: u8| MidiMessage::NoteOff { key: u7::from(key), vel: u7::from(64) };
        let up = |pedal: u8| MidiMessage::Controller { controller: u7::from(pedal), value: u7::from(0) };
        let notes = self
            .notes
            .iter()
            .flat_map(|((channel, key), count)| std::iter::repeat_n(of(*channel, off(*key)), *count as usize));
        notes.chain(self.pedals.iter().map(|(channel, pedal)| of(*channel, up(*pedal)))).collect()
    }
}
