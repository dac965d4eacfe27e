//! One change of the session's model: what is to be, and where. Applied by [`Model::apply`](super::model::Model::apply),
//! which gives back the edit that undoes it. Pure.
//!
//! The owners on the control thread make edits and apply them; [`History`](super::history::History) keeps those that can
//! be undone. A track is edited as a whole: its new state is shared, not copied, and so is the one that undoes it.

use super::{
    song::SongState,
    track::{Track, TrackId},
};
use crate::snapshots::Snapshot;
use std::{collections::BTreeMap, sync::Arc};

/// Which list of snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SnapshotScope {
    /// The session's own; where none is open, an edit of it changes nothing.
    Session,
    /// The user's library.
    Library,
}

/// A change.
#[derive(Clone, Debug, PartialEq)]
pub enum Edit {
    /// Sets knobs of an instrument, by the place of the parameter. One that does not exist is left out.
    Knobs {
        /// The instrument, in the order of the station's.
        instrument: usize,
        /// The new values, in the target's own units.
        to: BTreeMap<usize, u16>,
    },
    /// Puts a snapshot in the place of the one of its name, or takes that one out.
    Snapshot {
        /// The list.
        shelf: SnapshotScope,
        /// The profile's id.
        profile: String,
        /// The snapshot's name.
        name: String,
        /// The snapshot of this profile and name, and its place in the list where no other has the name now; none takes
        /// that one out.
        to: Option<(usize, Snapshot)>,
    },
    /// Gives a snapshot another name, which no other has.
    Rename {
        /// The list.
        shelf: SnapshotScope,
        /// The profile's id.
        profile: String,
        /// The name it has.
        name: String,
        /// The name it gets.
        to: String,
    },
    /// Makes a track what it is to be.
    Track {
        /// Which.
        id: TrackId,
        /// The track, and its place in the list where it is not in it yet; none takes it out.
        to: Option<(usize, Arc<Track>)>,
    },
    /// Sets what all tracks share.
    Song(Arc<SongState>),
}

impl Edit {
    /// Sets knobs of an instrument.
    pub fn knobs(instrument: usize, to: impl IntoIterator<Item = (usize, u16)>) -> Edit {
        Edit::Knobs { instrument, to: to.into_iter().collect() }
    }

    /// Puts a snapshot at the end of a list, or in place of the one of its name.
    pub fn save(shelf: SnapshotScope, snapshot: Snapshot) -> Edit {
        let (profile, name) = (snapshot.profile.clone(), snapshot.name.clone());
        Edit::Snapshot { shelf, profile, name, to: Some((usize::MAX, snapshot)) }
    }

    /// Takes a snapshot out of a list.
    pub fn delete(shelf: SnapshotScope, profile: &str, name: &str) -> Edit {
        Edit::Snapshot { shelf, profile: profile.to_owned(), name: name.to_owned(), to: None }
    }

    /// The list of snapshots that it changes.
    pub fn shelf(&self) -> Option<SnapshotScope> {
        match self {
            Edit::Knobs { .. } | Edit::Track { .. } | Edit::Song(_) => None,
            Edit::Snapshot { shelf, .. } | Edit::Rename { shelf, .. } => Some(*shelf),
        }
    }
}
