//! Messages that a port must get before all others: the ends of its notes, pedals and bends. The scheduler thread's.
//! Realtime: yes.
//!
//! A set and no list, so there is room for all there can be.

use crate::midi::{
    Channel, HeldState, Message,
    held::{ALL_NOTES_OFF, ALL_SOUND_OFF},
};

/// The releases owed to one port.
#[derive(Debug, Default)]
pub(super) struct PendingReleases {
    /// Notes to end, pedals to lift, bends to reset.
    held: HeldState,
    /// Channels owed all notes off, one bit each.
    sound_off: u16,
    notes_off: u16,
    /// Everything was owed since nothing was.
    everything: bool,
    /// Since when, in ns on the engine's clock.
    pub since_ns: u64,
}

impl PendingReleases {
    pub(super) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Owes the end of the note, pedal or bend of a message, or the ends of a channel.
    pub(super) fn owe(&mut self, message: &Message, since_ns: u64) {
        self.since(since_ns);
        self.set(message, true);
    }

    /// Owes the ends of all notes, pedals and bends that are held.
    pub(super) fn owe_ends_of(&mut self, held: &HeldState, since_ns: u64) {
        self.since(since_ns);
        self.held.add_all(held);
    }

    /// Owes all notes off to channels, one bit each.
    pub(super) fn owe_notes_off(&mut self, channels: u16, since_ns: u64) {
        self.since(since_ns);
        self.notes_off |= channels;
    }

    /// Owes everything that ends sound, on every channel: the notes of the port are not known.
    pub(super) fn owe_everything(&mut self, since_ns: u64) {
        self.since(since_ns);
        self.held.add_pedals_and_bends();
        (self.sound_off, self.notes_off) = (u16::MAX, u16::MAX);
        self.everything = true;
    }

    fn since(&mut self, since_ns: u64) {
        if self.is_empty() {
            (self.since_ns, self.everything) = (since_ns, false);
        }
    }

    /// Whether all that was owed is paid, and it was everything.
    pub(super) fn is_everything_paid(&self) -> bool {
        self.everything && self.is_empty()
    }

    /// The next message to send: single notes first, then the quickest. Pedals are up before all notes off: some synths
    /// ignore that while one is down.
    pub(super) fn first(&self) -> Option<Message> {
        let of = |channels: u16, controller: u8| {
            let owed = Channel::all().filter(move |channel| channels >> channel.nibble() & 1 == 1);
            owed.map(move |channel| Message::control(channel, controller, 0))
        };
        let sound_off = of(self.sound_off, ALL_SOUND_OFF);
        let notes_off = of(self.notes_off, ALL_NOTES_OFF);
        let PendingReleases { held, .. } = self;
        held.note_offs().chain(sound_off).chain(held.pedals_up()).chain(notes_off).chain(held.bends_back()).next()
    }

    /// This one was sent.
    pub(super) fn paid(&mut self, message: &Message) {
        self.set(message, false);
    }

    fn set(&mut self, message: &Message, owed: bool) {
        let channels = match message.controller() {
            Some(ALL_SOUND_OFF) => &mut self.sound_off,
            Some(ALL_NOTES_OFF) => &mut self.notes_off,
            _ => return self.held.set(message, owed),
        };
        if let Some(channel) = message.channel() {
            let bit = 1 << channel.nibble();
            *channels = *channels & !bit | if owed { bit } else { 0 };
        }
    }
}
