//! The key bar: what the keys can do now, from the keymap's table.

use crate::{
    keymap::{Action, Key, Row, View, rows_in},
    music::Decibels,
    tui::{
        app::{App, takes},
        theme::Theme,
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws it, with the mode at its left.
pub fn draw(app: &App, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.keys;
    let mut spans = vec![Span::styled(format!(" {} ", app.mode().name()), look.mode)];
    let mut room = usize::from(area.width).saturating_sub(spans.iter().map(Span::width).sum());
    for (keys, words) in entries(app, status) {
        let cells = text::width(&keys) + text::width(words) + 3;
        if cells > room {
            break;
        }
        room -= cells;
        spans.push(Span::styled(format!("  {keys}"), look.key));
        spans.push(Span::styled(format!(" {words}"), look.label));
    }
    frame.render_widget(Line::from(spans), area);
}

/// Keys and words, in the table's order; neighbours that do the same in two directions share an entry, and of two
/// keys for the same thing only the first is shown.
pub fn entries(app: &App, status: &Visible) -> Vec<(String, &'static str)> {
    let mut entries: Vec<(String, &'static str)> = Vec::new();
    let mut shown: Vec<Action> = Vec::new();
    let mut before: Option<&Row> = None;
    for row in rows_in(app.mode()).filter(|row| possible(row.action, app, status)) {
        let Some(words) = words(row, app, status) else { continue };
        if shown.contains(&row.action) {
            continue;
        }
        shown.push(row.action);
        let sign = row.key.parse::<Key>().map(Key::sign).unwrap_or_default();
        match entries.last_mut() {
            Some((keys, _)) if before.is_some_and(|before| before.bar == row.bar) => keys.push_str(&sign),
            _ => entries.push((sign, words)),
        }
        before = Some(row);
    }
    entries
}

/// What the bar calls a row now.
fn words(row: &Row, app: &App, status: &Visible) -> Option<&'static str> {
    let on = match row.action {
        Action::Command("transport.toggle") => status.transport.playing,
        Action::Command("record.toggle") => status.record.take.is_some() || status.record.waits_for.is_some(),
        Action::Command("click.on toggle") => status.click_on,
        Action::View(View::Monitor) => status.inputs.monitor_db > Decibels::SILENCE.0,
        Action::View(View::Clock) => status.transport.clock_on,
        Action::View(View::Midi) => app.midi_shown(),
        Action::View(View::PlayTake) => {
            app.takes().focused(status).is_some_and(|take| takes::heard(take, status).is_some())
        }
        Action::View(View::Learn) => status.learning.is_some(),
        _ => false,
    };
    if on { row.bar.get(1).or(row.bar.first()).copied() } else { row.bar.first().copied() }
}

/// Whether it would do anything.
fn possible(action: Action, app: &App, status: &Visible) -> bool {
    let view = match action {
        Action::View(view) => view,
        Action::Ask("record.mark") => return status.record.take.is_some(),
        Action::Ask("record.capture") => return status.record.capture_bytes > 0,
        Action::Command(_) | Action::Ask(_) => return true,
    };
    let take = app.takes().focused(status);
    let profile = &status.params.profile;
    match view {
        View::NextKnob | View::PreviousKnob | View::TurnUp | View::TurnDown | View::TypeValue => {
            app.focused(status).is_some()
        }
        View::NextInstrument => status.ports.iter().filter(|port| port.output).count() > 1,
        View::Learn => {
            let heard = status.ports.iter().any(|port| port.input);
            status.learning.is_some() || heard && app.focused(status).is_some()
        }
        View::Mutate | View::Dice | View::Find => app.focused(status).is_some(),
        View::Recall => !status.params.snapshots.is_empty(),
        View::PreviousTake | View::RenameTake | View::RemoveTake => take.is_some(),
        View::NextTake | View::PlayTake => take.is_some(),
        View::SeekBack | View::SeekOn => status.audition.is_some(),
        View::NextMark | View::PreviousMark => take.is_some_and(|take| !take.marks.is_empty()),
        View::NextSection => profile.sections.len() > 1,
        View::ResetKnob => app.focused(status).is_some_and(|at| {
            let default = profile.params.get(at).map(|param| param.default);
            default != status.params.values.get(at).copied()
        }),
        _ => true,
    }
}
