//! A low-frequency oscillator: its wave and its rate.

use super::{Chance, MotionTime};
use crate::music::PPQN;
use std::{f64::consts::TAU, fmt, str::FromStr};

/// The wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LfoShape {
    /// From the middle upwards.
    Sine,
    /// From the middle upwards, in straight lines.
    Triangle,
    /// A ramp from the bottom up, then a jump down; a negative depth inverts it.
    Saw,
    /// High for half a cycle, then low.
    Square,
    /// A random value each cycle, gliding between them.
    Random,
    /// A random value each cycle, in steps.
    SampleHold,
}

impl LfoShape {
    /// Every shape with its name.
    pub const NAMES: [(&str, LfoShape); 6] = [
        ("sine", LfoShape::Sine),
        ("triangle", LfoShape::Triangle),
        ("saw", LfoShape::Saw),
        ("square", LfoShape::Square),
        ("random", LfoShape::Random),
        ("sample-hold", LfoShape::SampleHold),
    ];

    /// The wave after `cycles` cycles, from -1 to 1.
    pub fn at(self, cycles: f64, chance: Chance) -> f64 {
        let part = cycles - cycles.floor();
        // Cycles before the start have random values of their own, too.
        let throw = |cycle: f64| chance.at(cycle as i64 as u64) * 2.0 - 1.0;
        match self {
            LfoShape::Sine => (part * TAU).sin(),
            LfoShape::Triangle if part < 0.25 => 4.0 * part,
            LfoShape::Triangle if part < 0.75 => 2.0 - 4.0 * part,
            LfoShape::Triangle => 4.0 * part - 4.0,
            LfoShape::Saw => 2.0 * part - 1.0,
            LfoShape::Square if part < 0.5 => 1.0,
            LfoShape::Square => -1.0,
            LfoShape::Random => {
                let (from, to) = (throw(cycles.floor()), throw(cycles.floor() + 1.0));
                from + (to - from) * part
            }
            LfoShape::SampleHold => throw(cycles.floor()),
        }
    }
}

/// A length in bars or in parts of a whole note, in pulses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Division {
    /// Its text.
    pub(super) name: &'static str,
    /// Its length in pulses, 24 to a quarter note.
    pub pulses: f64,
}

const fn division(name: &'static str, quarters: f64) -> Division {
    Division { name, pulses: quarters * PPQN as f64 }
}

impl Division {
    /// All of them, the longest first; `t` is a triplet, `d` is dotted.
    pub const ALL: [Division; 19] = [
        division("8bars", 32.0),
        division("4bars", 16.0),
        division("2bars", 8.0),
        division("1bar", 4.0),
        division("1/2d", 3.0),
        division("1/2", 2.0),
        division("1/4d", 1.5),
        division("1/2t", 4.0 / 3.0),
        division("1/4", 1.0),
        division("1/8d", 0.75),
        division("1/4t", 2.0 / 3.0),
        division("1/8", 0.5),
        division("1/16d", 0.375),
        division("1/8t", 1.0 / 3.0),
        division("1/16", 0.25),
        division("1/32d", 0.1875),
        division("1/16t", 1.0 / 6.0),
        division("1/32", 0.125),
        division("1/32t", 1.0 / 12.0),
    ];
}

/// The duration of a cycle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LfoRate {
    /// Cycles per second, [`LfoRate::HZ_MIN`] to [`LfoRate::HZ_MAX`].
    Hz(f64),
    /// One cycle per division, starting with the bar.
    Synced(Division),
}

impl LfoRate {
    /// The slowest: a cycle in 100 s.
    pub const HZ_MIN: f64 = 0.01;
    /// The fastest rate: values that are sent every 10 ms can still follow it.
    pub const HZ_MAX: f64 = 20.0;
}

impl FromStr for LfoRate {
    type Err = ();

    /// Reads `0.5hz` or `1/4`.
    fn from_str(word: &str) -> Result<LfoRate, ()> {
        if let Some(division) = Division::ALL.into_iter().find(|division| division.name == word) {
            return Ok(LfoRate::Synced(division));
        }
        let hz: f64 = word.strip_suffix("hz").ok_or(())?.parse().map_err(|_| ())?;
        if (LfoRate::HZ_MIN..=LfoRate::HZ_MAX).contains(&hz) { Ok(LfoRate::Hz(hz)) } else { Err(()) }
    }
}

impl fmt::Display for LfoRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LfoRate::Hz(hz) => write!(f, "{hz}hz"),
            LfoRate::Synced(division) => f.write_str(division.name),
        }
    }
}

/// The settings of an LFO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lfo {
    /// The wave.
    pub shape: LfoShape,
    /// The rate.
    pub rate: LfoRate,
    /// The amount to either side, as a part of the knob's travel, -1 to 1; negative inverts the wave.
    pub depth: f64,
    /// The position in the cycle at which it starts, 0 to 1.
    pub phase: f64,
    /// The distance of its middle from the knob's base position, -1 to 1.
    pub offset: f64,
}

impl Default for Lfo {
    /// Audible at once, and gentle.
    fn default() -> Lfo {
        Lfo { shape: LfoShape::Sine, rate: LfoRate::Hz(1.0), depth: 0.25, phase: 0.0, offset: 0.0 }
    }
}

/// The phase of a free LFO: changing the rate keeps its place in the wave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LfoPhase {
    from_ns: u64,
    from_cycles: f64,
}

impl LfoPhase {
    /// At the start.
    pub(super) fn new(now: MotionTime) -> LfoPhase {
        LfoPhase { from_ns: now.ns, from_cycles: 0.0 }
    }

    /// Completed cycles, without the phase setting.
    fn cycles(self, rate: LfoRate, now: MotionTime) -> f64 {
        match rate {
            LfoRate::Hz(hz) => self.from_cycles + now.ns.saturating_sub(self.from_ns) as f64 * 1e-9 * hz,
            LfoRate::Synced(division) => now.pulse / division.pulses,
        }
    }

    /// Continues from here at another rate.
    pub(super) fn go_on(&mut self, rate: LfoRate, now: MotionTime) {
        *self = LfoPhase { from_cycles: self.cycles(rate, now), from_ns: now.ns };
    }
}

impl Lfo {
    /// The amount it adds to the knob's position.
    pub(super) fn at(&self, turned: LfoPhase, chance: Chance, now: MotionTime) -> f64 {
        self.offset + self.depth * self.shape.at(turned.cycles(self.rate, now) + self.phase, chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHANCE: Chance = Chance(3);

    #[test]
    fn each_wave_has_the_values_of_its_shape() {
        let quarters =
            |shape: LfoShape| [0.0, 0.25, 0.5, 0.75].map(|cycles| (shape.at(cycles, CHANCE) * 1e6).round() / 1e6);
        assert_eq!(quarters(LfoShape::Sine), [0.0, 1.0, 0.0, -1.0]);
        assert_eq!(quarters(LfoShape::Triangle), [0.0, 1.0, 0.0, -1.0]);
        assert_eq!(quarters(LfoShape::Saw), [-1.0, -0.5, 0.0, 0.5]);
        assert_eq!(quarters(LfoShape::Square), [1.0, 1.0, -1.0, -1.0]);
        let steps: Vec<f64> = (0..40).map(|at| LfoShape::SampleHold.at(f64::from(at) / 10.0, CHANCE)).collect();
        assert!(steps.chunks(10).all(|cycle| cycle.iter().all(|value| *value == cycle[0])));
        assert!(steps[0] != steps[10] && steps[10] != steps[20]);
        let glide = LfoShape::Random.at(0.5, CHANCE);
        assert!((glide - (steps[0] + steps[10]) / 2.0).abs() < 1e-9, "{glide}");
    }

    #[test]
    fn a_synced_lfo_begins_its_cycle_with_the_bar_and_a_free_one_when_it_is_set() {
        let synced = Lfo { rate: "1bar".parse().unwrap(), shape: LfoShape::Saw, depth: 1.0, ..Lfo::default() };
        let turned = LfoPhase::new(MotionTime { ns: 5, pulse: 17.0 });
        for bar in 0..4 {
            let now = MotionTime { ns: 99, pulse: f64::from(bar) * 96.0 };
            assert_eq!(synced.at(turned, CHANCE, now), -1.0);
            assert_eq!(synced.at(turned, CHANCE, MotionTime { pulse: now.pulse + 48.0, ..now }), 0.0);
        }
        let free = Lfo { rate: LfoRate::Hz(2.0), ..synced };
        assert_eq!(free.at(turned, CHANCE, MotionTime { ns: 5, pulse: 1.0 }), -1.0);
        assert_eq!(free.at(turned, CHANCE, MotionTime { ns: 250_000_005, pulse: 2.0 }), 0.0);
    }

    #[test]
    fn a_text_that_is_no_rate_is_refused() {
        for bad in ["", "1", "hz", "0hz", "-1hz", "21hz", "nanhz", "1/3", "1/64", "3bars", "1e400hz"] {
            assert_eq!(bad.parse::<LfoRate>(), Err(()), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn waves_stay_between_their_ends(cycles in -1e6f64..1e6) {
            for (_, shape) in LfoShape::NAMES {
                prop_assert!((-1.0..=1.0).contains(&shape.at(cycles, CHANCE)));
            }
        }

        #[test]
        fn a_wave_does_not_jump_where_its_rate_changes(
            (a, b) in (0.01f64..20.0, 0.01f64..20.0), (first_ns, then_ns) in (0u64..10_000_000_000, 0u64..10_000_000_000)
        ) {
            let mut turned = LfoPhase::new(MotionTime { ns: 0, pulse: 0.0 });
            let now = MotionTime { ns: first_ns, pulse: 0.0 };
            let before = turned.cycles(LfoRate::Hz(a), now);
            turned.go_on(LfoRate::Hz(a), now);
            prop_assert!((turned.cycles(LfoRate::Hz(b), now) - before).abs() < 1e-9);
            let later = MotionTime { ns: first_ns + then_ns, ..now };
            let expected = before + then_ns as f64 * 1e-9 * b;
            prop_assert!((turned.cycles(LfoRate::Hz(b), later) - expected).abs() < 1e-6);
        }

        #[test]
        fn the_text_of_rates_reads_back(hz in 0.01f64..=20.0, at in 0usize..Division::ALL.len()) {
            for rate in [LfoRate::Hz(hz), LfoRate::Synced(Division::ALL[at])] {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }
    }
}
