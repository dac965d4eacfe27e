//! Which take has the focus, and whether it is heard or still recorded. Pure.

use crate::status::{Status, TakeInfo};
use std::path::Path;

/// Where one is among the takes.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The focused take; while none was chosen it is the newest.
    name: Option<String>,
    /// Its place, where the focus stays when the take is gone.
    at: usize,
}

impl State {
    /// The place of the focused take; none where there are no takes.
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

    /// To a take above or below, as far as there are some.
    pub(super) fn step(&mut self, by: isize, status: &Status) {
        let (Some(at), Some(takes)) = (self.place(status), &*status.takes) else { return };
        self.at = at.saturating_add_signed(by).min(takes.takes.len() - 1);
        // Whoever is at the top sees what comes newly there.
        self.name = takes.takes.get(self.at).filter(|_| self.at > 0).map(|take| take.name.clone());
    }
}

/// How far a take is, in seconds, while it is heard.
pub fn heard(take: &TakeInfo, status: &Status) -> Option<f64> {
    let audition = status.audition.as_ref()?;
    is_of(&audition.path, &take.name).then_some(audition.seconds)
}

/// How long a take has been recorded, in seconds, while it is.
pub fn recorded(take: &TakeInfo, status: &Status) -> Option<f64> {
    let recording = status.record.take.as_ref()?;
    is_of(&recording.path, &take.name).then_some(recording.seconds)
}

/// Whether the file at a path is the take of this name.
pub(super) fn is_of(path: &Path, name: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == name)
}
