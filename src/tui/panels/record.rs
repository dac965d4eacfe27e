//! The record light: how long, into which file, and how much room is left.

use crate::tui::{theme::Theme, visible::Visible, widgets::text};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Less room than this is said loudly, in seconds of recording: half an hour.
const ROOM_LOW_SECONDS: u64 = 1800;

/// Draws it.
pub fn draw(status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let look = &theme.record;
    let record = &status.record;
    let (room, low) = room(status);
    let room_look = if low { look.room_low } else { look.room };
    let sides = text::width(&room) + 2;
    let mut spans = match &record.take {
        Some(take) => {
            let light = format!("● REC {}  ", text::take_time(take.seconds));
            let cells = usize::from(inside.width).saturating_sub(sides + text::width(&light));
            let file = take.path.file_name().map_or(take.path.as_path(), std::path::Path::new);
            vec![Span::styled(light, look.recording), Span::styled(text::path(file, cells), look.file)]
        }
        None => {
            let light = "○ ready to record → ";
            let cells = usize::from(inside.width).saturating_sub(sides + text::width(light));
            vec![Span::styled(light, look.ready), Span::styled(text::path(&record.folder, cells), look.quiet)]
        }
    };
    spans.push(Span::styled(format!("  {room}"), room_look));
    frame.render_widget(Line::from(spans), inside);
}

/// How much room there is, and whether it is little.
fn room(status: &Visible) -> (String, bool) {
    let record = &status.record;
    let Some(free) = record.free_bytes else { return ("free space unknown".to_owned(), false) };
    let size = text::size(free);
    match free.checked_div(record.bytes_per_second) {
        Some(seconds) => {
            let low = seconds < ROOM_LOW_SECONDS;
            let sign = if low { "! " } else { "" };
            (format!("{sign}{size} free (≈ {})", text::duration(seconds)), low)
        }
        None => (format!("{size} free"), false),
    }
}
