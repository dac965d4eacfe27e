//! Draws the takes panel: the list, and below it the waveform and the verdict of the focused take.

use super::{State, detail, list, wave};
use crate::tui::{
    panels::ScreenAreas,
    theme::Theme,
    visible::Visible,
    widgets::{rule, text},
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

/// Height from which the verdict has lines of its own, with the marks beside them, and the waveform a ruler.
const TALL: u16 = 20;
/// Rows of the verdict in a tall window; in a low one it has one line, and another for warnings.
const VERDICT_ROWS: u16 = 7;
/// Minimum and maximum rows of the focused take: its name, its marks, its waveform and its verdict.
const DETAIL_ROWS: (u16, u16) = (6, 22);
/// Rows of the list before the focused take has any: a key must not act on a take that is not visible.
const LIST_ROWS: u16 = 3;
/// Rows of the focused take from which its marks have a row.
const MARKS_FROM: u16 = 4;

/// Draws it.
pub fn draw(state: &State, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
    let below = areas.middle();
    let count = status.takes.as_ref().map_or(0, |takes| takes.takes.len());
    let place = state.place(status);
    let title = match place {
        Some(place) => format!("Takes · {} of {count}", place + 1),
        None => "Takes".to_owned(),
    };
    let folder = status.takes.as_ref().map_or(&status.record.folder, |takes| &takes.folder);
    let word = text::path(folder, usize::from(below.width / 2));
    rule::with_words(&title, vec![Span::styled(word, theme.frame.rule)], theme, areas.title, frame);
    let (Some(place), Some(takes), Some(take)) = (place, &*status.takes, state.focused(status)) else {
        return none(status, theme, below, frame);
    };
    let is_tall = below.height >= TALL;
    let room = below.height.saturating_sub(LIST_ROWS);
    let detail_rows = (below.height / 2 + 1).clamp(DETAIL_ROWS.0, DETAIL_ROWS.1).min(room);
    let verdict_rows = if is_tall { VERDICT_ROWS } else { detail::rows(take).min(detail_rows.saturating_sub(2)) };
    let [table, detail] = Layout::vertical([Constraint::Min(0), Constraint::Length(detail_rows)]).areas(below);
    // The waveform takes the remaining rows.
    let [name, marks, wave, ruler, verdict] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(u16::from(!take.marks.is_empty() && detail_rows >= MARKS_FROM)),
        Constraint::Min(1),
        Constraint::Length(u16::from(is_tall)),
        Constraint::Length(verdict_rows),
    ])
    .areas(detail);
    list::draw(status, takes, place, &theme.takes, table, frame);
    if detail_rows == 0 {
        return;
    }
    detail::title(take, status, theme, name, frame);
    wave::draw(take, status, &theme.takes, wave::WaveAreas { marks, wave, ruler }, frame);
    detail::verdict(take, takes, &theme.takes, verdict, frame);
}

/// The message for an empty list, with the reason.
fn none(status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.takes;
    let (sentence, look) = match &*status.takes {
        None => ("reading the takes…".to_owned(), look.quiet),
        Some(takes) => match &takes.fault {
            Some(fault) => (format!("! {fault}"), look.alarm),
            None => ("no takes yet: ^R records one, ^G saves what was just played".to_owned(), look.text),
        },
    };
    let row = Rect { y: area.y + u16::from(area.height > 1), height: 1, ..area };
    frame.render_widget(Line::styled(format!(" {sentence}"), look), row);
}
