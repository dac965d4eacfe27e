//! An envelope: attack, decay, sustain and release, started and released by a gate.

/// The source of an envelope's gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatedBy {
    /// The notes of its instrument: the gate is open from the first held note to the last release; each note restarts
    /// the envelope.
    Notes,
    /// `mod.gate` alone.
    Command,
}

/// The settings of an envelope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// Time from the present level to the top, in ms.
    pub attack_ms: f64,
    /// Time from the top to the sustain level, in ms.
    pub decay_ms: f64,
    /// Sustain level, as a part of the top, 0 to 1.
    pub sustain: f64,
    /// Time from the present level to 0, in ms.
    pub release_ms: f64,
    /// The amount that the top adds to the knob's position, -1 to 1.
    pub depth: f64,
    /// The source of its gate.
    pub gated_by: GatedBy,
}

impl Envelope {
    /// The longest attack, decay or release: a minute.
    pub const STAGE_MS_MAX: f64 = 60_000.0;
}

impl Default for Envelope {
    /// A pluck.
    fn default() -> Envelope {
        Envelope {
            attack_ms: 5.0,
            decay_ms: 300.0,
            sustain: 0.3,
            release_ms: 300.0,
            depth: 0.5,
            gated_by: GatedBy::Notes,
        }
    }
}

/// The state of an envelope: the time of the last gate change, and the level at that time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gate {
    open: bool,
    since_ns: u64,
    from_level: f64,
}

impl Gate {
    /// An envelope that was never started.
    pub const SHUT: Gate = Gate { open: false, since_ns: 0, from_level: 0.0 };

    /// Starts the envelope from its present level.
    pub fn open(&mut self, envelope: &Envelope, now_ns: u64) {
        *self = Gate { open: true, since_ns: now_ns, from_level: self.level(envelope, now_ns) };
    }

    /// Releases it from its present level; a released one continues.
    pub fn shut(&mut self, envelope: &Envelope, now_ns: u64) {
        if self.open {
            *self = Gate { open: false, since_ns: now_ns, from_level: self.level(envelope, now_ns) };
        }
    }

    /// Whether the gate is open.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether its level is constant until the gate changes.
    pub fn rests(&self, envelope: &Envelope, now_ns: u64) -> bool {
        let gone_ms = now_ns.saturating_sub(self.since_ns) as f64 * 1e-6;
        match self.open {
            true => gone_ms >= envelope.attack_ms + envelope.decay_ms,
            false => self.from_level == 0.0 || gone_ms >= envelope.release_ms,
        }
    }

    /// The level, 0 to 1. The attack is linear; decay and release fall fast at first, along a parabola that ends in
    /// time.
    pub fn level(&self, envelope: &Envelope, now_ns: u64) -> f64 {
        let gone_ms = now_ns.saturating_sub(self.since_ns) as f64 * 1e-6;
        if !self.open {
            return fall(self.from_level, 0.0, gone_ms, envelope.release_ms);
        }
        if gone_ms < envelope.attack_ms {
            return self.from_level + (1.0 - self.from_level) * gone_ms / envelope.attack_ms;
        }
        fall(1.0, envelope.sustain, gone_ms - envelope.attack_ms, envelope.decay_ms)
    }
}

fn fall(from: f64, to: f64, gone_ms: f64, length_ms: f64) -> f64 {
    if gone_ms >= length_ms {
        return to;
    }
    let left = 1.0 - gone_ms / length_ms;
    to + (from - to) * left * left
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;
    const ENVELOPE: Envelope = Envelope {
        attack_ms: 100.0,
        decay_ms: 200.0,
        sustain: 0.5,
        release_ms: 400.0,
        depth: 1.0,
        gated_by: GatedBy::Notes,
    };

    #[test]
    fn it_rises_holds_the_sustain_and_ends_at_0() {
        let mut gate = Gate::SHUT;
        assert_eq!(gate.level(&ENVELOPE, 7 * MS), 0.0);
        gate.open(&ENVELOPE, 10 * MS);
        let level = |gate: &Gate, ms: u64| gate.level(&ENVELOPE, ms * MS);
        assert_eq!([10, 60, 110, 310, 5000].map(|ms| level(&gate, ms)), [0.0, 0.5, 1.0, 0.5, 0.5]);
        assert_eq!([10, 309, 310, 5000].map(|ms| gate.rests(&ENVELOPE, ms * MS)), [false, false, true, true]);
        gate.shut(&ENVELOPE, 6000 * MS);
        assert_eq!([6000, 6200, 6400, 9000].map(|ms| level(&gate, ms)), [0.5, 0.125, 0.0, 0.0]);
        assert_eq!([6000, 6399, 6400].map(|ms| gate.rests(&ENVELOPE, ms * MS)), [false, false, true]);
    }

    #[test]
    fn a_stage_of_no_length_is_a_jump() {
        let envelope = Envelope { attack_ms: 0.0, decay_ms: 0.0, release_ms: 0.0, ..ENVELOPE };
        let mut gate = Gate::SHUT;
        gate.open(&envelope, MS);
        assert_eq!(gate.level(&envelope, MS), 0.5);
        gate.shut(&envelope, 2 * MS);
        assert_eq!(gate.level(&envelope, 2 * MS), 0.0);
    }

    proptest! {
        #[test]
        fn it_never_jumps_whenever_the_gate_changes(steps in prop::collection::vec((any::<bool>(), 1u64..500), 1..20)) {
            let mut gate = Gate::SHUT;
            let mut ms = 0;
            for (open, wait_ms) in steps {
                ms += wait_ms;
                let before = gate.level(&ENVELOPE, ms * MS);
                if open { gate.open(&ENVELOPE, ms * MS) } else { gate.shut(&ENVELOPE, ms * MS) }
                let after = gate.level(&ENVELOPE, ms * MS);
                prop_assert!((before - after).abs() < 1e-9);
                prop_assert!((0.0..=1.0).contains(&after));
            }
        }
    }
}
