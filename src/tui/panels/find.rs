//! The `/` line, in place of the section names: the user types a part of a name, and the matching knobs are shown. The
//! focus itself stays until the user keeps the match.

use super::{Availability, Layer, Memory, Panel, PanelSpec, knobs};
use crate::{
    profile::Profile,
    status::{Severity, Status},
    tui::{
        acts::acts,
        app::{App, AppRequest},
        line::CommandLine,
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
        widgets::{text, typed},
    },
};
use ratatui::{Frame, layout::Rect, text::Line};

/// Minimum cells for the typed text; the number of matches is left out first.
const TYPED_MIN: usize = 24;

acts! {
    /// Find a knob by part of its name, label or section
    Open = "knob.find"
    /// Go to the next match
    Next = "find.next"
    /// Go to the previous match
    Previous = "find.previous"
    /// Keep the focus on the found knob
    Keep = "find.keep"
}

/// A search for a knob. The matches are computed anew each time, so that they fit any instrument.
#[derive(Clone, Debug, Default)]
pub struct State {
    line: CommandLine,
    /// The index of the selected match; `None` for the first match.
    chosen: Option<usize>,
}

impl State {
    /// A new search with an empty text.
    pub fn begin(&mut self) {
        self.line.open("");
        self.chosen = None;
    }

    /// The indexes of the first `count` knobs whose label, name or section contains each word, in order.
    pub fn found(&self, profile: &Profile, count: usize) -> Vec<usize> {
        let text = self.line.text().to_lowercase();
        let is_found = |at: &usize| {
            let Some(param) = profile.params.get(*at) else { return false };
            let section = profile.sections.get(param.section).map_or("", String::as_str);
            let texts = [&param.label, &param.name, section].map(str::to_lowercase);
            text.split_whitespace().all(|word| texts.iter().any(|text| text.contains(word)))
        };
        (0..count).filter(is_found).collect()
    }

    /// The focused one of `found`; `from`, the focus before, if nothing is typed or found.
    pub fn focused(&self, found: &[usize], from: usize) -> usize {
        let chosen = self.chosen.filter(|at| found.contains(at));
        let first = || if self.line.text().trim().is_empty() { None } else { found.first().copied() };
        chosen.or_else(first).unwrap_or(from)
    }

    /// To the next or previous match, wrapping at the ends.
    fn step(&mut self, found: &[usize], from: usize, forward: bool) {
        let Some(at) = found.iter().position(|at| *at == self.focused(found, from)) else { return };
        let to = if forward { at + 1 } else { at + found.len() - 1 };
        self.chosen = found.get(to % found.len()).copied();
    }
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Over("FIND");
    /// The found knob must be visible.
    const ABOUT: Option<Panel> = Some(Panel::Knobs);
    const KEYS_IN_HELP: Option<&'static str> = Some("after /");
    type Act = Act;

    fn act(app: &mut App, act: Act, status: &Status) -> Vec<AppRequest> {
        match act {
            Act::Open if app.focused(status).is_some() => {
                app.memory.find.begin();
                return app.open(Panel::Find);
            }
            Act::Open => app.say(Severity::Info, "no knob to find"),
            Act::Next => step(app, true, status),
            Act::Previous => step(app, false, status),
            Act::Keep => {
                if let Some(at) = app.focused(status) {
                    knobs::set_focus(app, at, status);
                }
                return app.close();
            }
        }
        Vec::new()
    }

    fn possible(app: &App, act: Act, status: &Visible) -> Availability {
        match act {
            Act::Open => Availability::possible(app.focused(status).is_some()),
            Act::Next | Act::Previous | Act::Keep => Availability::Possible,
        }
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        let Some(found) = app.found(status) else { return };
        let Some(focus) = knobs::focused_of(app, Some(&found), status) else { return };
        typed_line(app, &found, focus, theme, areas.tabs, frame);
        if found.is_empty() {
            nothing(app, theme, areas.body, frame);
        }
    }

    fn line(memory: &Memory) -> Option<&CommandLine> {
        Some(&memory.find.line)
    }

    /// If the text changed, the first match is selected.
    fn edit(memory: &mut Memory, change: &mut dyn FnMut(&mut CommandLine)) {
        let find = &mut memory.find;
        let before = find.line.text();
        change(&mut find.line);
        if find.line.text() != before {
            find.chosen = None;
        }
    }
}

fn step(app: &mut App, forward: bool, status: &Status) {
    if let (Some(found), Some(from)) = (app.found(status), knobs::focus_kept(app, status)) {
        app.memory.find.step(&found, from, forward);
    }
}

/// The typed text, and the number of the focused match.
fn typed_line(app: &App, found: &[usize], focus: usize, theme: &Theme, row: Rect, frame: &mut Frame<'_>) {
    let count = match found.iter().position(|at| *at == focus) {
        Some(at) => format!("{} of {} found ", at + 1, found.len()),
        None => "no match ".to_owned(),
    };
    let cells = usize::from(row.width);
    let taken = Some(text::width(&count)).filter(|taken| taken + TYPED_MIN <= cells).unwrap_or(0);
    if taken > 0 {
        frame.render_widget(Line::styled(count, theme.overlay.quiet).right_aligned(), row);
    }
    let line = Rect { width: (cells - taken) as u16, ..row };
    typed::draw(" find: ", &app.memory.find.line, &theme.overlay, line, frame);
}

/// Shows that there is no match.
fn nothing(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let written = app.memory.find.line.text();
    let sentence = format!(" no knob or section matches '{}'; Esc goes back", written.trim());
    let sentence = text::cut(&sentence, usize::from(area.width));
    frame.render_widget(Line::styled(sentence, theme.overlay.quiet), Rect { height: 1, ..area }.intersection(area));
}
