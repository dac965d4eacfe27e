//! A modulator on a parameter: what it is, which of several, and how far it has come.

use super::{Chance, Envelope, Gate, GatedBy, Lfo, Now, lfo::Turned};

/// An LFO or an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Modulator {
    /// Goes by itself.
    Lfo(Lfo),
    /// Goes when it is begun.
    Envelope(Envelope),
}

/// Which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An LFO.
    Lfo,
    /// An envelope.
    Envelope,
}

/// Which of a parameter's modulators: a kind, and a number from 1 to [`Slot::NUMBER_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// Which kind.
    pub kind: Kind,
    /// Counted from 1.
    pub number: u8,
}

impl Slot {
    /// So many of each kind may be on one parameter.
    pub const NUMBER_MAX: u8 = 4;
}

impl Modulator {
    /// One of a kind, with what a person who says nothing more wants.
    pub fn new(kind: Kind) -> Modulator {
        match kind {
            Kind::Lfo => Modulator::Lfo(Lfo::default()),
            Kind::Envelope => Modulator::Envelope(Envelope::default()),
        }
    }
}

/// A modulator at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Running {
    modulator: Modulator,
    turned: Turned,
    gate: Gate,
    chance: Chance,
}

impl Running {
    /// One that begins now; `chance` is its own.
    pub fn new(modulator: Modulator, chance: Chance, now: Now) -> Running {
        Running { modulator, turned: Turned::new(now), gate: Gate::SHUT, chance }
    }

    /// What it is.
    pub fn modulator(&self) -> &Modulator {
        &self.modulator
    }

    /// Is another one from now on, and goes on from where it is.
    pub fn change_to(&mut self, modulator: Modulator, now: Now) {
        if let (Modulator::Lfo(before), Modulator::Lfo(_)) = (&self.modulator, &modulator) {
            self.turned.go_on(before.rate, now);
        }
        if let (Modulator::Envelope(before), Modulator::Envelope(after)) = (&self.modulator, &modulator)
            && before.gated_by != after.gated_by
        {
            self.gate.shut(before, now.ns);
        }
        self.modulator = modulator;
    }

    /// Begins or ends an envelope; nothing for what goes by itself.
    pub fn set_gate(&mut self, open: bool, now: Now) {
        if let Modulator::Envelope(envelope) = &self.modulator {
            if open { self.gate.open(envelope, now.ns) } else { self.gate.shut(envelope, now.ns) }
        }
    }

    /// Whether its gate is open.
    pub fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// Whether notes begin it.
    pub fn is_gated_by_notes(&self) -> bool {
        matches!(self.modulator, Modulator::Envelope(Envelope { gated_by: GatedBy::Notes, .. }))
    }

    /// Whether it adds the same until its gate changes.
    pub fn rests(&self, now: Now) -> bool {
        match &self.modulator {
            Modulator::Lfo(_) => false,
            Modulator::Envelope(envelope) => self.gate.rests(envelope, now.ns),
        }
    }

    /// What it adds to the knob's position at an instant.
    pub fn at(&self, now: Now) -> f64 {
        match &self.modulator {
            Modulator::Lfo(lfo) => lfo.at(self.turned, self.chance, now),
            Modulator::Envelope(envelope) => envelope.depth * self.gate.level(envelope, now.ns),
        }
    }
}
