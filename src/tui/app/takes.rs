//! Looking through the takes: which one is in focus, and what the keys do with it.

use super::{App, Wish};
use crate::{
    command::{
        Command,
        arg::{OnOff, Seconds, Switch, TakeName, Text},
    },
    keymap::Mode,
    status::{Severity, Status, TakeInfo},
};
use std::path::Path;

/// A mark is behind when the take is less than this past it, in seconds: so that one comes back further than the mark
/// one has just gone to.
const JUST_PAST_SECONDS: f64 = 1.0;

/// Where one is among the takes.
#[derive(Clone, Debug, Default)]
pub struct TakesView {
    /// The mode that closing leads back to, while the view is open.
    behind: Option<Mode>,
    /// The focused take; while none was chosen it is the newest.
    name: Option<String>,
    /// Its place, where the focus stays when the take is gone.
    at: usize,
    /// The take that may be removed, while that is asked.
    doomed: Option<String>,
}

impl TakesView {
    /// Whether the takes stand in the place of the knobs.
    pub fn is_open(&self) -> bool {
        self.behind.is_some()
    }

    /// The take that may be removed, while that is asked.
    pub fn doomed(&self) -> Option<&str> {
        self.doomed.as_deref()
    }

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
        let (Some(at), Some(takes)) = (self.place(status), &status.takes) else { return };
        self.at = at.saturating_add_signed(by).min(takes.takes.len() - 1);
        // Whoever is at the top sees what comes newly there.
        self.name = takes.takes.get(self.at).filter(|_| self.at > 0).map(|take| take.name.clone());
    }

    /// Another mode of the keys was entered. The takes cost the engine something, so it is told whether somebody looks.
    pub(super) fn entered(&mut self, from: Mode, to: Mode) -> Option<Wish> {
        let is_open = to == Mode::Takes;
        if is_open == self.is_open() {
            return None;
        }
        self.behind = is_open.then_some(from);
        Some(Wish::Tell(Command::TakeList { state: Switch::To(OnOff(is_open)) }))
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

fn is_of(path: &Path, name: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == name)
}

impl App {
    pub(super) fn toggle_takes(&mut self) -> Vec<Wish> {
        self.enter(self.takes.behind.unwrap_or(Mode::Takes))
    }

    /// The name of the focused take.
    fn take_name(&self, status: &Status) -> Option<String> {
        self.takes.focused(status).map(|take| take.name.clone())
    }

    pub(super) fn play_take(&self, status: &Status) -> Vec<Wish> {
        let Some(take) = self.takes.focused(status) else { return Vec::new() };
        vec![Wish::Tell(match heard(take, status) {
            Some(_) => Command::TakeStop {},
            None => Command::TakePlay { take: Text(take.name.clone()) },
        })]
    }

    /// To a place before or after, between the ends of the take that is heard.
    pub(super) fn seek_by(&self, by: f64, status: &Status) -> Vec<Wish> {
        let to = status.audition.as_ref().map(|audition| (audition.seconds + by).min(audition.length_seconds));
        to.map(seek).into_iter().collect()
    }

    /// To the next mark of the focused take, or the one before, and before the first to its beginning; a take that is
    /// not heard begins there.
    pub(super) fn mark_by(&mut self, forward: bool, status: &Status) -> Vec<Wish> {
        let Some(take) = self.takes.focused(status) else { return Vec::new() };
        let at = heard(take, status);
        let mut marks = take.marks.iter().map(|(seconds, _)| *seconds);
        let to = match (at, forward) {
            _ if take.marks.is_empty() => None,
            // As far as it can be heard to have gone on.
            (Some(at), true) => marks.find(|mark| *mark > at + 0.05),
            (Some(at), false) => marks.rfind(|mark| *mark < at - JUST_PAST_SECONDS).or(Some(0.0)),
            (None, true) => marks.next(),
            (None, false) => marks.next_back(),
        };
        let Some(to) = to else {
            let said = if take.marks.is_empty() { "this take has no marks" } else { "there is no mark further on" };
            self.say(Severity::Info, said);
            return Vec::new();
        };
        let mut wishes = Vec::new();
        if at.is_none() {
            wishes.push(Wish::Tell(Command::TakePlay { take: Text(take.name.clone()) }));
        }
        wishes.push(seek(to));
        wishes
    }

    pub(super) fn rename_take(&mut self, status: &Status) -> Vec<Wish> {
        let Some(name) = self.take_name(status) else { return Vec::new() };
        let begun = Command::TakeRename { take: TakeName(name), to: Text(String::new()) };
        self.open_line(&begun.to_string())
    }

    pub(super) fn ask_to_remove(&mut self, status: &Status) -> Vec<Wish> {
        self.takes.doomed = self.take_name(status);
        if self.takes.doomed.is_some() { self.enter(Mode::Sure) } else { Vec::new() }
    }

    pub(super) fn remove_take(&mut self, status: &Status) -> Vec<Wish> {
        let mut wishes = self.enter(self.base);
        let Some(name) = self.takes.doomed.take() else { return wishes };
        if status.audition.as_ref().is_some_and(|audition| is_of(&audition.path, &name)) {
            wishes.push(Wish::Tell(Command::TakeStop {}));
        }
        wishes.push(Wish::Tell(Command::TakeRemove { take: Text(name) }));
        wishes
    }
}

fn seek(seconds: f64) -> Wish {
    // What is written is what is meant: a place to the hundredth of a second.
    Wish::Tell(Command::TakeSeek { seconds: Seconds((seconds.max(0.0) * 100.0).floor() / 100.0) })
}
