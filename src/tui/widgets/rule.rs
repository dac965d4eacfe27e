//! A line across the window, with a title at the left and a word at the right.

use crate::tui::{theme::Theme, widgets::text};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Draws it; an empty text leaves the line unbroken.
pub fn draw(title: &str, word: &str, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let room = usize::from(area.width) / 4;
    let word = Span::styled(text::cut(word, room), theme.frame.rule);
    with_words(title, vec![word], theme, area, frame);
}

/// Draws it with styled words; the title has the remaining room.
pub fn with_words(title: &str, words: Vec<Span<'_>>, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let (cells, rule) = (usize::from(area.width), theme.frame.rule);
    let mut right: Vec<Span<'_>> = words.into_iter().filter(|word| !word.content.is_empty()).collect();
    if !right.is_empty() {
        right.insert(0, Span::raw(" "));
        right.push(Span::raw(" "));
    }
    let taken: usize = right.iter().map(Span::width).sum();
    let title = match text::cut(title, cells.saturating_sub(taken + 5)) {
        title if title.is_empty() => title,
        title => format!(" {title} "),
    };
    let between = cells.saturating_sub(2 + text::width(&title) + taken);
    let mut spans =
        vec![Span::styled("─", rule), Span::styled(title, theme.frame.title), Span::styled("─".repeat(between), rule)];
    spans.append(&mut right);
    spans.push(Span::styled("─", rule));
    frame.render_widget(Line::from(spans), area);
}
