//! Clients that can leave: the panels that are kept up to date for them, and the notes, pedals and bends they hold. The
//! control thread's.
//!
//! The monitor and the list of takes cost something, so each is kept only while a client looks at it; and a note held
//! from a screen that is gone would sound for ever. Scripts and one-shot commands, which never leave, hold notes, too:
//! so a note ends where it began, whatever instrument or channel is in use by then.

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

/// The clients that look at a panel that is kept only while one does.
#[derive(Debug, Default)]
pub(super) struct Lookers(BTreeSet<Guest>);

impl Lookers {
    /// A client begins or stops looking; returns whether any looks now.
    pub(super) fn switch(&mut self, guest: Guest, state: Switch) -> bool {
        if state.applied_to(self.0.contains(&guest)) {
            self.0.insert(guest);
        } else {
            self.0.remove(&guest);
        }
        !self.0.is_empty()
    }
}

/// A note, pedal or bend that a client holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    guest: Guest,
    port: PortIndex,
    /// The message that ends it.
    end: Message,
    /// The note, where it is one that `note.off` ends.
    note: Option<Note>,
}

/// All clients that can leave.
#[derive(Debug, Default)]
pub(super) struct Guests {
    /// Those that look at the monitor.
    pub(super) monitor: Lookers,
    /// Those that look at the takes.
    pub(super) takes: Lookers,
    held: Vec<Held>,
}

impl Guests {
    /// The asking client begins a note.
    pub(super) fn hold(&mut self, asking: Guest, port: PortIndex, off: Message, note: Note) {
        self.keep(Held { guest: asking, port, end: off, note: Some(note) });
    }

    /// The asking client sends a message that may begin or end a note, a pedal or a bend.
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

    /// The ports where a note sounds that the asking client ends, and the messages that end it there: its own note, or
    /// else any client's.
    pub(super) fn ends_of(&self, asking: Guest, note: Note) -> Vec<(PortIndex, Message)> {
        let of = |guest: Option<Guest>| {
            let held = self.held.iter().filter(|held| held.note == Some(note));
            let theirs = held.filter(|held| guest.is_none_or(|guest| held.guest == guest));
            theirs.map(|held| (held.port, held.end)).collect::<Vec<_>>()
        };
        let own = of(Some(asking));
        if own.is_empty() { of(None) } else { own }
    }

    /// A note, pedal or bend ends, whichever client ended it.
    pub(super) fn release(&mut self, port: PortIndex, end: Message) {
        self.held.retain(|held| (held.port, held.end) != (port, end));
    }

    /// All of them end.
    pub(super) fn release_all(&mut self) {
        self.held.clear();
    }
}

impl Control {
    /// A client has left: its notes end, and nothing is kept for it any more.
    pub fn leave(&mut self, guest: Guest, now: Moment) {
        let (theirs, others): (Vec<Held>, _) =
            self.guests.held.drain(..).partition(|held| held.guest == guest && guest != Guest::NOBODY);
        self.guests.held = others;
        for Held { port, end, note, .. } in theirs {
            // Another client may hold the same key.
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

    /// Ends a held note, and the envelopes it holds open.
    pub(super) fn end(&mut self, port: PortIndex, end: Message, note: Option<Note>, due_ns: u64, now: Moment) {
        self.out.send(port, due_ns, What::Message(end));
        self.guests.release(port, end);
        if let (Some(at), Some(note)) = (self.instruments.at_port(port), note) {
            self.instruments.gate_off(at, note, due_ns, &self.out, now);
        }
    }

    /// The asking client begins or stops looking at the MIDI monitor.
    pub(super) fn watch_midi(&mut self, state: Switch) -> Answer {
        self.ports.monitor.turn(self.guests.monitor.switch(self.out.asking, state));
        Ok(String::new())
    }

    /// The asking client opens or closes the list of takes.
    pub(super) fn look_at_takes(&mut self, state: Switch) -> Answer {
        self.recorder.look(self.guests.takes.switch(self.out.asking, state))
    }

    /// Plays a note for some time.
    pub(super) fn note_play(&mut self, note: Note, velocity: Velocity, ms: u32, now: Moment) -> Answer {
        let (port, off) = self.instruments.begin(note, velocity, &mut self.out, now)?;
        self.end(port, off, Some(note), now.ns + u64::from(ms) * 1_000_000, now);
        done()
    }

    /// Silences everything.
    pub(super) fn panic(&mut self, now: Moment) -> Answer {
        for port in self.ports.indices() {
            self.out.send(port, now.ns, What::Panic);
        }
        self.replay.end(&mut self.out);
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

    /// Ends a note where it began; one that no client began, on the instrument in use.
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
