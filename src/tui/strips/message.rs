//! The message line; in taller windows with older messages.

use crate::{
    status::Severity,
    tui::{
        app::App,
        messages::ScreenMessage,
        theme::{Look, Theme},
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window height from which there is room for older messages.
const LOG_FROM_ROWS: u16 = 36;
/// The rows of the older messages.
const LOG_ROWS: u16 = 5;

/// Window height from which a long sentence has two rows.
const TWO_FROM_ROWS: u16 = 20;

/// The rows in a window.
pub fn rows(app: &App, window: Rect) -> u16 {
    let cells = usize::from(window.width).saturating_sub(2);
    match window.height {
        LOG_FROM_ROWS.. => LOG_ROWS,
        TWO_FROM_ROWS.. => 1 + u16::from(app.messages().shown().is_some_and(|shown| wraps(app, shown, cells))),
        _ => 1,
    }
}

/// Whether a sentence and the number of waiting messages are too long for one row.
fn wraps(app: &App, shown: &ScreenMessage, cells: usize) -> bool {
    text::width(&sentence(shown)) + text::width(&waiting(app)) > cells
}

fn waiting(app: &App) -> String {
    match app.messages().waiting() {
        0 => String::new(),
        count => format!("  (+{count} more, any key)"),
    }
}

/// Draws it: the message on the line lowest, older ones above.
pub fn draw(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let messages = app.messages();
    let cells = usize::from(area.width).saturating_sub(2);
    let row = |up: u16| Rect { x: area.x + 1, y: area.bottom() - 1 - up, width: cells as u16, height: 1 };
    if messages.is_empty() {
        let newcomer = app.base().greeting();
        return frame.render_widget(Line::styled(text::cut(newcomer, cells), theme.messages.past), row(0));
    }
    let Some(shown) = messages.shown() else { return };
    let look = look(shown.severity, theme);
    let waiting = waiting(app);
    let whole = sentence(shown);
    let wraps = area.height > 1 && wraps(app, shown, cells);
    let (first, rest) = if wraps { text::wrap(&whole, cells) } else { ("", &*whole) };
    let rest = text::cut(rest, cells.saturating_sub(text::width(&waiting)));
    let line = Line::from(vec![Span::styled(rest, look), Span::styled(waiting, theme.messages.info)]);
    frame.render_widget(line, row(0));
    if wraps {
        frame.render_widget(Line::styled(text::cut(first, cells), look), row(1));
    }
    let past = messages.log().filter(|message| *message != shown);
    for (message, up) in past.zip(1 + u16::from(wraps)..area.height) {
        let text = text::cut(&self::sentence(message), cells);
        frame.render_widget(Line::styled(text, theme.messages.past), row(up));
    }
}

/// A sign and the sentence: severities differ without colours.
fn sentence(message: &ScreenMessage) -> String {
    match message.severity {
        Severity::Info => format!("· {}", message.text),
        Severity::Warning => format!("! {}", message.text),
        Severity::Error => format!("✗ {}", message.text),
    }
}

fn look(severity: Severity, theme: &Theme) -> Look {
    match severity {
        Severity::Info => theme.messages.info,
        Severity::Warning => theme.messages.warning,
        Severity::Error => theme.messages.error,
    }
}
