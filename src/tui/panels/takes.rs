//! The takes panel, in place of the knobs: the focused take, and the actions on it.
//!
//! The focus is in `takes/focus.rs`; the drawing is in `takes/view.rs`.

mod detail;
mod focus;
mod list;
mod view;
mod wave;

use super::{Availability, Layer, Panel, PanelSpec, line, question};
use crate::{
    command::{
        Command,
        arg::{Seconds, Switch, TakeName, Text},
    },
    status::{Severity, Status},
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
    },
};
pub use focus::{State, heard, recorded};
use ratatui::Frame;

/// Takes of a page.
const PAGE: isize = 10;
/// The step of a seek, in seconds.
const SEEK_SECONDS: f64 = 5.0;
/// A mark counts as passed only when the play position is this far behind it, in seconds: so that going back twice
/// reaches the mark before it.
const JUST_PAST_SECONDS: f64 = 1.0;

acts! {
    /// Show the takes, or the knobs again
    Toggle = "takes"
    /// Go to the newer take above
    Previous = "takes.up"
    /// Go to the older take below
    Next = "takes.down"
    /// Go up ten takes
    PageUp = "takes.page.up"
    /// Go down ten takes
    PageDown = "takes.page.down"
    /// Go to the newest take
    Newest = "takes.newest"
    /// Go to the oldest take
    Oldest = "takes.oldest"
    /// Play this take, or stop it
    Play = "takes.play"
    /// Move playback back by 5 seconds
    SeekBack = "takes.back"
    /// Move playback on by 5 seconds
    SeekOn = "takes.on"
    /// Play this take from the next marker
    NextMark = "takes.mark"
    /// Play this take from the previous marker
    PreviousMark = "takes.mark.back"
    /// Rename this take
    Rename = "takes.rename"
    /// Move this take to the trash, after a question
    Remove = "takes.remove"
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Cover("TAKES");
    const GREETING: &'static str = "· Enter plays the focused take; Esc shows the knobs; ? shows every key";
    type Act = Act;

    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        let is_open = app.is_open(Panel::Takes);
        let takes = &mut app.memory.takes;
        match act {
            Act::Toggle => return if is_open { app.clear() } else { app.open(Panel::Takes) },
            Act::Previous => takes.step(-1, status),
            Act::Next => takes.step(1, status),
            Act::PageUp => takes.step(-PAGE, status),
            Act::PageDown => takes.step(PAGE, status),
            Act::Newest => takes.step(isize::MIN, status),
            Act::Oldest => takes.step(isize::MAX, status),
            Act::Play => return play(takes, status),
            Act::SeekBack => return seek_by(-SEEK_SECONDS, status),
            Act::SeekOn => return seek_by(SEEK_SECONDS, status),
            Act::NextMark => return mark_by(app, true, status),
            Act::PreviousMark => return mark_by(app, false, status),
            Act::Rename => return rename(app, status),
            Act::Remove => {
                let name = takes.focused(status).map(|take| take.name.clone());
                return name.map(|name| question::ask_to_remove(app, name, remove)).unwrap_or_default();
            }
        }
        Vec::new()
    }

    fn possible(app: &App, act: Act, status: &Visible) -> Availability {
        let take = app.takes().focused(status);
        match act {
            Act::Previous | Act::Next | Act::Rename | Act::Remove => Availability::possible(take.is_some()),
            Act::Play if take.is_some_and(|take| heard(take, status).is_some()) => Availability::On,
            Act::Play => Availability::possible(take.is_some()),
            Act::SeekBack | Act::SeekOn => Availability::possible(status.audition.is_some()),
            Act::NextMark | Act::PreviousMark => {
                Availability::possible(take.is_some_and(|take| !take.marks.is_empty()))
            }
            Act::Toggle | Act::PageUp | Act::PageDown | Act::Newest | Act::Oldest => Availability::Possible,
        }
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        view::draw(app.takes(), status, theme, areas, frame);
    }

    /// The list uses time of the engine, so it is kept up to date only while this panel is open.
    fn watch(state: Switch) -> Option<Command> {
        Some(Command::TakeList { state })
    }
}

fn play(takes: &State, status: &Status) -> Vec<AppRequest> {
    let Some(take) = takes.focused(status) else { return Vec::new() };
    vec![AppRequest::Tell(match heard(take, status) {
        Some(_) => Command::TakeStop {},
        None => Command::TakePlay { take: Text(take.name.clone()) },
    })]
}

/// Seeks by this many seconds, inside the take that is played.
fn seek_by(by: f64, status: &Status) -> Vec<AppRequest> {
    let to = status.audition.as_ref().map(|audition| (audition.seconds + by).min(audition.length_seconds));
    to.map(seek).into_iter().collect()
}

fn seek(seconds: f64) -> AppRequest {
    // Rounded to the hundredth of a second, as the command is written.
    AppRequest::Tell(Command::TakeSeek { seconds: Seconds((seconds.max(0.0) * 100.0).floor() / 100.0) })
}

/// Plays the focused take from its next or previous mark, or from its beginning before the first mark; a take that is
/// not played starts there.
fn mark_by(app: &mut App, forward: bool, status: &Status) -> Vec<AppRequest> {
    let Some(take) = app.takes().focused(status) else { return Vec::new() };
    let at = heard(take, status);
    let mut marks = take.marks.iter().map(|(seconds, _)| *seconds);
    let to = match (at, forward) {
        _ if take.marks.is_empty() => None,
        // A mark less than 50 ms ahead counts as passed.
        (Some(at), true) => marks.find(|mark| *mark > at + 0.05),
        (Some(at), false) => marks.rfind(|mark| *mark < at - JUST_PAST_SECONDS).or(Some(0.0)),
        (None, true) => marks.next(),
        (None, false) => marks.next_back(),
    };
    let Some(to) = to else {
        let said = if take.marks.is_empty() { "this take has no markers" } else { "no further marker" };
        app.say(Severity::Info, said);
        return Vec::new();
    };
    let mut requests = Vec::new();
    if at.is_none() {
        requests.push(AppRequest::Tell(Command::TakePlay { take: Text(take.name.clone()) }));
    }
    requests.push(seek(to));
    requests
}

fn rename(app: &mut App, status: &Status) -> Vec<AppRequest> {
    let Some(take) = app.takes().focused(status) else { return Vec::new() };
    let begun = Command::TakeRename { take: TakeName(take.name.clone()), to: Text(String::new()) };
    line::open(app, &begun.to_string())
}

/// Removes a take; playback of it is stopped first.
fn remove(name: String, status: &Status) -> Vec<AppRequest> {
    let is_heard = status.audition.as_ref().is_some_and(|audition| focus::is_of(&audition.path, &name));
    let stop = is_heard.then_some(AppRequest::Tell(Command::TakeStop {}));
    stop.into_iter().chain([AppRequest::Tell(Command::TakeRemove { take: Text(name) })]).collect()
}
