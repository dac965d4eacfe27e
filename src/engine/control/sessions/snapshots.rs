//! Snapshots: saved values of an instrument's parameters, and their recall. The control thread's.
//!
//! Where a session is open, new ones go there, and its own are found before those of the user's library.

use super::{OpenSession, SessionDesk};
use crate::{
    command::arg::{Length, Name},
    engine::{
        control::{Moment, instruments::Instruments, out::Out},
        station::Answer,
    },
    hints,
    profile::Param,
    session::{
        edit::{Edit, SnapshotScope},
        model::Model,
    },
    snapshots::Snapshot,
    status::Severity,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

/// All lists, in the order they are searched.
const SHELVES: [SnapshotScope; 2] = [SnapshotScope::Session, SnapshotScope::Library];

/// A snapshot by its name, and the list it is in.
fn find<'m>(model: &'m Model, profile: &str, name: &str) -> Option<(SnapshotScope, &'m Snapshot)> {
    SHELVES.into_iter().find_map(|shelf| Some((shelf, model.shelf(shelf)?.get(profile, name)?)))
}

/// The names of a profile's snapshots: the session's, then those of the library.
pub fn snapshot_names(model: &Model, profile: &str) -> Arc<[String]> {
    let all = SHELVES.into_iter().filter_map(|shelf| model.shelf(shelf)).flat_map(|shelf| shelf.of(profile));
    let mut seen = HashSet::new();
    all.filter(|snapshot| seen.insert(&snapshot.name)).map(|snapshot| snapshot.name.clone()).collect()
}

/// Whether these are their names; nothing is copied to compare them.
pub fn are_snapshots_called(model: &Model, profile: &str, names: &[String]) -> bool {
    let all = SHELVES.into_iter().filter_map(|shelf| model.shelf(shelf)).flat_map(|shelf| shelf.of(profile));
    let mut known = 0;
    // A name of the library that the session has, too, came before.
    let is_called = |name: &String| match names.get(known) == Some(name) {
        true => {
            known += 1;
            true
        }
        false => names[..known].contains(name),
    };
    all.map(|snapshot| &snapshot.name).all(is_called) && known == names.len()
}

/// Their names, as the end of a sentence.
fn names(model: &Model, profile: &str) -> String {
    hints::there_is(&snapshot_names(model, profile))
}

fn no_such(model: &Model, profile: &str, name: &str) -> String {
    format!("{profile} has no snapshot '{name}'; {}", names(model, profile))
}

/// Lists them.
pub fn list(model: &Model, profile: &str) -> Answer {
    Ok(format!("snapshots of {profile}: {}", names(model, profile)))
}

impl SessionDesk {
    /// Saves the parameters of the instrument in use.
    pub fn save_snapshot(&mut self, Name(name): &Name, instruments: &Instruments, out: &mut Out) -> Answer {
        let profile = instruments.profile_id().to_owned();
        let params = &instruments.instrument().profile.params;
        let values = out.model.knobs(instruments.current).iter().copied();
        let mut values: BTreeMap<String, u16> = params.iter().map(|param| param.name.clone()).zip(values).collect();
        let (shelf, list) = match out.model.own() {
            Some(own) => (SnapshotScope::Session, own),
            None => (SnapshotScope::Library, out.model.library()),
        };
        // Parameters of another version of the profile stay in it.
        for (name, value) in list.get(&profile, name).iter().flat_map(|before| &before.values) {
            values.entry(name.clone()).or_insert(*value);
        }
        let snapshot = Snapshot { profile, name: name.clone(), values };
        list.has_room_for(name, &snapshot).map_err(|full| format!("{name} is not saved: {full}"))?;
        let is_kept = self.open.as_ref().map_or(self.library.file.is_some(), OpenSession::is_kept);
        let redo = Edit::save(shelf, snapshot);
        let replaced = match self.change(redo.clone(), out) {
            undo @ Edit::Snapshot { to: Some(_), .. } => {
                let label = format!("snapshot {name} replaced");
                out.history.done(instruments.current, label, undo, redo);
                format!(", replacing the old one: {}", self.way_back(shelf))
            }
            _ => String::new(),
        };
        let until = if is_kept { "" } else { ", until busker ends" };
        Ok(format!("{name} is saved{until}{replaced}"))
    }

    pub fn rename_snapshot(&mut self, profile: &str, (Name(name), Name(to)): (&Name, &Name), out: &mut Out) -> Answer {
        let Some((shelf, snapshot)) = find(&out.model, profile, name) else {
            return Err(no_such(&out.model, profile, name));
        };
        if find(&out.model, profile, to).is_some() {
            return Err(format!("a snapshot '{to}' exists already; snapshot.delete deletes it"));
        }
        let renamed = Snapshot { name: to.clone(), ..snapshot.clone() };
        let room = out.model.shelf(shelf).map_or(Ok(()), |list| list.has_room_for(name, &renamed));
        room.map_err(|full| format!("{name} keeps its name: {full}"))?;
        let (profile, name) = (profile.to_owned(), name.clone());
        let sentence = format!("{name} is {to} now");
        self.change(Edit::Rename { shelf, profile, name, to: to.clone() }, out);
        Ok(sentence)
    }

    pub fn delete_snapshot(&mut self, Name(name): &Name, instruments: &Instruments, out: &mut Out) -> Answer {
        let profile = instruments.profile_id();
        let Some((shelf, _)) = find(&out.model, profile, name) else {
            return Err(no_such(&out.model, profile, name));
        };
        let redo = Edit::delete(shelf, profile, name);
        let undo = self.change(redo.clone(), out);
        out.history.done(instruments.current, format!("snapshot {name} deleted"), undo, redo);
        let other = find(&out.model, profile, name).is_some();
        let other = if other { "; the library's snapshot of that name is used now" } else { "" };
        Ok(format!("{name} is deleted: {}{other}", self.way_back(shelf)))
    }

    /// Applies an edit of the snapshots; returns the one that undoes it. A snapshot that is replaced goes to the trash
    /// before its place on the disk is taken.
    fn change(&mut self, edit: Edit, out: &mut Out) -> Edit {
        let shelf = edit.shelf();
        let inverse = out.model.apply(edit);
        if let Edit::Snapshot { shelf, to: Some((_, before)), .. } = &inverse
            && let Some(file) = self.file_of(*shelf)
        {
            out.keeper.put_in_trash(&file, before);
        }
        match (shelf, &mut self.open) {
            (Some(SnapshotScope::Session), Some(open)) => open.hurry(),
            (Some(SnapshotScope::Library), _) => out.keep(Arc::clone(out.model.library()), &self.library),
            _ => {}
        }
        inverse
    }

    /// How to get a replaced or deleted snapshot back, for a sentence.
    fn way_back(&self, shelf: SnapshotScope) -> &'static str {
        match self.file_of(shelf) {
            Some(_) => "it is in the trash, and param.undo restores it",
            None => "param.undo restores it",
        }
    }

    /// Undoes the newest step of the instrument in use.
    pub fn undo(&mut self, instruments: &mut Instruments, out: &mut Out, now: Moment) -> Answer {
        let Some(step) = out.history.undo(instruments.current) else {
            return Err("nothing to undo".to_owned());
        };
        let inverse = self.carry_out(step.undo().clone(), instruments, out, now);
        let answer = format!("undone: {}", step.label);
        out.history.undone(step, inverse);
        Ok(answer)
    }

    /// Redoes an undone step of the instrument in use.
    pub fn redo(&mut self, instruments: &mut Instruments, out: &mut Out, now: Moment) -> Answer {
        let Some(step) = out.history.redo(instruments.current) else {
            return Err("nothing to redo".to_owned());
        };
        let inverse = self.carry_out(step.redo().clone(), instruments, out, now);
        let answer = format!("redone: {}", step.label);
        out.history.redone(step, inverse);
        Ok(answer)
    }

    /// Applies an edit with all its effects; returns the one that undoes it.
    fn carry_out(&mut self, edit: Edit, instruments: &mut Instruments, out: &mut Out, now: Moment) -> Edit {
        match edit {
            Edit::Knobs { instrument, to } => {
                let targets: Vec<(usize, u16)> = to.into_iter().collect();
                let stood = targets.iter().map(|(index, _)| (*index, out.model.knob(instrument, *index)));
                let inverse = Edit::knobs(instrument, stood);
                instruments.go_to(instrument, &targets, out, now);
                inverse
            }
            edit => self.change(edit, out),
        }
    }
}

/// Recalls a snapshot, at once or in so much time.
pub fn recall(
    (Name(name), length): (&Name, Option<Length>),
    instruments: &mut Instruments,
    out: &mut Out,
    now: Moment,
) -> Answer {
    let profile = instruments.instrument().profile.id.clone();
    let Some((_, snapshot)) = find(&out.model, &profile, name) else {
        return Err(no_such(&out.model, &profile, name));
    };
    let (at, params) = (instruments.current, &instruments.instrument().profile.params);
    let place = |(index, param): (usize, &Param)| Some((index, param.snap(*snapshot.values.get(&param.name)?)));
    let targets: Vec<(usize, u16)> = params.iter().enumerate().filter_map(place).collect();
    let unknown = snapshot.values.len() - targets.len();
    if unknown > 0 {
        let text = format!("{unknown} parameters of snapshot {name} are unknown to {profile}: they are skipped");
        out.notice(Severity::Warning, text);
    }
    instruments.remember(at, &targets, &format!("recall of {name}"), out);
    let bpm = out.plan.last().timeline.bpm;
    let length_ns = length.map_or(0, |length| length.ns(bpm));
    if length_ns > 0 {
        instruments.morph(at, name, &targets, length_ns, out, now);
    } else {
        instruments.stop_morph(at, out, now);
        instruments.go_to(at, &targets, out, now);
    }
    Ok(format!("recall of {name}"))
}

#[cfg(test)]
mod tests;
