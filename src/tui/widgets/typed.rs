//! A line being typed, with the terminal's cursor in it.

use crate::tui::{line::CommandLine, theme::OverlayLook, widgets::text};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws it after a sign for its purpose; of a line that is too long, the part around the cursor is shown.
pub fn draw(sign: &str, line: &CommandLine, look: &OverlayLook, row: Rect, frame: &mut Frame<'_>) {
    let before = line.before_cursor();
    let cells = text::width(sign);
    let room = usize::from(row.width).saturating_sub(cells + 1);
    let skipped = before.chars().count().saturating_sub(room);
    let shown: String = line.text().chars().skip(skipped).collect();
    let before: String = before.chars().skip(skipped).collect();
    let typed = vec![Span::styled(sign, look.title), Span::styled(text::cut(&shown, room + 1), look.text)];
    frame.render_widget(Line::from(typed), row);
    frame.set_cursor_position((row.x + (cells + text::width(&before)) as u16, row.y));
}
