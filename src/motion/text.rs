//! The text form of modulators: `lfo sine 1/4 depth 0.3`, `env2 attack 10 sustain 0.5`.
//!
//! Omitted settings keep their value, or have the default for a new modulator.

use super::{Division, Envelope, GatedBy, Lfo, LfoRate, LfoShape, Modulator, ModulatorKind, ModulatorSlot};
use std::{fmt, str::FromStr};

/// A request for a modulator: its slot, and the settings to change.
#[derive(Clone, Debug, PartialEq)]
pub struct ModulatorRequest {
    /// Which slot of the parameter.
    pub slot: ModulatorSlot,
    changes: Vec<Change>,
}

/// One setting, of one word or two.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Change {
    Shape(LfoShape),
    Rate(LfoRate),
    /// By its index in the kind's [`NUMBERS`](numbers).
    Number(usize, f64),
    GatedBy(GatedBy),
}

/// A named number.
struct Number {
    name: &'static str,
    min: f64,
    max: f64,
    unit: &'static str,
}

const fn number(name: &'static str, min: f64, max: f64, unit: &'static str) -> Number {
    Number { name, min, max, unit }
}

const LFO: [Number; 3] =
    [number("depth", -1.0, 1.0, ""), number("phase", 0.0, 1.0, ""), number("offset", -1.0, 1.0, "")];
const ENVELOPE: [Number; 5] = [
    number("attack", 0.0, Envelope::STAGE_MS_MAX, " ms"),
    number("decay", 0.0, Envelope::STAGE_MS_MAX, " ms"),
    number("sustain", 0.0, 1.0, ""),
    number("release", 0.0, Envelope::STAGE_MS_MAX, " ms"),
    number("depth", -1.0, 1.0, ""),
];
const GATED_BY: [(&str, GatedBy); 2] = [("notes", GatedBy::Notes), ("command", GatedBy::Command)];

impl ModulatorKind {
    fn word(self) -> &'static str {
        match self {
            ModulatorKind::Lfo => "lfo",
            ModulatorKind::Envelope => "env",
        }
    }

    fn numbers(self) -> &'static [Number] {
        match self {
            ModulatorKind::Lfo => &LFO,
            ModulatorKind::Envelope => &ENVELOPE,
        }
    }

    /// The allowed values after its name.
    fn allowed(self) -> String {
        let mut allowed: Vec<String> = Vec::new();
        if self == ModulatorKind::Lfo {
            allowed.extend(LfoShape::NAMES.map(|(name, _)| name.to_owned()));
            allowed.push(format!("{}hz to {}hz", LfoRate::HZ_MIN, LfoRate::HZ_MAX));
            allowed.push("8bars to 1bar, 1/2 to 1/32 (t triplet, d dotted)".to_owned());
        }
        let numbers = self.numbers().iter().map(|Number { name, min, max, unit }| format!("{name} {min}..{max}{unit}"));
        allowed.extend(numbers);
        if self == ModulatorKind::Envelope {
            allowed.push("by notes|command".to_owned());
        }
        allowed.join(", ")
    }
}

/// Why a text is no request: the allowed words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAModulator(String);

impl FromStr for ModulatorSlot {
    type Err = NotAModulator;

    /// Reads `lfo`, `lfo2`, `env`.
    fn from_str(word: &str) -> Result<ModulatorSlot, NotAModulator> {
        let kinds = [ModulatorKind::Lfo, ModulatorKind::Envelope];
        let slot = kinds.into_iter().find_map(|kind| {
            let number = match word.strip_prefix(kind.word())? {
                "" => 1,
                digits => digits.parse().ok().filter(|number| (1..=ModulatorSlot::NUMBER_MAX).contains(number))?,
            };
            Some(ModulatorSlot { kind, number })
        });
        let most = ModulatorSlot::NUMBER_MAX;
        slot.ok_or_else(|| {
            NotAModulator(format!("lfo or env, or one of several: lfo1 to lfo{most}, env1 to env{most}"))
        })
    }
}

impl fmt::Display for ModulatorSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.word())?;
        if self.number > 1 { write!(f, "{}", self.number) } else { Ok(()) }
    }
}

impl FromStr for ModulatorRequest {
    type Err = NotAModulator;

    fn from_str(text: &str) -> Result<ModulatorRequest, NotAModulator> {
        let mut words = text.split_whitespace();
        let slot: ModulatorSlot = words.next().unwrap_or_default().parse()?;
        let kind = slot.kind;
        let refused =
            |word: &str| NotAModulator(format!("{} {}; '{word}' is not one of these", kind.word(), kind.allowed()));
        let mut changes = Vec::new();
        while let Some(word) = words.next() {
            let shape = LfoShape::NAMES.iter().find(|(name, _)| *name == word);
            let named = kind.numbers().iter().position(|number| number.name == word);
            changes.push(match (kind, named, shape) {
                (_, Some(at), _) => {
                    let Number { min, max, .. } = kind.numbers()[at];
                    let value = words.next().unwrap_or_default();
                    let number = value.parse().ok().filter(|number: &f64| (min..=max).contains(number));
                    Change::Number(at, number.ok_or_else(|| refused(&format!("{word} {value}")))?)
                }
                (ModulatorKind::Lfo, _, Some((_, shape))) => Change::Shape(*shape),
                (ModulatorKind::Lfo, _, None) => Change::Rate(word.parse().map_err(|()| refused(word))?),
                (ModulatorKind::Envelope, _, _) if word == "by" => {
                    let by = words.next().unwrap_or_default();
                    let known = GATED_BY.iter().find(|(name, _)| *name == by);
                    Change::GatedBy(known.map(|(_, by)| *by).ok_or_else(|| refused(&format!("by {by}")))?)
                }
                (ModulatorKind::Envelope, _, _) => return Err(refused(word)),
            });
        }
        Ok(ModulatorRequest { slot, changes })
    }
}

impl fmt::Display for ModulatorRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.slot)?;
        for change in &self.changes {
            match change {
                Change::Shape(shape) => write!(f, " {}", name_of(&LfoShape::NAMES, shape))?,
                Change::Rate(rate) => write!(f, " {rate}")?,
                Change::Number(at, value) => {
                    let name = self.slot.kind.numbers().get(*at).map_or("", |number| number.name);
                    write!(f, " {name} {value}")?;
                }
                Change::GatedBy(by) => write!(f, " by {}", name_of(&GATED_BY, by))?,
            }
        }
        Ok(())
    }
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], wanted: &T) -> &'static str {
    names.iter().find(|(_, known)| known == wanted).map_or("", |(name, _)| name)
}

impl ModulatorRequest {
    /// The request for a modulator like this one: settings with the default are left out, except the depth.
    pub fn of(slot: ModulatorSlot, modulator: &Modulator) -> ModulatorRequest {
        let new = Modulator::new(slot.kind);
        let mut changes = Vec::new();
        match (modulator, &new) {
            (Modulator::Lfo(lfo), _) => changes.extend([Change::Shape(lfo.shape), Change::Rate(lfo.rate)]),
            (Modulator::Envelope(this), Modulator::Envelope(new)) if this.gated_by != new.gated_by => {
                changes.push(Change::GatedBy(this.gated_by));
            }
            _ => {}
        }
        let names = slot.kind.numbers().iter().map(|number| number.name);
        for (at, ((value, usual), name)) in modulator.numbers().into_iter().zip(new.numbers()).zip(names).enumerate() {
            if value != usual || name == "depth" {
                changes.push(Change::Number(at, value));
            }
        }
        ModulatorRequest { slot, changes }
    }

    /// The words that may follow this text.
    pub fn may_follow(text: &str) -> Vec<&'static str> {
        let Some(slot) = text.split_whitespace().next() else {
            return vec!["lfo", "lfo2", "lfo3", "lfo4", "env", "env2", "env3", "env4"];
        };
        let Ok(ModulatorSlot { kind, .. }) = slot.parse() else { return Vec::new() };
        let numbers = || kind.numbers().iter().map(|number| number.name);
        let last = text.split_whitespace().last().unwrap_or_default();
        match kind {
            // A number follows here.
            _ if numbers().any(|name| name == last) => Vec::new(),
            ModulatorKind::Lfo => {
                let shapes = LfoShape::NAMES.iter().map(|(name, _)| *name);
                shapes.chain(Division::ALL.iter().map(|division| division.name)).chain(numbers()).collect()
            }
            ModulatorKind::Envelope if last == "by" => GATED_BY.iter().map(|(name, _)| *name).collect(),
            ModulatorKind::Envelope => numbers().chain(["by"]).collect(),
        }
    }

    /// The modulator after the request, given the present one or none.
    pub fn applied_to(&self, before: Option<&Modulator>) -> Modulator {
        let mut modulator = before.copied().unwrap_or_else(|| Modulator::new(self.slot.kind));
        for change in &self.changes {
            match (&mut modulator, *change) {
                (Modulator::Lfo(lfo), Change::Shape(shape)) => lfo.shape = shape,
                (Modulator::Lfo(lfo), Change::Rate(rate)) => lfo.rate = rate,
                (modulator, Change::Number(at, value)) => {
                    if let Some(number) = modulator.numbers_mut().into_iter().nth(at) {
                        *number = value;
                    }
                }
                (Modulator::Envelope(envelope), Change::GatedBy(by)) => envelope.gated_by = by,
                // The parser gives each kind only its own settings.
                (Modulator::Lfo(_), Change::GatedBy(_)) | (Modulator::Envelope(_), _) => {}
            }
        }
        modulator
    }
}

impl Modulator {
    /// Its numbers, in the order of the kind's [`Number`]s.
    fn numbers_mut(&mut self) -> Vec<&mut f64> {
        match self {
            Modulator::Lfo(Lfo { depth, phase, offset, .. }) => vec![depth, phase, offset],
            Modulator::Envelope(Envelope { attack_ms, decay_ms, sustain, release_ms, depth, .. }) => {
                vec![attack_ms, decay_ms, sustain, release_ms, depth]
            }
        }
    }

    fn numbers(mut self) -> Vec<f64> {
        self.numbers_mut().into_iter().map(|number| *number).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wanted(text: &str) -> ModulatorRequest {
        text.parse().unwrap()
    }

    #[test]
    fn omitted_settings_keep_their_value() {
        let first = wanted("lfo square 1/8 depth 0.5 phase 0.25").applied_to(None);
        let expected =
            Lfo { shape: LfoShape::Square, rate: "1/8".parse().unwrap(), depth: 0.5, phase: 0.25, ..Lfo::default() };
        assert_eq!(first, Modulator::Lfo(expected));
        let second = wanted("lfo 3hz offset -0.1").applied_to(Some(&first));
        assert_eq!(second, Modulator::Lfo(Lfo { rate: LfoRate::Hz(3.0), offset: -0.1, ..expected }));
        assert_eq!(wanted("lfo2").slot, ModulatorSlot { kind: ModulatorKind::Lfo, number: 2 });
        let envelope = wanted("env attack 1 sustain 0 depth -1 by command").applied_to(None);
        let expected =
            Envelope { attack_ms: 1.0, sustain: 0.0, depth: -1.0, gated_by: GatedBy::Command, ..Envelope::default() };
        assert_eq!(envelope, Modulator::Envelope(expected));
    }

    #[test]
    fn a_word_that_is_not_allowed_is_refused_with_the_allowed_ones() {
        for (bad, word) in [
            ("", "lfo or env"),
            ("lfo0", "lfo1 to lfo4"),
            ("lfo5", "lfo1 to lfo4"),
            ("adsr", "lfo or env"),
            ("lfo depth", "'depth '"),
            ("lfo depth 2", "'depth 2'"),
            ("lfo depth nan", "'depth nan'"),
            ("lfo 30hz", "'30hz'"),
            ("lfo attack 3", "'attack'"),
            ("env sine", "'sine'"),
            ("env by hand", "'by hand'"),
            ("env attack 60001", "'attack 60001'"),
        ] {
            let error = bad.parse::<ModulatorRequest>().unwrap_err().to_string();
            assert!(error.contains(word), "{bad}: {error}");
        }
    }

    #[test]
    fn every_word_that_may_follow_is_accepted() {
        for text in ["lfo", "env", "lfo3 sine", "env2 attack 3", "env by"] {
            let words = ModulatorRequest::may_follow(text);
            assert!(words.len() > 1, "{text}");
            for word in words {
                let fits = ["", " 0.5", " notes"]
                    .iter()
                    .any(|rest| format!("{text} {word}{rest}").parse::<ModulatorRequest>().is_ok());
                assert!(fits, "{text} {word}");
            }
        }
        assert!(ModulatorRequest::may_follow("").iter().all(|word| word.parse::<ModulatorSlot>().is_ok()));
        assert!(
            ModulatorRequest::may_follow("lfo depth").is_empty() && ModulatorRequest::may_follow("adsr").is_empty()
        );
    }

    fn any_modulator() -> impl Strategy<Value = Modulator> {
        let rate = prop_oneof![
            (0.01f64..=20.0).prop_map(LfoRate::Hz),
            (0..Division::ALL.len()).prop_map(|at| LfoRate::Synced(Division::ALL[at]))
        ];
        let lfo = (0usize..6, rate, -1.0f64..=1.0, 0.0f64..=1.0, -1.0f64..=1.0).prop_map(
            |(shape, rate, depth, phase, offset)| {
                Modulator::Lfo(Lfo { shape: LfoShape::NAMES[shape].1, rate, depth, phase, offset })
            },
        );
        let ms = || 0.0f64..=Envelope::STAGE_MS_MAX;
        let envelope = (ms(), ms(), 0.0f64..=1.0, ms(), -1.0f64..=1.0, any::<bool>()).prop_map(
            |(attack_ms, decay_ms, sustain, release_ms, depth, by_notes)| {
                let gated_by = if by_notes { GatedBy::Notes } else { GatedBy::Command };
                Modulator::Envelope(Envelope { attack_ms, decay_ms, sustain, release_ms, depth, gated_by })
            },
        );
        prop_oneof![lfo, envelope]
    }

    proptest! {
        #[test]
        fn the_text_of_a_modulator_reads_back(modulator in any_modulator(), number in 1u8..=4) {
            let kind = if matches!(modulator, Modulator::Lfo(_)) { ModulatorKind::Lfo } else { ModulatorKind::Envelope };
            let all = ModulatorRequest::of(ModulatorSlot { kind, number }, &modulator);
            let again = wanted(&all.to_string());
            prop_assert_eq!(&again, &all);
            prop_assert_eq!(again.applied_to(None), modulator);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "(lfo|env)?[0-9]? ?[a-z0-9/. -]{0,40}") {
            let _ = text.parse::<ModulatorRequest>();
        }
    }
}
