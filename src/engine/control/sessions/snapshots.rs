//! Snapshots: what the knobs of an instrument are saved as and recalled from. The control thread's.
//!
//! Where a session is open, new ones go there, and its own are found before those of the user's library.

use super::{OpenSession, SessionDesk};
use crate::{
    command::arg::{Length, Name},
    engine::{
        control::{
            Moment,
            instruments::{Instruments, history::Shelved, instrument::Instrument},
            out::Out,
        },
        station::Answer,
    },
    hints,
    profile::Param,
    snapshots::{Snapshot, Snapshots},
    status::Severity,
};
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

impl SessionDesk {
    /// The snapshots of the session, where one is open.
    fn own(&self) -> Option<&Snapshots> {
        self.open.as_ref().map(OpenSession::snapshots)
    }

    /// A snapshot by its name.
    fn find(&self, profile: &str, name: &str) -> Option<&Snapshot> {
        let own = self.own().and_then(|own| own.get(profile, name));
        own.or_else(|| self.library.value.get(profile, name))
    }

    /// What the snapshots of a profile are called: the session's, then those of the library.
    pub fn snapshot_names(&self, profile: &str) -> Arc<[String]> {
        let all = self.own().into_iter().chain([&self.library.value]).flat_map(|shelf| shelf.of(profile));
        let mut seen = HashSet::new();
        all.filter(|snapshot| seen.insert(&snapshot.name)).map(|snapshot| snapshot.name.clone()).collect()
    }

    /// Whether they are called this.
    pub fn are_snapshots_called(&self, profile: &str, names: &[String]) -> bool {
        let all = self.own().into_iter().chain([&self.library.value]).flat_map(|shelf| shelf.of(profile));
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

    /// Changes the snapshots where one of this name is: the session's, or else the library.
    fn change<T>(&mut self, profile: &str, name: &str, out: &mut Out, change: impl FnOnce(&mut Snapshots) -> T) -> T {
        match self.open.as_mut().filter(|open| open.snapshots().get(profile, name).is_some()) {
            Some(open) => change(open.change_snapshots()),
            None => {
                let changed = change(&mut self.library.value);
                out.keep(&self.library);
                changed
            }
        }
    }

    /// The names there are, as a sentence ends with them.
    fn names(&self, profile: &str) -> String {
        hints::there_is(&self.snapshot_names(profile))
    }

    fn no_such(&self, profile: &str, name: &str) -> String {
        format!("{profile} has no snapshot '{name}'; {}", self.names(profile))
    }

    /// Saves the knobs of an instrument.
    pub fn save_snapshot(&mut self, Name(name): &Name, instrument: &mut Instrument, out: &mut Out) -> Answer {
        let profile = instrument.profile.id.clone();
        let params = &instrument.profile.params;
        let mut values: BTreeMap<String, u16> =
            params.iter().map(|param| param.name.clone()).zip(instrument.values.iter().copied()).collect();
        let before = self.own().unwrap_or(&self.library.value).get(&profile, name);
        // What another version of the profile knows stays.
        for (name, value) in before.iter().flat_map(|before| &before.values) {
            values.entry(name.clone()).or_insert(*value);
        }
        let snapshot = Snapshot { profile, name: name.clone(), values };
        let in_session = self.open.is_some();
        let is_kept = self.open.as_ref().map_or(self.library.file.is_some(), OpenSession::is_kept);
        let replaced = match self.exchange(in_session, snapshot.profile.clone(), name, Some(snapshot), out) {
            None => String::new(),
            Some(before) => {
                format!(" in place of the old one: {}", self.remember(in_session, before, "replaced", instrument))
            }
        };
        let until = if is_kept { "" } else { ", until busker ends" };
        Ok(format!("{name} is saved{until}{replaced}"))
    }

    pub fn rename_snapshot(&mut self, profile: &str, (Name(name), Name(to)): (&Name, &Name), out: &mut Out) -> Answer {
        if self.find(profile, name).is_none() {
            return Err(self.no_such(profile, name));
        }
        if self.find(profile, to).is_some() {
            return Err(format!("there is a snapshot '{to}' already; snapshot.delete takes it away"));
        }
        self.change(profile, name, out, |shelf| shelf.rename(profile, name, to));
        Ok(format!("{name} is {to} now"))
    }

    pub fn delete_snapshot(&mut self, Name(name): &Name, instrument: &mut Instrument, out: &mut Out) -> Answer {
        let profile = instrument.profile.id.clone();
        if self.find(&profile, name).is_none() {
            return Err(self.no_such(&profile, name));
        }
        let in_session = self.own().is_some_and(|own| own.get(&profile, name).is_some());
        let Some(before) = self.exchange(in_session, profile.clone(), name, None, out) else {
            return Err(self.no_such(&profile, name));
        };
        let back = self.remember(in_session, before, "deleted", instrument);
        let other = self.find(&profile, name).is_some();
        Ok(format!("{name} is gone: {back}{}", if other { "; the library's is found now" } else { "" }))
    }

    /// Has a snapshot, or none, change places with what is there: in the session where it is one of its own and one is
    /// open, else in the library. What was there goes to the trash, too, before its place on the disk is taken.
    fn exchange(
        &mut self,
        in_session: bool,
        profile: String,
        name: &str,
        to: Option<Snapshot>,
        out: &mut Out,
    ) -> Option<Snapshot> {
        let change = |shelf: &mut Snapshots| match to {
            Some(snapshot) => shelf.put(snapshot),
            None => shelf.delete(&profile, name),
        };
        let (before, file) = match self.open.as_mut().filter(|_| in_session) {
            Some(open) => (change(open.change_snapshots()), open.is_kept().then(|| open.file())),
            None => (change(&mut self.library.value), self.library.file.clone()),
        };
        if let (Some(before), Some(file)) = (&before, file) {
            out.keeper.put_in_trash(&file, before);
        }
        if !in_session || self.open.is_none() {
            out.keep(&self.library);
        }
        before
    }

    /// One was replaced or deleted: it can be taken back. Returns how, for a sentence.
    fn remember(&self, in_session: bool, before: Snapshot, what: &str, instrument: &mut Instrument) -> &'static str {
        let label = format!("snapshot {} {what}", before.name);
        let (profile, name) = (before.profile.clone(), before.name.clone());
        let shelved = Shelved { in_session, profile, name, other: Some(before) };
        instrument.history.shelved(shelved, label);
        let is_in_trash = match self.open.as_ref().filter(|_| in_session) {
            Some(open) => open.is_kept(),
            None => self.library.file.is_some(),
        };
        if is_in_trash { "it is in the trash, and param.undo brings it back" } else { "param.undo brings it back" }
    }

    /// A step that replaced or deleted a snapshot is taken back, or done again.
    pub fn exchange_step(&mut self, shelved: &mut Option<Shelved>, out: &mut Out) {
        if let Some(Shelved { in_session, profile, name, other }) = shelved {
            *other = self.exchange(*in_session, profile.clone(), name, other.take(), out);
        }
    }

    pub fn list_snapshots(&self, profile: &str) -> Answer {
        Ok(format!("snapshots of {profile}: {}", self.names(profile)))
    }

    /// Goes to a snapshot, at once or in so much time.
    pub fn recall_snapshot(
        &self,
        (Name(name), length): (&Name, Option<Length>),
        instruments: &mut Instruments,
        out: &mut Out,
        now: Moment,
    ) -> Answer {
        let profile = instruments.instrument().profile.id.clone();
        let Some(snapshot) = self.find(&profile, name) else {
            return Err(self.no_such(&profile, name));
        };
        let (at, params) = (instruments.current, &instruments.instrument().profile.params);
        let place = |(index, param): (usize, &Param)| Some((index, param.snap(*snapshot.values.get(&param.name)?)));
        let targets: Vec<(usize, u16)> = params.iter().enumerate().filter_map(place).collect();
        let unknown = snapshot.values.len() - targets.len();
        if unknown > 0 {
            let text = format!("{unknown} of the knobs in snapshot {name} are none of {profile}: they are skipped");
            out.notice(Severity::Warning, text);
        }
        let instrument = &mut instruments.list[at];
        instrument.remember(&targets, &format!("recall of {name}"));
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

    /// Takes the newest step back.
    pub fn undo(&mut self, instruments: &mut Instruments, out: &mut Out, now: Moment) -> Answer {
        let Some(mut step) = instruments.in_use().history.undo() else {
            return Err("there is nothing to undo".to_owned());
        };
        self.exchange_step(&mut step.shelved, out);
        instruments.go_to(instruments.current, &step.before(), out, now);
        let answer = format!("undone: {}", step.label);
        instruments.in_use().history.undone(step);
        Ok(answer)
    }

    /// Does a step again that was taken back.
    pub fn redo(&mut self, instruments: &mut Instruments, out: &mut Out, now: Moment) -> Answer {
        let Some(mut step) = instruments.in_use().history.redo() else {
            return Err("there is nothing to redo".to_owned());
        };
        self.exchange_step(&mut step.shelved, out);
        instruments.go_to(instruments.current, &step.after(), out, now);
        let answer = format!("redone: {}", step.label);
        instruments.in_use().history.redone(step);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
