//! The key bar: the possible keys, from the keymap's rows.

use crate::{
    command::Command,
    tui::{app::App, keys::ScreenAction, panels::Availability, theme::Theme, visible::Visible, widgets::text},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws it, with the mode at its left.
pub fn draw(app: &App, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.keys;
    let mut spans = vec![Span::styled(format!(" {} ", app.mode().title()), look.mode)];
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

/// Keys and words, in the order of the rows; neighbours with the same words share an entry, and of two keys for the
/// same action only the first is shown.
pub fn entries<'a>(app: &'a App, status: &Visible) -> Vec<(String, &'a str)> {
    let mut entries: Vec<(String, &str)> = Vec::new();
    let mut shown: Vec<&ScreenAction> = Vec::new();
    let mut before: &[String] = &[];
    for row in app.keymap().rows_in(app.mode()) {
        let Some(off) = row.bar.first() else { continue };
        let words = match now(&row.action, app, status) {
            Availability::Impossible => continue,
            Availability::Possible => off,
            Availability::On => row.bar.get(1).unwrap_or(off),
        };
        if shown.contains(&&row.action) {
            continue;
        }
        shown.push(&row.action);
        match entries.last_mut() {
            Some((keys, _)) if before == row.bar => keys.push_str(&row.key.sign()),
            _ => entries.push((row.key.sign(), words)),
        }
        before = &row.bar;
    }
    entries
}

/// Whether it is possible now, and whether its state is on.
fn now(action: &ScreenAction, app: &App, status: &Visible) -> Availability {
    match action {
        ScreenAction::View(view) => view.possible(app, status),
        ScreenAction::Command(command) | ScreenAction::Ask(command) => now_of(command, status),
    }
}

fn now_of(command: &Command, status: &Visible) -> Availability {
    let record = &status.record;
    match command {
        Command::RecordMark { .. } => Availability::possible(record.take.is_some()),
        Command::RecordCapture { .. } => Availability::possible(record.capture_bytes > 0),
        Command::TransportToggle {} => Availability::on(status.transport.playing),
        Command::RecordToggle {} => Availability::on(record.take.is_some() || record.waits_for.is_some()),
        Command::ClickOn { .. } => Availability::on(*status.click_on),
        _ => Availability::Possible,
    }
}
