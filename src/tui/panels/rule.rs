//! A line across the window, with a title at its left and a word at its right.

use crate::tui::{theme::Theme, widgets::text};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws it; empty texts leave the line whole.
pub fn draw(title: &str, word: &str, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(area.width);
    let title = if title.is_empty() { String::new() } else { format!(" {} ", text::cut(title, cells * 2 / 3)) };
    let word = if word.is_empty() { String::new() } else { format!(" {} ", text::cut(word, cells / 4)) };
    let between = cells.saturating_sub(2 + text::width(&title) + text::width(&word));
    let (rule, words) = (theme.frame.rule, theme.frame.title);
    let line = Line::from(vec![
        Span::styled("─", rule),
        Span::styled(title, words),
        Span::styled("─".repeat(between), rule),
        Span::styled(word, rule),
        Span::styled("─", rule),
    ]);
    frame.render_widget(line, area);
}
