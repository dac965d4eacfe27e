//! The `/` line: which knobs are called so, and which of them has the focus. Pure.

use super::line::CommandLine;
use crate::profile::Profile;

/// A search for a knob. What is found is worked out anew each time, so that it fits any instrument.
#[derive(Clone, Debug, Default)]
pub struct Find {
    line: CommandLine,
    /// The place of the knob that was moved to; none as long as the first of those found is meant.
    chosen: Option<usize>,
}

impl Find {
    /// A new search: nothing is typed yet.
    pub fn open(&mut self) {
        self.line.open("");
        self.chosen = None;
    }

    /// What is typed.
    pub fn line(&self) -> &CommandLine {
        &self.line
    }

    /// Changes what is typed; where it reads otherwise then, the first of those found is meant.
    pub fn edit(&mut self, change: impl FnOnce(&mut CommandLine)) {
        let before = self.line.text();
        change(&mut self.line);
        if self.line.text() != before {
            self.chosen = None;
        }
    }

    /// The places of the first `count` knobs whose label, name or section contains each word, in order.
    pub fn found(&self, profile: &Profile, count: usize) -> Vec<usize> {
        let text = self.line.text().to_lowercase();
        let is_found = |at: &usize| {
            let Some(param) = profile.params.get(*at) else { return false };
            let section = profile.sections.get(param.section).map_or("", String::as_str);
            let texts = [&param.label, &param.name, section].map(str::to_lowercase);
            text.split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
        };
        (0..count).filter(is_found).collect()
    }

    /// Which of `found` has the focus; `from`, where it was before, as long as nothing is typed or found.
    pub fn focused(&self, found: &[usize], from: usize) -> usize {
        let chosen = self.chosen.filter(|at| found.contains(at));
        let first = || if self.line.text().trim().is_empty() { None } else { found.first().copied() };
        chosen.or_else(first).unwrap_or(from)
    }

    /// To the next of those found, or the one before, around the ends.
    pub fn step(&mut self, found: &[usize], from: usize, forward: bool) {
        let Some(at) = found.iter().position(|at| *at == self.focused(found, from)) else { return };
        let to = if forward { at + 1 } else { at + found.len() - 1 };
        self.chosen = found.get(to % found.len()).copied();
    }
}
