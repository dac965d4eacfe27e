//! What was moved, so that it can be taken back: the steps of one instrument. Pure; the control thread's.

use crate::snapshots::Snapshot;
use std::{
    collections::{BTreeMap, VecDeque},
    mem,
};

/// So many steps can be taken back.
const STEPS_MAX: usize = 200;
/// Moves of one parameter that are no further apart are one step.
const ONE_MOVE_NS: u64 = 500_000_000;

/// A snapshot that was replaced or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shelved {
    /// Whether it is one of the session's, not of the library.
    pub in_session: bool,
    /// The profile's id.
    pub profile: String,
    /// What it is called.
    pub name: String,
    /// What changes places with what is there when the step is taken back or done again; nothing for none.
    pub other: Option<Snapshot>,
}

/// One step: where each parameter it moved was before, and where it went; or what a snapshot was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it was, as a person says it.
    pub label: String,
    /// By the parameter's place: before and after.
    moves: BTreeMap<usize, (u16, u16)>,
    /// What it did to a snapshot.
    pub shelved: Option<Shelved>,
    /// The parameter a hand moved; nothing for many at once.
    of: Option<usize>,
    /// The instant of a hand's last move, while another one may still belong to it.
    open_ns: Option<u64>,
}

impl Step {
    fn does_something(&self) -> bool {
        self.shelved.is_some() || self.moves.values().any(|(before, after)| before != after)
    }

    /// Where the parameters were before it.
    pub fn before(&self) -> Vec<(usize, u16)> {
        self.moves.iter().map(|(index, (before, _))| (*index, *before)).collect()
    }

    /// Where it moved them.
    pub fn after(&self) -> Vec<(usize, u16)> {
        self.moves.iter().map(|(index, (_, after))| (*index, *after)).collect()
    }
}

/// The steps of one instrument.
#[derive(Debug, Default)]
pub struct History {
    past: VecDeque<Step>,
    /// Taken back, the last one first.
    future: Vec<Step>,
}

impl History {
    /// A hand moved a parameter, the first of these, and what that drives.
    pub fn hand(&mut self, moves: &[(usize, (u16, u16))], label: &str, now_ns: u64) {
        let Some((index, _)) = moves.first() else { return };
        if moves.iter().all(|(_, (before, after))| before == after) {
            return;
        }
        self.future.clear();
        // Two hands on two knobs are two steps, however their moves alternate: steps of different knobs can change places.
        let is_open = |step: &&mut Step| step.open_ns.is_some_and(|open| now_ns.saturating_sub(open) <= ONE_MOVE_NS);
        let shares = |step: &Step| moves.iter().any(|(index, _)| step.moves.contains_key(index));
        let nearest = self.past.iter_mut().rev().take_while(is_open).find(|step| shares(step));
        if let Some(step) = nearest.filter(|step| step.of == Some(*index)) {
            for (index, (before, after)) in moves {
                step.moves.entry(*index).or_insert((*before, *after)).1 = *after;
            }
            step.open_ns = Some(now_ns);
            self.past.retain(Step::does_something);
            return;
        }
        self.push(Step {
            label: label.to_owned(),
            moves: moves.iter().copied().collect(),
            shelved: None,
            of: Some(*index),
            open_ns: Some(now_ns),
        });
    }

    /// Many parameters went from `values` to `targets` at once.
    pub fn whole(&mut self, values: &[u16], targets: &[(usize, u16)], label: &str) {
        let of = |(index, after): &(usize, u16)| Some((*index, (*values.get(*index)?, *after)));
        let moves: BTreeMap<usize, (u16, u16)> =
            targets.iter().filter_map(of).filter(|(_, (before, after))| before != after).collect();
        if !moves.is_empty() {
            self.future.clear();
            self.push(Step { label: label.to_owned(), moves, shelved: None, of: None, open_ns: None });
        }
    }

    /// A snapshot was replaced or deleted.
    pub fn shelved(&mut self, shelved: Shelved, label: String) {
        self.future.clear();
        self.push(Step { label, moves: BTreeMap::new(), shelved: Some(shelved), of: None, open_ns: None });
    }

    fn push(&mut self, step: Step) {
        if self.past.len() == STEPS_MAX {
            self.past.pop_front();
        }
        self.past.push_back(step);
    }

    /// The step to take back; nothing where there is none. [`undone`](History::undone) is to get it.
    pub fn undo(&mut self) -> Option<Step> {
        let mut step = self.past.pop_back()?;
        step.open_ns = None;
        // What is moved from here on is a step of its own.
        self.past.iter_mut().for_each(|step| step.open_ns = None);
        Some(step)
    }

    /// A step was taken back.
    pub fn undone(&mut self, step: Step) {
        self.future.push(step);
    }

    /// The step to do again; nothing where none was taken back. [`redone`](History::redone) is to get it.
    pub fn redo(&mut self) -> Option<Step> {
        self.future.pop()
    }

    /// A step was done again.
    pub fn redone(&mut self, step: Step) {
        self.past.push_back(step);
    }

    /// The same parameters answer to other values now: every step leads to what they answer to.
    pub fn refit(&mut self, snap: impl Fn(usize, u16) -> u16) {
        let fit = |step: &mut Step| {
            for (index, (before, after)) in &mut step.moves {
                (*before, *after) = (snap(*index, *before), snap(*index, *after));
            }
            step.moves.retain(|_, (before, after)| before != after);
            step.does_something()
        };
        self.past.retain_mut(fit);
        self.future.retain_mut(fit);
    }

    /// Another synth: nothing can be taken back.
    pub fn forget(&mut self) {
        mem::take(self);
    }
}

#[cfg(test)]
mod tests;
