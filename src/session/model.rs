//! The session's model: where the knobs stand, and the snapshots, with the revision of each part. Pure; the control thread
//! owns the one there is (`engine/control/out.rs`), and every owner there reads it and changes it by [`Edit`]s.
//!
//! What moves knobs by itself (modulation, automation) plays them: that is no edit, and nothing to save. Tempo, macros,
//! modulation and automation belong to their owners still; those [`touch`](Model::touch) an instrument when they change
//! what the session's file says of it.

use super::{
    edit::{Edit, SnapshotScope},
    song::SongState,
    track::{Track, TrackId},
};
use crate::snapshots::{Snapshot, Snapshots};
use std::{collections::BTreeMap, mem, sync::Arc};

/// A count of changes: of two states of a model, the one with the higher revision is the newer one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(u64);

/// The model.
#[derive(Debug, Default)]
pub struct Model {
    instruments: Vec<Knobs>,
    own: Option<Arc<Snapshots>>,
    own_changed: Revision,
    library: Arc<Snapshots>,
    tracks: Vec<Arc<Track>>,
    song: Arc<SongState>,
    tracks_changed: Revision,
    revision: Revision,
}

/// The knobs of one instrument.
#[derive(Debug)]
struct Knobs {
    /// By the place of the parameter, in the target's own units.
    values: Vec<u16>,
    changed: Revision,
}

impl Model {
    /// A model without instruments and without a session.
    pub fn new(library: Snapshots) -> Model {
        Model { library: Arc::new(library), ..Model::default() }
    }

    /// Gives an instrument, or the next new one, these knobs in place of those it had: its profile has become another one.
    pub fn set_knobs(&mut self, instrument: usize, values: Vec<u16>) {
        let changed = self.next();
        match self.instruments.get_mut(instrument) {
            Some(knobs) => *knobs = Knobs { values, changed },
            None => self.instruments.push(Knobs { values, changed }),
        }
    }

    /// Where the knobs of an instrument stand, by the place of the parameter.
    pub fn knobs(&self, instrument: usize) -> &[u16] {
        self.instruments.get(instrument).map_or(&[], |knobs| &knobs.values)
    }

    /// Where one stands; 0 for one that does not exist.
    pub fn knob(&self, instrument: usize, param: usize) -> u16 {
        self.knobs(instrument).get(param).copied().unwrap_or_default()
    }

    /// The session's own snapshots, where one is open.
    pub fn own(&self) -> Option<&Arc<Snapshots>> {
        self.own.as_ref()
    }

    /// The snapshots of the user's library.
    pub fn library(&self) -> &Arc<Snapshots> {
        &self.library
    }

    /// The snapshots of a list, where there is one.
    pub fn shelf(&self, shelf: SnapshotScope) -> Option<&Arc<Snapshots>> {
        match shelf {
            SnapshotScope::Session => self.own.as_ref(),
            SnapshotScope::Library => Some(&self.library),
        }
    }

    /// The revision of it all.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Whether what the session's file says of an instrument may have changed since a revision.
    pub fn changed(&self, instrument: usize, since: Revision) -> bool {
        self.instruments.get(instrument).is_some_and(|knobs| knobs.changed > since)
    }

    /// Whether the session's own snapshots changed since a revision.
    pub fn own_changed(&self, since: Revision) -> bool {
        self.own_changed > since
    }

    /// The tracks, in their order.
    pub fn tracks(&self) -> &[Arc<Track>] {
        &self.tracks
    }

    /// One of them.
    pub fn track(&self, id: TrackId) -> Option<&Arc<Track>> {
        self.tracks.iter().find(|track| track.id == id)
    }

    /// What all tracks share.
    pub fn song(&self) -> &Arc<SongState> {
        &self.song
    }

    /// The revision of the tracks and what they share.
    pub fn tracks_revision(&self) -> Revision {
        self.tracks_changed
    }

    /// Whether the tracks or what they share changed since a revision.
    pub fn tracks_changed(&self, since: Revision) -> bool {
        self.tracks_changed > since
    }

    /// Another session's tracks, in place of those there are.
    pub fn set_tracks(&mut self, tracks: Vec<Arc<Track>>, song: Arc<SongState>) {
        (self.tracks, self.song) = (tracks, song);
        self.tracks_changed = self.next();
    }

    /// Does an edit; gives back the one that undoes it.
    pub fn apply(&mut self, edit: Edit) -> Edit {
        match edit {
            Edit::Knobs { instrument, to } => {
                let before = self.turn(instrument, to);
                if !before.is_empty() {
                    self.touch(instrument);
                }
                Edit::Knobs { instrument, to: before }
            }
            Edit::Snapshot { shelf, profile, name, to } => {
                let place = self.shelf(shelf).and_then(|snapshots| snapshots.place(&profile, &name));
                let change = |snapshots: &mut Snapshots| match to {
                    Some((place, snapshot)) => snapshots.put_at(place, snapshot),
                    None => snapshots.delete(&profile, &name),
                };
                let before: Option<Snapshot> = self.change(shelf, change).flatten();
                Edit::Snapshot { shelf, profile, name, to: place.zip(before) }
            }
            Edit::Rename { shelf, profile, name, to } => {
                self.change(shelf, |snapshots| snapshots.rename(&profile, &name, &to));
                Edit::Rename { shelf, profile, name: to, to: name }
            }
            Edit::Track { id, to } => {
                self.tracks_changed = self.next();
                let at = self.tracks.iter().position(|track| track.id == id);
                let before = at.map(|at| (at, self.tracks.remove(at)));
                if let Some((place, track)) = to {
                    self.tracks.insert(at.unwrap_or(place).min(self.tracks.len()), track);
                }
                Edit::Track { id, to: before }
            }
            Edit::Song(song) => {
                self.tracks_changed = self.next();
                Edit::Song(mem::replace(&mut self.song, song))
            }
        }
    }

    /// Moves a knob that moves by itself: no edit. True where it was elsewhere.
    pub fn play(&mut self, instrument: usize, param: usize, value: u16) -> bool {
        !self.turn(instrument, [(param, value)]).is_empty()
    }

    /// What the session's file says of an instrument changed, though it is not in the model yet.
    pub fn touch(&mut self, instrument: usize) {
        let changed = self.next();
        if let Some(knobs) = self.instruments.get_mut(instrument) {
            knobs.changed = changed;
        }
    }

    /// A session is open from now on, with these snapshots, or none is any more.
    pub fn open(&mut self, own: Option<Arc<Snapshots>>) {
        self.own = own;
        self.own_changed = self.next();
    }

    /// Takes over what others wrote into the library.
    pub fn take_library(&mut self, library: Snapshots) {
        self.library = Arc::new(library);
        self.next();
    }

    fn next(&mut self) -> Revision {
        self.revision.0 += 1;
        self.revision
    }

    /// Moves knobs; gives back where those stood that were elsewhere.
    fn turn(&mut self, instrument: usize, to: impl IntoIterator<Item = (usize, u16)>) -> BTreeMap<usize, u16> {
        let Some(knobs) = self.instruments.get_mut(instrument) else { return BTreeMap::new() };
        let mut before = BTreeMap::new();
        for (param, value) in to {
            if let Some(knob) = knobs.values.get_mut(param).filter(|knob| **knob != value) {
                before.insert(param, mem::replace(knob, value));
            }
        }
        before
    }

    fn change<T>(&mut self, shelf: SnapshotScope, change: impl FnOnce(&mut Snapshots) -> T) -> Option<T> {
        let revision = self.next();
        let snapshots = match shelf {
            SnapshotScope::Session => {
                self.own_changed = revision;
                self.own.as_mut()?
            }
            SnapshotScope::Library => &mut self.library,
        };
        Some(change(Arc::make_mut(snapshots)))
    }
}

#[cfg(test)]
mod tests;
