//! Snapshots: what the knobs of an instrument are saved as and recalled from. The control thread's; saving blocks on the
//! disk.

use super::{Control, Moment, instrument::Compare};
use crate::{
    command::arg::{Length, Name},
    engine::station::Answer,
    profile::Param,
    snapshots::{Snapshot, Snapshots},
    status::Severity,
};
use std::{collections::BTreeMap, path::PathBuf};

/// The library, and where it is kept.
pub(super) struct Shelf {
    snapshots: Snapshots,
    /// Nothing in virtual time, and where the file is not to be written over.
    file: Option<PathBuf>,
}

impl Shelf {
    pub(super) fn new((snapshots, file): (Snapshots, Option<PathBuf>)) -> Shelf {
        Shelf { snapshots, file }
    }

    /// What the snapshots of a profile are called.
    pub(super) fn names(&self, profile: &str) -> Vec<String> {
        self.snapshots.of(profile).map(|snapshot| snapshot.name.clone()).collect()
    }
}

impl Control {
    fn profile_id(&self) -> String {
        self.instrument().profile.id.clone()
    }

    /// The names there are, as a sentence ends with them.
    fn names(&self, profile: &str) -> String {
        let names = self.shelf.names(profile);
        if names.is_empty() { "there is none yet".to_owned() } else { format!("there are {}", names.join(", ")) }
    }

    fn no_such(&self, profile: &str, name: &str) -> String {
        format!("{profile} has no snapshot '{name}'; {}", self.names(profile))
    }

    pub(super) fn snapshot_save(&mut self, Name(name): &Name) -> Answer {
        let profile = self.profile_id();
        let instrument = self.instrument();
        let params = &instrument.profile.params;
        let mut values: BTreeMap<String, u16> =
            params.iter().map(|param| param.name.clone()).zip(instrument.values.iter().copied()).collect();
        let before = self.shelf.snapshots.get(&profile, name);
        // What another version of the profile knows stays.
        for (name, value) in before.iter().flat_map(|before| &before.values) {
            values.entry(name.clone()).or_insert(*value);
        }
        let replaced = self.shelf.snapshots.put(Snapshot { profile, name: name.clone(), values }).is_some();
        self.keep_snapshots();
        let replaced = if replaced { " in place of the old one" } else { "" };
        let until = if self.shelf.file.is_none() { ", until busker ends" } else { "" };
        Ok(format!("{name} is saved{replaced}{until}"))
    }

    pub(super) fn snapshot_rename(&mut self, Name(name): &Name, Name(to): &Name) -> Answer {
        let profile = self.profile_id();
        if self.shelf.snapshots.get(&profile, name).is_none() {
            return Err(self.no_such(&profile, name));
        }
        if self.shelf.snapshots.get(&profile, to).is_some() {
            return Err(format!("there is a snapshot '{to}' already; snapshot.delete takes it away"));
        }
        self.shelf.snapshots.rename(&profile, name, to);
        self.keep_snapshots();
        Ok(format!("{name} is {to} now"))
    }

    pub(super) fn snapshot_delete(&mut self, Name(name): &Name) -> Answer {
        let profile = self.profile_id();
        if !self.shelf.snapshots.delete(&profile, name) {
            return Err(self.no_such(&profile, name));
        }
        self.keep_snapshots();
        Ok(format!("{name} is gone"))
    }

    pub(super) fn snapshot_list(&self) -> Answer {
        let profile = self.profile_id();
        Ok(format!("snapshots of {profile}: {}", self.names(&profile)))
    }

    /// Goes to a snapshot, at once or in so much time.
    pub(super) fn snapshot_recall(&mut self, Name(name): &Name, length: Option<Length>, now: Moment) -> Answer {
        let profile = self.profile_id();
        let Some(snapshot) = self.shelf.snapshots.get(&profile, name) else {
            return Err(self.no_such(&profile, name));
        };
        let (at, params) = (self.current, &self.instrument().profile.params);
        let place = |(index, param): (usize, &Param)| Some((index, param.snap(*snapshot.values.get(&param.name)?)));
        let targets: Vec<(usize, u16)> = params.iter().enumerate().filter_map(place).collect();
        let unknown = snapshot.values.len() - targets.len();
        if unknown > 0 {
            let text = format!("{unknown} of the knobs in snapshot {name} are none of {profile}: they are skipped");
            self.desk.notice(Severity::Warning, text);
        }
        let instrument = &mut self.instruments[at];
        instrument.remember(&targets, &format!("recall of {name}"));
        let bpm = self.plan.last().timeline.bpm;
        let length_ns = length.map_or(0, |length| length.ns(bpm));
        if length_ns > 0 {
            self.morph(at, name, &targets, length_ns, now);
        } else {
            self.stop_morph(at, now);
            self.go_to(at, &targets, now);
        }
        Ok(format!("recall of {name}"))
    }

    /// Goes to what was before the last recall or dice, or back.
    pub(super) fn snapshot_compare(&mut self, now: Moment) -> Answer {
        let at = self.current;
        let Some(compare) = self.instruments[at].compare.take() else {
            return Err("nothing was recalled or diced yet: there is nothing to compare with".to_owned());
        };
        // Where a morph goes is what is compared, not where it is.
        self.settle(at);
        let instrument = &mut self.instruments[at];
        let to_a = instrument.values != compare.a;
        let compare = if to_a { Compare { b: instrument.values.clone(), ..compare } } else { compare };
        let goal = if to_a { &compare.a } else { &compare.b };
        let targets: Vec<(usize, u16)> = goal.iter().copied().enumerate().collect();
        let (label, answer) = if to_a { ("compare: A", "A: as it was") } else { ("compare: B", "B: as it is") };
        instrument.history.whole(&instrument.values, &targets, label);
        instrument.compare = Some(compare);
        self.go_to(at, &targets, now);
        Ok(answer.to_owned())
    }

    fn keep_snapshots(&self) {
        let Some(file) = &self.shelf.file else { return };
        if let Err(error) = self.shelf.snapshots.save(file) {
            let text = format!(
                "the snapshots work, but what is new is gone with this session: {} cannot be written ({error})",
                file.display()
            );
            self.desk.notice(Severity::Warning, text);
        }
    }
}

#[cfg(test)]
mod tests;
