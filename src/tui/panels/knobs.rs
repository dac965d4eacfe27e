//! The knobs of the profile in use: the focused one, and the actions on it.
//!
//! The layout is in `knobs/layout.rs`, the drawing in `knobs/page.rs`, the words above them in `knobs/words.rs`.

mod layout;
mod page;
mod words;

use super::{Availability, Layer, Panel, PanelSpec, line};
use crate::{
    command::{
        Command,
        arg::{Name, Percent, Steps, Text},
    },
    profile::Param,
    status::{Severity, Status},
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
    },
};
use ratatui::Frame;
use std::collections::HashMap;
pub(super) use words::{learning_word, on_the_way};

/// Steps of a coarse turn.
const FAR: i32 = 8;
/// Maximum change by "vary", in percent of a knob's travel.
const MUTATION: Percent = Percent(10.0);

acts! {
    /// Type a value for the focused knob
    TypeValue = "knob.type"
    /// Go to the next knob
    Next = "knob.next"
    /// Go to the previous knob
    Previous = "knob.previous"
    /// Go to the first knob of the section
    First = "knob.first"
    /// Go to the last knob of the section
    Last = "knob.last"
    /// Go to the next section
    NextSection = "section.next"
    /// Go to the previous section
    PreviousSection = "section.previous"
    /// Turn the focused knob up
    TurnUp = "turn.up"
    /// Turn the focused knob down
    TurnDown = "turn.down"
    /// Turn the focused knob up by 8 steps
    TurnUpFar = "turn.up.far"
    /// Turn the focused knob down by 8 steps
    TurnDownFar = "turn.down.far"
    /// Reset the focused knob to its default
    Reset = "knob.reset"
    /// Vary the focused section at random by up to 10 %
    Mutate = "section.mutate"
    /// Randomize the focused section
    Randomize = "section.dice"
    /// Recall a snapshot by name
    Recall = "knobs.recall"
    /// Save a snapshot under a name
    Save = "knobs.save"
    /// Modulate the focused knob by an LFO or envelope
    Modulate = "knob.modulate"
    /// Remove all modulation from the focused knob
    Still = "knob.still"
    /// Map the next incoming controller to the knob, or cancel
    Learn = "knob.learn"
}

/// The focused knob of each instrument, by its port: each instrument keeps its own.
#[derive(Clone, Debug, Default)]
pub struct State {
    focus: HashMap<u8, usize>,
}

impl State {
    /// After a change of profile, its first knob has the focus.
    pub fn begin(&mut self) {
        self.focus.clear();
    }
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Ground;
    type Act = Act;

    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        match act {
            Act::TypeValue => return open_line_for(app, status, |name| format!("param.set {name} ")),
            Act::Next => focus_by(app, 1, status),
            Act::Previous => focus_by(app, -1, status),
            Act::First => focus_in_section(app, false, status),
            Act::Last => focus_in_section(app, true, status),
            Act::NextSection => section_by(app, 1, status),
            Act::PreviousSection => section_by(app, -1, status),
            Act::TurnUp => return turn(app, 1, status),
            Act::TurnDown => return turn(app, -1, status),
            Act::TurnUpFar => return turn(app, FAR, status),
            Act::TurnDownFar => return turn(app, -FAR, status),
            Act::Reset => return tell(app, status, |name| Command::ParamReset { name }),
            Act::Mutate => {
                return randomize(app, status, |section| Command::ParamMutate { percent: MUTATION, section });
            }
            Act::Randomize => return randomize(app, status, |section| Command::ParamRandom { section }),
            Act::Recall if status.params.snapshots.is_empty() => {
                app.say(Severity::Info, "no snapshot yet: snapshot.save saves the parameter values");
            }
            Act::Recall => return line::open(app, "snapshot.recall "),
            Act::Save => return line::open(app, "snapshot.save "),
            Act::Modulate => return open_line_for(app, status, |name| format!("mod.set {name} lfo ")),
            Act::Still => return tell(app, status, |param| Command::ModOff { param, which: None }),
            Act::Learn => return learn(app, status),
        }
        Vec::new()
    }

    fn possible(app: &App, act: Act, status: &Visible) -> Availability {
        let focused = app.focused(status);
        let profile = &status.params.profile;
        match act {
            Act::Next | Act::Previous | Act::TurnUp | Act::TurnDown | Act::TypeValue | Act::Mutate | Act::Randomize => {
                Availability::possible(focused.is_some())
            }
            Act::NextSection => Availability::possible(profile.sections.len() > 1),
            Act::Recall => Availability::possible(!status.params.snapshots.is_empty()),
            Act::Reset => Availability::possible(focused.is_some_and(|at| {
                let default = profile.params.get(at).map(|param| param.default);
                default != status.params.values.get(at).copied()
            })),
            Act::Learn if status.learning.is_some() => Availability::On,
            Act::Learn => Availability::possible(focused.is_some() && status.ports.iter().any(|port| port.input)),
            Act::First | Act::Last | Act::PreviousSection | Act::TurnUpFar | Act::TurnDownFar => Availability::Possible,
            Act::Save | Act::Modulate | Act::Still => Availability::Possible,
        }
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        page::draw(app, status, theme, areas, frame);
    }
}

/// The number of knobs with a value.
fn count(status: &Status) -> usize {
    status.params.profile.params.len().min(status.params.values.len())
}

/// The index of the focused parameter in the profile; `None` without parameters. During a search it is the one found,
/// while the focus itself stays.
pub(in crate::tui) fn focused(app: &App, status: &Status) -> Option<usize> {
    focused_of(app, found(app, status).as_deref(), status)
}

/// The same, with the matches of the search given.
pub(super) fn focused_of(app: &App, found: Option<&[usize]>, status: &Status) -> Option<usize> {
    let from = focus_kept(app, status)?;
    Some(found.map_or(from, |found| app.memory.find.focused(found, from)))
}

/// The indexes of the parameters that a search found, during one.
pub(in crate::tui) fn found(app: &App, status: &Status) -> Option<Vec<usize>> {
    app.is_open(Panel::Find).then(|| app.memory.find.found(&status.params.profile, count(status)))
}

/// The focus without a search.
pub(super) fn focus_kept(app: &App, status: &Status) -> Option<usize> {
    let last = count(status).checked_sub(1)?;
    Some(app.memory.knobs.focus.get(&*status.instrument).map_or(0, |at| *at.min(&last)))
}

pub(super) fn set_focus(app: &mut App, at: usize, status: &Status) {
    app.memory.knobs.focus.insert(*status.instrument, at);
}

/// The focused knob.
fn param<'a>(app: &App, status: &'a Status) -> Option<&'a Param> {
    status.params.profile.params.get(app.focused(status)?)
}

/// To a knob before or after, wrapping at the ends.
fn focus_by(app: &mut App, by: isize, status: &Status) {
    if let Some(at) = app.focused(status) {
        let count = count(status);
        set_focus(app, at.saturating_add_signed(count as isize + by) % count, status);
    }
}

fn focus_in_section(app: &mut App, last: bool, status: &Status) {
    let Some(section) = param(app, status).map(|param| param.section) else { return };
    let mut places = status.params.profile.params_in(section).map(|(at, _)| at);
    let to = if last { places.last() } else { places.next() };
    if let Some(at) = to {
        set_focus(app, at, status);
    }
}

/// To the first knob of a section before or after, wrapping at the ends; sections without knobs are skipped.
fn section_by(app: &mut App, by: isize, status: &Status) {
    let profile = &status.params.profile;
    let Some(mut section) = param(app, status).map(|param| param.section) else { return };
    let count = profile.sections.len();
    for _ in 0..count {
        section = section.saturating_add_signed(count as isize + by) % count;
        if let Some((at, _)) = profile.params_in(section).next() {
            return set_focus(app, at, status);
        }
    }
}

fn turn(app: &App, steps: i32, status: &Status) -> Vec<AppRequest> {
    tell(app, status, |name| Command::ParamStep { name, steps: Steps(steps) })
}

/// A command on the focused knob.
fn tell(app: &App, status: &Status, command: impl FnOnce(Name) -> Command) -> Vec<AppRequest> {
    let name = param(app, status).map(|param| Name(param.name.clone()));
    name.map(|name| AppRequest::Tell(command(name))).into_iter().collect()
}

/// A command on the focused knob that the user completes on the line.
fn open_line_for(app: &mut App, status: &Status, text: impl FnOnce(&str) -> String) -> Vec<AppRequest> {
    match param(app, status).map(|param| text(&param.name)) {
        Some(text) => line::open(app, &text),
        None => Vec::new(),
    }
}

/// Randomizes the section of the focused knob. The answer gives the number of changed knobs.
fn randomize(app: &App, status: &Status, throw: impl FnOnce(Option<Text>) -> Command) -> Vec<AppRequest> {
    let section = param(app, status).and_then(|param| status.params.profile.sections.get(param.section));
    section.map(|section| AppRequest::Ask(throw(Some(Text(section.clone()))))).into_iter().collect()
}

/// Maps the next controller to the focused knob; cancels MIDI learn if it is on.
fn learn(app: &mut App, status: &Status) -> Vec<AppRequest> {
    if status.learning.is_some() {
        return vec![AppRequest::Tell(Command::LearnCancel {})];
    }
    match param(app, status).map(|param| format!("param.set {}", param.name)) {
        Some(what) => vec![AppRequest::Ask(Command::Learn { what: Text(what) })],
        None => {
            app.say(Severity::Info, "no knob to map");
            Vec::new()
        }
    }
}
