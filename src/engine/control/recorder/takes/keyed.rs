//! The take of each key: one that waits for its beginning, one under way, one that its device left. The control
//! thread's.
//!
//! `record.*` has one key, each track one of its own.

use super::Made;
use crate::{config::recorder::FileOf, session::track::TrackId};
use std::collections::BTreeMap;

/// The owner of a take. Of a key at most one take is under way; takes of different keys are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TakeKey(pub u32);

impl TakeKey {
    /// The key of `record.*`.
    pub const MAIN: TakeKey = TakeKey(0);

    /// A track's.
    pub fn of_track(track: TrackId) -> TakeKey {
        TakeKey(track.0.saturating_add(1))
    }
}

/// A request for a take, without its beginning.
#[derive(Clone, Debug, Default)]
pub struct TakeRequest {
    /// Its name; the options' template where none is given.
    pub name: Option<String>,
    /// Its files with their taps; those of the options where none are named.
    pub files: Option<Vec<FileOf>>,
    /// The frame after its last, where that is known. No silence or length ends it then.
    pub end_frame: Option<i64>,
    /// It is a track's: one file, which nothing ends but the track, and which does not go on after a device was away.
    pub of_track: bool,
}

/// A take that begins with the song or a bar of it.
#[derive(Clone, Debug)]
pub struct Pending {
    pub wanted: TakeRequest,
    /// With the song, wherever that begins; otherwise with a bar.
    pub with_song: bool,
    /// Not before this frame: a song that was stopped before the request still plays for a moment.
    pub from_frame: i64,
}

/// A take under way.
#[derive(Debug)]
pub(super) struct ActiveTake {
    pub(super) made: Made,
    /// The request for it.
    pub(super) wanted: TakeRequest,
    /// It begins with a sound.
    pub(super) listens: bool,
    /// Its first frame, once it has begun.
    pub(super) first_frame: Option<i64>,
    /// It ends with the next bar.
    pub(super) ends_with_bar: bool,
    pub(super) gap_frames: u64,
    pub(super) marks: u32,
}

/// The take of one key.
#[derive(Debug, Default)]
pub(super) struct Keyed {
    pub(super) pending: Option<Pending>,
    pub(super) take: Option<ActiveTake>,
    /// The take to go on with when the device is back.
    pub(super) interrupted: Option<TakeRequest>,
}

/// The takes of all keys.
#[derive(Debug, Default)]
pub(super) struct AllKeyed(BTreeMap<TakeKey, Keyed>);

impl AllKeyed {
    pub(super) fn of(&self, key: TakeKey) -> Option<&Keyed> {
        self.0.get(&key)
    }

    pub(super) fn of_mut(&mut self, key: TakeKey) -> &mut Keyed {
        self.0.entry(key).or_default()
    }

    /// Every key for which this is true.
    pub(super) fn keys(&self, is_it: impl Fn(&Keyed) -> bool) -> Vec<TakeKey> {
        self.0.iter().filter(|(_, keyed)| is_it(keyed)).map(|(key, _)| *key).collect()
    }

    /// The takes under way.
    pub(super) fn takes(&self) -> impl Iterator<Item = &ActiveTake> {
        self.0.values().filter_map(|keyed| keyed.take.as_ref())
    }

    pub(super) fn takes_mut(&mut self) -> impl Iterator<Item = &mut ActiveTake> {
        self.0.values_mut().filter_map(|keyed| keyed.take.as_mut())
    }

    /// Removes and returns the take of this id.
    pub(super) fn take_out(&mut self, is_it: impl Fn(&ActiveTake) -> bool) -> Option<ActiveTake> {
        self.0.values_mut().find_map(|keyed| keyed.take.take_if(|take| is_it(take)))
    }
}
