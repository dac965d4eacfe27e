//! The `/` line in the place of the sections' names, and what it says where nothing is found.

use crate::tui::{app::App, panels::typed, theme::Theme, widgets::text};
use ratatui::{Frame, layout::Rect, text::Line};

/// Least cells for what is typed; how many were found is left out first.
const TYPED_MIN: usize = 24;

/// Draws what is typed, and which of the knobs found has the focus.
pub fn draw(app: &App, found: &[usize], focus: usize, theme: &Theme, row: Rect, frame: &mut Frame<'_>) {
    let count = match found.iter().position(|at| *at == focus) {
        Some(at) => format!("{} of {} found ", at + 1, found.len()),
        None => "nothing found ".to_owned(),
    };
    let cells = usize::from(row.width);
    let taken = Some(text::width(&count)).filter(|taken| taken + TYPED_MIN <= cells).unwrap_or(0);
    if taken > 0 {
        frame.render_widget(Line::styled(count, theme.overlay.quiet).right_aligned(), row);
    }
    let line = Rect { width: (cells - taken) as u16, ..row };
    typed::draw(" find: ", app.find().line(), &theme.overlay, line, frame);
}

/// Says that nothing is called so.
pub fn nothing(app: &App, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let sentence = format!(" no knob and no section is called '{}'; Esc goes back", app.find().line().text().trim());
    let sentence = text::cut(&sentence, usize::from(area.width));
    frame.render_widget(Line::styled(sentence, theme.overlay.quiet), Rect { height: 1, ..area }.intersection(area));
}
