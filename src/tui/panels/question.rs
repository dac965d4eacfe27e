//! What is asked before something is done that nobody would want by chance, in the place of the message line.

use crate::tui::{app::App, theme::Theme, widgets::text};
use ratatui::{Frame, layout::Rect, text::Line, widgets::Clear};

/// Draws it over the lowest row of the messages; the key bar says how to answer.
pub fn draw(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let Some(name) = app.takes().doomed() else { return };
    let row = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    let (before, after) = (" ? move '", "' to the trash? It can be taken back from there. y/n");
    let cells = usize::from(area.width).saturating_sub(text::width(before) + text::width(after) + 1);
    let sentence = format!("{before}{}{after}", text::cut(name, cells));
    frame.render_widget(Clear, row);
    frame.render_widget(Line::styled(sentence, theme.messages.warning), row);
}
