//! The focused take, and whether it is played or recorded. Pure.

use crate::status::{Status, TakeInfo};
use std::path::Path;

/// The focus in the list of takes.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The focused take; `None` for the newest, until one is chosen.
    name: Option<String>,
    /// Its index, where the focus stays when the take is removed.
    at: usize,
}

impl State {
    /// The index of the focused take; `None` without takes.
    pub fn place(&self, status: &Status) -> Option<usize> {
        let takes = &status.takes.as_ref()?.takes;
        let last = takes.len().checked_sub(1)?;
        let named = self.name.as_ref().and_then(|name| takes.iter().position(|take| take.name == *name));
        Some(named.unwrap_or(self.at.min(last)))
    }

    /// The focused take.
    pub fn focused<'a>(&self, status: &'a Status) -> Option<&'a TakeInfo> {
        status.takes.as_ref()?.takes.get(self.place(status)?)
    }

    /// To a take above or below, up to the ends.
    pub(super) fn step(&mut self, by: isize, status: &Status) {
        let (Some(at), Some(takes)) = (self.place(status), &*status.takes) else { return };
        self.at = at.saturating_add_signed(by).min(takes.takes.len() - 1);
        // At the top, the focus follows new takes.
        self.name = takes.takes.get(self.at).filter(|_| self.at > 0).map(|take| take.name.clone());
    }
}

/// The play position of a take in seconds, while it is played.
pub fn heard(take: &TakeInfo, status: &Status) -> Option<f64> {
    let audition = status.audition.as_ref()?;
    is_of(&audition.path, &take.name).then_some(audition.seconds)
}

/// The length of a take in seconds, while it is recorded.
pub fn recorded(take: &TakeInfo, status: &Status) -> Option<f64> {
    let recording = status.record.take.as_ref()?;
    is_of(&recording.path, &take.name).then_some(recording.seconds)
}

/// Whether the file at a path is the take of this name.
pub(super) fn is_of(path: &Path, name: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == name)
}
