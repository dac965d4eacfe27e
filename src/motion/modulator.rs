//! A modulator on a parameter: its settings, its slot, and its state.

use super::{Chance, Envelope, Gate, GatedBy, Lfo, MotionTime, lfo::LfoPhase};

/// An LFO or an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Modulator {
    /// Runs by itself.
    Lfo(Lfo),
    /// Runs when its gate opens.
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
    /// Maximum modulators of each kind on one parameter.
    pub const NUMBER_MAX: u8 = 4;
}

impl Modulator {
    /// One of a kind, with the default settings.
    pub fn new(kind: ModulatorKind) -> Modulator {
        match kind {
            ModulatorKind::Lfo => Modulator::Lfo(Lfo::default()),
            ModulatorKind::Envelope => Modulator::Envelope(Envelope::default()),
        }
    }
}

/// A running modulator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveModulator {
    modulator: Modulator,
    turned: LfoPhase,
    gate: Gate,
    chance: Chance,
}

impl ActiveModulator {
    /// One that starts now, with random numbers of its own.
    pub fn new(modulator: Modulator, chance: Chance, now: MotionTime) -> ActiveModulator {
        ActiveModulator { modulator, turned: LfoPhase::new(now), gate: Gate::SHUT, chance }
    }

    /// Its settings.
    pub fn modulator(&self) -> &Modulator {
        &self.modulator
    }

    /// Changes the settings; it continues from its present state.
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

    /// Opens or closes the gate of an envelope; does nothing for an LFO.
    pub fn set_gate(&mut self, open: bool, now: MotionTime) {
        if let Modulator::Envelope(envelope) = &self.modulator {
            if open { self.gate.open(envelope, now.ns) } else { self.gate.shut(envelope, now.ns) }
        }
    }

    /// Whether its gate is open.
    pub fn is_open(&self) -> bool {
        self.gate.is_open()
    }

    /// Whether notes open its gate.
    pub fn is_gated_by_notes(&self) -> bool {
        matches!(self.modulator, Modulator::Envelope(Envelope { gated_by: GatedBy::Notes, .. }))
    }

    /// Whether its amount is constant until its gate changes.
    pub fn rests(&self, now: MotionTime) -> bool {
        match &self.modulator {
            Modulator::Lfo(_) => false,
            Modulator::Envelope(envelope) => self.gate.rests(envelope, now.ns),
        }
    }

    /// The amount it adds to the knob's position at an instant.
    pub fn at(&self, now: MotionTime) -> f64 {
        match &self.modulator {
            Modulator::Lfo(lfo) => lfo.at(self.turned, self.chance, now),
            Modulator::Envelope(envelope) => envelope.depth * self.gate.level(envelope, now.ns),
        }
    }
}
