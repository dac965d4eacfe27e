//! What can be undone: one history of all edits. Pure; the control thread owns the one there is (`engine/control/out.rs`).
//!
//! A step is one edit and the one that undoes it, under the name that an undo says. Each step has a [`Subject`]; steps of
//! different subjects can change places. `param.undo` undoes the newest step of the instrument in use, `track.undo` that of
//! a track, `edit.undo` the newest of all. An instrument has two hundred steps; tracks keep every one.

use super::{
    edit::{Edit, SnapshotScope},
    track::TrackId,
};
use std::collections::BTreeMap;

/// So many steps of an instrument can be undone.
pub const STEPS_MAX: usize = 200;
/// Moves of one parameter that are no further apart are one step.
const ONE_MOVE_NS: u64 = 500_000_000;

/// What a step is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The instrument that was in use.
    Instrument(usize),
    /// A track.
    Track(TrackId),
    /// Which tracks there are, and what they share: loop, punch, markers.
    Song,
}

impl From<usize> for Subject {
    fn from(instrument: usize) -> Subject {
        Subject::Instrument(instrument)
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryStep {
    /// What it was, as a person says it.
    pub label: String,
    subject: Subject,
    /// What undoes it.
    undo: Edit,
    /// What does it again.
    redo: Edit,
    /// The parameter a hand moved; none for many at once.
    of: Option<usize>,
    /// The instant of a hand's last move, while another one may still belong to it.
    open_ns: Option<u64>,
}

impl HistoryStep {
    fn does_something(&self) -> bool {
        self.undo != self.redo || matches!(self.undo, Edit::Snapshot { .. } | Edit::Rename { .. })
    }

    fn moves(&self, param: usize) -> bool {
        matches!(&self.undo, Edit::Knobs { to, .. } if to.contains_key(&param))
    }

    /// The edit that undoes it.
    pub fn undo(&self) -> &Edit {
        &self.undo
    }

    /// The edit that does it again.
    pub fn redo(&self) -> &Edit {
        &self.redo
    }

    fn knobs(&mut self) -> impl Iterator<Item = &mut BTreeMap<usize, u16>> {
        [&mut self.undo, &mut self.redo].into_iter().filter_map(|edit| match edit {
            Edit::Knobs { to, .. } => Some(to),
            Edit::Snapshot { .. } | Edit::Rename { .. } | Edit::Track { .. } | Edit::Song(_) => None,
        })
    }
}

/// The steps.
#[derive(Debug, Default)]
pub struct History {
    /// The newest last.
    past: Vec<HistoryStep>,
    /// Undone, the one that was undone last at the end.
    future: Vec<HistoryStep>,
}

impl History {
    /// Somebody moved a parameter of an instrument, the first of these, and what that drives: where each was, and is now.
    pub fn hand(&mut self, instrument: usize, moves: &[(usize, (u16, u16))], label: &str, now_ns: u64) {
        let Some((index, _)) = moves.first() else { return };
        if moves.iter().all(|(_, (before, after))| before == after) {
            return;
        }
        self.forget_future(instrument.into());
        // Two hands on two knobs are two steps, however their moves alternate: steps of different knobs can change places.
        let is_open =
            |step: &&mut HistoryStep| step.open_ns.is_some_and(|open| now_ns.saturating_sub(open) <= ONE_MOVE_NS);
        let shares = |step: &HistoryStep| moves.iter().any(|(index, _)| step.moves(*index));
        let mut of_instrument = self.past.iter_mut().rev().filter(|step| step.subject == instrument.into());
        let nearest = of_instrument.by_ref().take_while(is_open).find(|step| shares(step));
        if let Some(step) = nearest.filter(|step| step.of == Some(*index)) {
            if let (Edit::Knobs { to: undo, .. }, Edit::Knobs { to: redo, .. }) = (&mut step.undo, &mut step.redo) {
                for (index, (before, after)) in moves {
                    undo.entry(*index).or_insert(*before);
                    redo.insert(*index, *after);
                }
            }
            step.open_ns = Some(now_ns);
            self.past.retain(HistoryStep::does_something);
            return;
        }
        let before = moves.iter().map(|(index, (before, _))| (*index, *before));
        let after = moves.iter().map(|(index, (_, after))| (*index, *after));
        self.push(HistoryStep {
            label: label.to_owned(),
            subject: instrument.into(),
            undo: Edit::knobs(instrument, before),
            redo: Edit::knobs(instrument, after),
            of: Some(*index),
            open_ns: Some(now_ns),
        });
    }

    /// Many parameters of an instrument went from `values` to `targets` at once.
    pub fn whole(&mut self, instrument: usize, values: &[u16], targets: &[(usize, u16)], label: &str) {
        let of = |(index, after): &(usize, u16)| Some((*index, (*values.get(*index)?, *after)));
        let moves: BTreeMap<usize, (u16, u16)> =
            targets.iter().filter_map(of).filter(|(_, (before, after))| before != after).collect();
        if !moves.is_empty() {
            let undo = Edit::knobs(instrument, moves.iter().map(|(index, (before, _))| (*index, *before)));
            let redo = Edit::knobs(instrument, moves.iter().map(|(index, (_, after))| (*index, *after)));
            self.done(instrument, label.to_owned(), undo, redo);
        }
    }

    /// Something was done: what undoes it, and what does it again.
    pub fn done(&mut self, subject: impl Into<Subject>, label: String, undo: Edit, redo: Edit) {
        let subject = subject.into();
        self.forget_future(subject);
        self.push(HistoryStep { label, subject, undo, redo, of: None, open_ns: None });
    }

    /// The same for what is moved in many small steps: those of one label that are no further apart than half a second are
    /// one step.
    pub fn moved(&mut self, subject: Subject, label: String, undo: Edit, redo: Edit, now_ns: u64) {
        let is_open = |step: &&mut HistoryStep| {
            let open = step.open_ns.is_some_and(|open| now_ns.saturating_sub(open) <= ONE_MOVE_NS);
            open && step.subject == subject && step.label == label
        };
        if let Some(step) = self.past.last_mut().filter(is_open) {
            (step.redo, step.open_ns) = (redo, Some(now_ns));
            return;
        }
        self.forget_future(subject);
        self.push(HistoryStep { label, subject, undo, redo, of: None, open_ns: Some(now_ns) });
    }

    fn push(&mut self, step: HistoryStep) {
        let is_of = |other: &HistoryStep| other.subject == step.subject;
        if matches!(step.subject, Subject::Instrument(_))
            && self.past.iter().filter(|other| is_of(other)).count() == STEPS_MAX
            && let Some(oldest) = self.past.iter().position(is_of)
        {
            self.past.remove(oldest);
        }
        self.past.push(step);
    }

    /// The step of a subject to undo; none where there is none. [`undone`](History::undone) is to get it.
    pub fn undo(&mut self, subject: impl Into<Subject>) -> Option<HistoryStep> {
        let subject = subject.into();
        let at = self.past.iter().rposition(|step| step.subject == subject)?;
        let mut step = self.past.remove(at);
        step.open_ns = None;
        // What is moved from here on is a step of its own.
        self.past.iter_mut().filter(|step| step.subject == subject).for_each(|step| step.open_ns = None);
        Some(step)
    }

    /// Whether the newest step of a track is something that was recorded on it, or taken off.
    pub fn newest_is_audio(&self, track: TrackId) -> bool {
        let newest = self.past.iter().rev().find(|step| step.subject == Subject::Track(track));
        newest.is_some_and(|step| match (&step.undo, &step.redo) {
            (Edit::Track { to: Some((_, before)), .. }, Edit::Track { to: Some((_, after)), .. }) => {
                before.clips != after.clips || before.looped != after.looped
            }
            _ => false,
        })
    }

    /// The subject of the newest step that can be undone.
    pub fn newest(&self) -> Option<Subject> {
        self.past.last().map(|step| step.subject)
    }

    /// The subject of the step that was undone last.
    pub fn newest_undone(&self) -> Option<Subject> {
        self.future.last().map(|step| step.subject)
    }

    /// How many steps there are of all subjects, done and undone.
    pub fn count(&self) -> usize {
        self.past.len() + self.future.len()
    }

    /// How many steps of a subject can be undone, and done again.
    pub fn steps(&self, subject: Subject) -> [usize; 2] {
        [&self.past, &self.future].map(|steps| steps.iter().filter(|step| step.subject == subject).count())
    }

    /// A step was undone, and this edit takes that back: of a snapshot it counts from now on; of knobs, where the step
    /// moved them, for a morph may have been undone on its way.
    pub fn undone(&mut self, mut step: HistoryStep, inverse: Edit) {
        if !matches!(inverse, Edit::Knobs { .. }) {
            step.redo = inverse;
        }
        self.future.push(step);
    }

    /// The step of a subject to do again; none where none was undone. [`redone`](History::redone) is to get it.
    pub fn redo(&mut self, subject: impl Into<Subject>) -> Option<HistoryStep> {
        let subject = subject.into();
        let at = self.future.iter().rposition(|step| step.subject == subject)?;
        Some(self.future.remove(at))
    }

    /// A step was done again, and this edit takes that back; see [`undone`](History::undone).
    pub fn redone(&mut self, mut step: HistoryStep, inverse: Edit) {
        if !matches!(inverse, Edit::Knobs { .. }) {
            step.undo = inverse;
        }
        self.past.push(step);
    }

    /// The parameters of an instrument answer to other values now: every step leads to what they answer to.
    pub fn refit(&mut self, instrument: usize, snap: impl Fn(usize, u16) -> u16) {
        let fit = |step: &mut HistoryStep| {
            if step.subject == instrument.into() {
                step.knobs().flatten().for_each(|(index, value)| *value = snap(*index, *value));
            }
            step.does_something()
        };
        self.past.retain_mut(fit);
        self.future.retain_mut(fit);
    }

    /// The instrument has become another synth: none of its steps can be undone.
    pub fn forget(&mut self, instrument: usize) {
        self.past.retain(|step| step.subject != instrument.into());
        self.forget_future(instrument.into());
    }

    /// The session is another one: no track and no snapshot of the one before comes back into it.
    pub fn forget_session(&mut self) {
        let stays = |step: &HistoryStep| {
            matches!(step.subject, Subject::Instrument(_)) && step.undo.shelf() != Some(SnapshotScope::Session)
        };
        self.past.retain(stays);
        self.future.retain(stays);
    }

    fn forget_future(&mut self, subject: Subject) {
        self.future.retain(|step| step.subject != subject);
    }
}

#[cfg(test)]
mod tests;
