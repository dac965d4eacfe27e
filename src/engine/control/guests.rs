//! Those who come and go: what is kept for them to look at, and the notes, pedals and bends they hold. The control
//! thread's.
//!
//! The monitor and the list of takes cost something, so each is kept while anybody looks; and a note whose key was on a
//! screen that is gone would sound for ever. A note is also held by scripts and one-shot commands, which never leave:
//! so it ends where it began, whatever instrument or channel is in use by then.

use super::{Control, Moment, out::done};
use crate::{
    command::arg::{Hex, OnOff, Switch, Velocity},
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

/// Something somebody holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    guest: Guest,
    port: PortIndex,
    /// What ends it.
    end: Message,
    /// The note, where it is one that `note.off` ends.
    note: Option<Note>,
}

/// Everyone who comes and goes.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// Those who look at the monitor.
    pub(super) monitor: Lookers,
    /// Those who look at the takes.
    pub(super) takes: Lookers,
    held: Vec<Held>,
}

impl Guests {
    /// Whoever is asking begins a note.
    pub(super) fn hold(&mut self, asking: Guest, port: PortIndex, off: Message, note: Note) {
        self.keep(Held { guest: asking, port, end: off, note: Some(note) });
    }

    /// Whoever is asking sends a message that may begin or end something.
    pub(super) fn track(&mut self, asking: Guest, port: PortIndex, message: &Message) {
        match message.hold() {
            Some((end, true)) if asking != Guest::NOBODY => {
                self.keep(Held { guest: asking, port, end, note: None });
            }
            Some((end, false)) => self.release(port, end),
            _ => {}
        }
    }

    fn keep(&mut self, held: Held) {
        if !self.held.contains(&held) {
            self.held.push(held);
        }
    }

    /// Where a note sounds that whoever is asking ends, and what ends it there: their own, or else anybody's.
    pub(super) fn ends_of(&self, asking: Guest, note: Note) -> Vec<(PortIndex, Message)> {
        let of = |guest: Option<Guest>| {
            let held = self.held.iter().filter(|held| held.note == Some(note));
            let theirs = held.filter(|held| guest.is_none_or(|guest| held.guest == guest));
            theirs.map(|held| (held.port, held.end)).collect::<Vec<_>>()
        };
        let own = of(Some(asking));
        if own.is_empty() { of(None) } else { own }
    }

    /// Something ends, whoever ended it.
    pub(super) fn release(&mut self, port: PortIndex, end: Message) {
        self.held.retain(|held| (held.port, held.end) != (port, end));
    }

    /// Everything ends.
    pub(super) fn release_all(&mut self) {
        self.held.clear();
    }
}

impl Control {
    /// Somebody has left: what they hold ends, and nothing is kept for them any more.
    pub fn leave(&mut self, guest: Guest, now: Moment) {
        let (theirs, others): (Vec<Held>, _) =
            self.guests.held.drain(..).partition(|held| held.guest == guest && guest != Guest::NOBODY);
        self.guests.held = others;
        for Held { port, end, note, .. } in theirs {
            // Somebody else may have a finger on the same key.
            if !self.guests.held.iter().any(|held| (held.port, held.end) == (port, end)) {
                self.end(port, end, note, now.ns, now);
            }
        }
        let off = Switch::To(OnOff(false));
        self.out.asking = guest;
        // Neither refuses.
        let _ = self.look_at_takes(off);
        let _ = self.watch_midi(off);
    }

    /// Ends something that is held, and the envelopes it holds open.
    pub(super) fn end(&mut self, port: PortIndex, end: Message, note: Option<Note>, due_ns: u64, now: Moment) {
        self.out.send(port, due_ns, What::Message(end));
        self.guests.release(port, end);
        if let (Some(at), Some(note)) = (self.instruments.at_port(port), note) {
            self.instruments.gate_off(at, note, due_ns, &self.out, now);
        }
    }

    /// Whoever is asking looks at what comes and goes, or no more.
    pub(super) fn watch_midi(&mut self, state: Switch) -> Answer {
        self.ports.monitor.turn(self.guests.monitor.switch(self.out.asking, state));
        Ok(String::new())
    }

    /// The guest who asks opens the list of takes, or closes it.
    pub(super) fn look_at_takes(&mut self, state: Switch) -> Answer {
        self.recorder.look(self.guests.takes.switch(self.out.asking, state))
    }

    /// Plays a note for some time.
    pub(super) fn note_play(&mut self, note: Note, velocity: Velocity, ms: u32, now: Moment) -> Answer {
        let (port, off) = self.instruments.begin(note, velocity, &mut self.out, now)?;
        self.end(port, off, Some(note), now.ns + u64::from(ms) * 1_000_000, now);
        done()
    }

    /// Nothing sounds any more.
    pub(super) fn panic(&mut self, now: Moment) -> Answer {
        for port in self.ports.indices() {
            self.out.send(port, now.ns, What::Panic);
        }
        self.out.renderer.silence();
        self.instruments.gates_off(&self.out, now);
        self.guests.release_all();
        Ok("all notes off".to_owned())
    }

    pub(super) fn note_on(&mut self, note: Note, velocity: Velocity, now: Moment) -> Answer {
        let (port, off) = self.instruments.begin(note, velocity, &mut self.out, now)?;
        self.guests.hold(self.out.asking, port, off, note);
        done()
    }

    /// Ends a note where it began; one that nobody began, on the instrument in use.
    pub(super) fn note_off(&mut self, note: Note, now: Moment) -> Answer {
        let mut ends = self.guests.ends_of(self.out.asking, note);
        if ends.is_empty() {
            let off = Message::note_off(self.instruments.instrument().channel(), note);
            ends.extend(self.instruments.instrument().port.map(|port| (port, off)));
        }
        for (port, off) in ends {
            self.end(port, off, Some(note), now.ns, now);
        }
        done()
    }

    pub(super) fn send_raw(&mut self, hex: &Hex, due_ns: u64) -> Answer {
        for bytes in hex.messages() {
            for port in self.ports.outputs().collect::<Vec<_>>() {
                let what = match Message::from_bytes(bytes) {
                    Some(message) => {
                        self.guests.track(self.out.asking, port, &message);
                        What::Message(message)
                    }
                    None => What::SysEx(bytes.into()),
                };
                self.out.send(port, due_ns, what);
            }
        }
        done()
    }
}

#[cfg(test)]
mod tests;
