//! Draws help: its lines between two rules.

use super::HelpItem;
use crate::tui::{theme::OverlayLook, widgets::text};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Clear,
};

/// Cells of a key or a name before its help.
const KEY_CELLS: usize = 18;

/// Draws it over the screen, from the line `top` on.
pub fn draw(items: &[HelpItem], top: usize, look: &OverlayLook, area: Rect, frame: &mut Frame<'_>) {
    frame.render_widget(Clear, area);
    let rows = usize::from(area.height.saturating_sub(2));
    let top = top.min(items.len().saturating_sub(rows));
    let below = items.len().saturating_sub(top + rows);
    let cells = usize::from(area.width);
    let rule = |left: &str, right: String| {
        let words = text::width(left) + text::width(&right);
        Line::from(vec![
            Span::styled("─ ", look.frame),
            Span::styled(left.to_owned(), look.title),
            Span::styled(format!(" {}", "─".repeat(cells.saturating_sub(words + 4))), look.frame),
            Span::styled(right, look.quiet),
            Span::styled("─", look.frame),
        ])
    };
    let more = |count: usize, way: &str| if count > 0 { format!(" {count} more {way} ") } else { String::new() };
    frame.render_widget(rule("Help", more(top, "above")), Rect { height: 1, ..area });
    for (item, y) in items.iter().skip(top).take(rows).zip(area.y + 1..) {
        let line = match item {
            HelpItem::Heading(text) => Line::styled(text.clone(), look.heading),
            HelpItem::Entry(key, help) => {
                let key = format!("  {} ", text::left(key, KEY_CELLS.max(text::width(key))));
                let help = text::cut(help, cells.saturating_sub(2 + text::width(&key)));
                Line::from(vec![Span::styled(key, look.key), Span::styled(help, look.text)])
            }
            HelpItem::Usage(usage) => Line::styled(format!("  {usage}"), look.key),
            HelpItem::Text(help) => Line::styled(format!("      {help}"), look.text),
            HelpItem::Space => Line::default(),
        };
        frame.render_widget(line, Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 });
    }
    let last = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
    frame.render_widget(rule("↑↓ PgUp PgDn", more(below, "below")), last);
}
