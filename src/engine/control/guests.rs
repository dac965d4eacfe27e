//! Those who come and go: what is kept for them to look at, and the notes they hold. The control thread's.
//!
//! The monitor and the list of takes cost something, so each is kept while anybody looks; and a note whose key was on a
//! screen that is gone would sound for ever.

use super::{Control, Moment};
use crate::{
    command::arg::{OnOff, Switch},
    engine::{
        midi::{scheduler::What, sent::PortIndex},
        station::{Answer, Guest},
    },
    midi::Message,
    music::Note,
};
use std::collections::BTreeSet;

/// Who looks at something that is only kept while somebody does.
#[derive(Debug, Default)]
pub(super) struct Lookers(BTreeSet<Guest>);

impl Lookers {
    /// Somebody begins to look, or ceases; whether anybody looks now.
    pub(super) fn switch(&mut self, guest: Guest, state: Switch) -> bool {
        if state.applied_to(self.0.contains(&guest)) {
            self.0.insert(guest);
        } else {
            self.0.remove(&guest);
        }
        !self.0.is_empty()
    }
}

/// A note somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    guest: Guest,
    port: PortIndex,
    /// What ends it.
    off: Message,
    note: Note,
}

/// Everyone who comes and goes.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// Whose command is being obeyed, or was last.
    pub(super) asking: Guest,
    /// Those who look at the monitor.
    pub(super) monitor: Lookers,
    /// Those who look at the takes.
    pub(super) takes: Lookers,
    held: Vec<Held>,
}

impl Guests {
    /// Whoever is asking begins a note.
    pub(super) fn hold(&mut self, port: PortIndex, off: Message, note: Note) {
        let held = Held { guest: self.asking, port, off, note };
        if self.asking != Guest::NOBODY && !self.held.contains(&held) {
            self.held.push(held);
        }
    }

    /// A note ends, whoever ended it.
    pub(super) fn release(&mut self, port: PortIndex, off: Message) {
        self.held.retain(|held| (held.port, held.off) != (port, off));
    }

    /// All notes end.
    pub(super) fn release_all(&mut self) {
        self.held.clear();
    }
}

impl Control {
    /// Somebody has left: their notes end, and nothing is kept for them any more.
    pub fn leave(&mut self, guest: Guest, now: Moment) {
        let (theirs, others): (Vec<Held>, _) = self.guests.held.drain(..).partition(|held| held.guest == guest);
        self.guests.held = others;
        for Held { port, off, note, .. } in theirs {
            self.send_to(port, now.ns, What::Message(off));
            if let Some(at) = self.instruments.iter().position(|instrument| instrument.port == Some(port)) {
                self.gate_off(at, note, now.ns, now);
            }
        }
        let off = Switch::To(OnOff(false));
        self.guests.asking = guest;
        // Neither refuses.
        let _ = self.list_takes(off);
        let _ = self.watch_midi(off);
    }

    /// Whoever is asking looks at what comes and goes, or no more.
    pub(super) fn watch_midi(&mut self, state: Switch) -> Answer {
        self.watch.turn(self.guests.monitor.switch(self.guests.asking, state));
        Ok(String::new())
    }
}

#[cfg(test)]
mod tests;
