//! A modulator on a parameter: what it is, which of several, and how far it has come.

use super::{Chance, Envelope, Gate, GatedBy, Lfo, MotionTime, lfo::LfoPhase};

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
pub enum ModulatorKind {
    /// An LFO.
    Lfo,
    /// An envelope.
    Envelope,
}

/// Which of a parameter's modulators: a kind, and a number from 1 to [`ModulatorSlot::NUMBER_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModulatorSlot {
    /// Which kind.
    pub kind: ModulatorKind,
    /// Counted from 1.
    pub number: u8,
}

impl ModulatorSlot {
    /// So many of each kind may be on one parameter.
    pub const NUMBER_MAX: u8 = 4;
}

impl Modulator {
    /// One of a kind, with what a person who says nothing more wants.
    pub fn new(kind: ModulatorKind) -> Modulator {
        match kind {
            ModulatorKind::Lfo => Modulator::Lfo(Lfo::default()),
            ModulatorKind::Envelope => Modulator::Envelope(Envelope::default()),
        }
    }
}

/// A modulator at work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveModulator {
    modulator: Modulator,
    turned: LfoPhase,
    gate: Gate,
    chance: Chance,
}

impl ActiveModulator {
    /// One that begins now; `chance` is its own.
    pub fn new(modulator: Modulator, chance: Chance, now: MotionTime) -> ActiveModulator {
        ActiveModulator { modulator, turned: LfoPhase::new(now), gate: Gate::SHUT, chance }
    }

    /// What it is.
    pub fn modulator(&self) -> &Modulator {
        &self.modulator
    }

    /// Is another one from now on, and goes on from where it is.
    pub fn change_to(&mut self, modulator: Modulator, now: MotionTime) {
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
    pub fn set_gate(&mut self, open: bool, now: MotionTime) {
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
    pub fn rests(&self, now: MotionTime) -> bool {
        match &self.modulator {
            Modulator::Lfo(_) => false,
            Modulator::Envelope(envelope) => self.gate.rests(envelope, now.ns),
        }
    }

    /// What it adds to the knob's position at an instant.
    pub fn at(&self, now: MotionTime) -> f64 {
        match &self.modulator {
            Modulator::Lfo(lfo) => lfo.at(self.turned, self.chance, now),
            Modulator::Envelope(envelope) => envelope.depth * self.gate.level(envelope, now.ns),
        }
    }
}
