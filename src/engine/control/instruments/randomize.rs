//! Randomize: random values of parameters, as one step that can be undone. The control thread's.
//!
//! The instant is the only seed: in virtual time, the same script gives the same values.

use super::Instruments;
use crate::engine::control::{Moment, out::Out};
use crate::{
    command::arg::Text,
    engine::station::Answer,
    hints,
    motion::Chance,
    profile::{Param, Profile},
};

/// A sequence of random numbers.
struct Randomizer {
    chance: Chance,
    thrown: u64,
}

impl Randomizer {
    fn of_instant(ns: u64) -> Randomizer {
        Randomizer { chance: Chance(ns), thrown: 0 }
    }

    /// 0 to 1.
    fn throw(&mut self) -> f64 {
        self.thrown += 1;
        self.chance.at(self.thrown)
    }

    /// One of the values of a parameter.
    fn any(&mut self, param: &Param) -> u16 {
        let at = (self.throw() * param.options.len() as f64) as usize;
        param.options.get(at).map_or_else(|| param.value_at(self.throw()), |option| option.value)
    }

    /// A value no further from this one than a part of the range, 0 to 1; of options, a neighbouring one so often.
    fn near(&mut self, param: &Param, value: u16, part: f64) -> u16 {
        if param.options.is_empty() {
            let by = (self.throw() * 2.0 - 1.0) * part;
            return param.value_at((param.position_of(value) + by).clamp(0.0, 1.0));
        }
        if self.throw() >= part {
            return value;
        }
        let way = if self.throw() < 0.5 { -1 } else { 1 };
        // At an end there is a neighbour on one side alone.
        let there = param.step(value, way);
        if there == param.snap(value) { param.step(value, -way) } else { there }
    }
}

/// The places of the parameters to randomize: those of a section, or those whose name begins so, or all.
fn chosen(profile: &Profile, section: Option<&Text>) -> Result<Vec<usize>, String> {
    let wanted = section.map(|Text(section)| section.trim().to_lowercase());
    let named = wanted.as_ref().and_then(|wanted| profile.sections.iter().position(|s| s.to_lowercase() == *wanted));
    let fits = |param: &Param| match (&wanted, named) {
        (None, _) => true,
        (Some(_), Some(section)) => param.section == section,
        (Some(wanted), None) => param.name.starts_with(wanted.as_str()),
    };
    let places = |fits: &dyn Fn(&Param) -> bool| -> Vec<usize> {
        profile.params.iter().enumerate().filter(|(_, param)| fits(param)).map(|(index, _)| index).collect()
    };
    let found = places(&fits);
    if let Some(wanted) = wanted.as_ref().filter(|_| found.is_empty()) {
        let there_is = hints::there_is(&profile.sections);
        return Err(format!("{} has no section '{wanted}' and no parameter starting with it; {there_is}", profile.id));
    }
    let randomized = places(&|param: &Param| fits(param) && param.random);
    if randomized.is_empty() { Err("no parameter can be randomized".to_owned()) } else { Ok(randomized) }
}

impl Instruments {
    /// Sets parameters to any value.
    pub fn random(&mut self, section: Option<&Text>, out: &mut Out, now: Moment) -> Answer {
        let mut randomizer = Randomizer::of_instant(now.ns);
        self.randomize("dice", section, out, now, |param, _| randomizer.any(param))
    }

    /// Sets parameters to values near the present ones.
    pub fn mutate(&mut self, percent: f64, section: Option<&Text>, out: &mut Out, now: Moment) -> Answer {
        let mut randomizer = Randomizer::of_instant(now.ns);
        self.randomize("mutation", section, out, now, |param, value| randomizer.near(param, value, percent / 100.0))
    }

    fn randomize(
        &mut self,
        label: &str,
        section: Option<&Text>,
        out: &mut Out,
        now: Moment,
        mut throw: impl FnMut(&Param, u16) -> u16,
    ) -> Answer {
        let instrument = &self.list[self.current];
        let params = &instrument.profile.params;
        let targets: Vec<(usize, u16)> = chosen(&instrument.profile, section)?
            .into_iter()
            .map(|index| (index, throw(&params[index], out.model.knob(self.current, index))))
            .collect();
        self.remember(self.current, &targets, label, out);
        self.go_to(self.current, &targets, out, now);
        Ok(format!("{label}: {} knobs; param.undo reverts it", targets.len()))
    }
}

#[cfg(test)]
mod tests;
