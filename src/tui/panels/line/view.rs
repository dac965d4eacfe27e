//! Draws the `:` line: the text in place of the key bar, and the completions above it.

use crate::tui::{
    line::{
        CommandLine,
        complete::{self, Candidate},
    },
    panels::ScreenAreas,
    theme::Theme,
    visible::Visible,
    widgets::{text, typed},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::Clear,
};

/// Maximum completions that are shown.
const CANDIDATES: usize = 6;
/// Maximum cells of a completion before its help.
const WORD_CELLS: usize = 20;

/// Draws it, and puts the terminal's cursor there.
pub fn draw(line: &CommandLine, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
    frame.render_widget(Clear, areas.keys);
    typed::draw(" :", line, &theme.overlay, areas.keys, frame);
    let above = Rect { y: 0, height: areas.body.bottom() + 1, ..areas.keys };
    fitting(line, status, theme, above, frame);
}

/// Draws the completions, and the usage of the command in the lowest row.
fn fitting(line: &CommandLine, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.overlay;
    let before = line.before_cursor();
    let found;
    let (candidates, chosen): (&[Candidate], Option<usize>) = match line.walked() {
        Some(walked) => walked,
        None => {
            found = complete::complete(&before, status);
            (&found.candidates, None)
        }
    };
    let hint = complete::hint(&before, status);
    let hint = hint.unwrap_or_else(|| "a command; Tab completes, Enter runs it, Esc goes back".to_owned());
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(CANDIDATES));
    let shown = candidates.len().min(CANDIDATES);
    let rows = shown as u16 + 2;
    let covered = Rect { y: area.bottom().saturating_sub(rows), height: rows, ..area };
    frame.render_widget(Clear, covered);
    let cells = usize::from(area.width);
    let title = match candidates.len() {
        count if count > shown => format!("─ {shown} of {count} "),
        _ => String::new(),
    };
    let rule = format!("{title}{}", "─".repeat(cells.saturating_sub(text::width(&title))));
    frame.render_widget(Line::styled(rule, look.frame), Rect { height: 1, ..covered });
    let wide = candidates.iter().map(|c| text::width(&c.word)).max().unwrap_or(0).clamp(1, WORD_CELLS);
    for ((candidate, at), y) in candidates.iter().zip(0..).skip(first).take(shown).zip(covered.y + 1..) {
        let (mark, word_look) = if chosen == Some(at) { ('▸', look.chosen) } else { (' ', look.key) };
        let help = text::cut(&candidate.help, cells.saturating_sub(wide + 6));
        let line = Line::from(vec![
            Span::raw(format!(" {mark} ")),
            Span::styled(text::left(&candidate.word, wide), word_look),
            Span::styled(format!("  {help}"), look.text),
        ]);
        frame.render_widget(line, Rect { y, height: 1, ..covered });
    }
    let last = Rect { y: covered.bottom().saturating_sub(1), height: 1, ..covered };
    frame.render_widget(Line::styled(format!(" {}", text::cut(&hint, cells.saturating_sub(2))), look.quiet), last);
}
