//! The record light: the take and its file, the event it waits for, its faults, and the free space.

use crate::{
    status::TakeStatus,
    tui::{
        theme::{RecordLook, Theme},
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Free space below which a warning is shown, in seconds of recording: half an hour.
const ROOM_LOW_SECONDS: u64 = 1800;
/// Cells of a file name that are kept before words about the take are shortened.
const FILE_CELLS: usize = 20;

/// Draws it.
pub fn draw(status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let cells = usize::from(inside.width);
    let look = &theme.record;
    let record = &status.record;
    let mut spans = match (&record.take, record.waits_for) {
        (Some(take), _) => return take_line(take, status, look, inside, frame),
        (None, Some(what)) => vec![Span::styled(format!("○ waiting for {what} → "), look.waiting)],
        (None, None) => vec![Span::styled("○ ready to record → ", look.ready)],
    };
    let room = room(status, look, true);
    let taken: usize = spans.iter().chain([&room]).map(Span::width).sum();
    spans.push(Span::styled(text::path(&record.folder, cells.saturating_sub(taken)), look.quiet));
    spans.push(room);
    frame.render_widget(Line::from(spans), inside);
}

/// The take that is being recorded. Its faults keep their place; the file name and the remaining hours are shortened
/// for them.
fn take_line(take: &TakeStatus, status: &Visible, look: &RecordLook, inside: Rect, frame: &mut Frame<'_>) {
    let cells = usize::from(inside.width);
    let file = take.path.file_name().map_or(take.path.as_path(), std::path::Path::new);
    let wanted = text::width(&file.to_string_lossy()).min(FILE_CELLS);
    let light = Span::styled(format!("● REC {}  ", text::take_time(take.seconds)), look.recording);
    let behind = |is_roomy| {
        let mut spans = details(take, status.device.sample_rate_hz, look, is_roomy);
        spans.push(room(status, look, is_roomy));
        spans
    };
    let free = |behind: &[Span<'_>]| {
        let taken: usize = behind.iter().chain([&light]).map(Span::width).sum();
        cells.saturating_sub(taken)
    };
    let mut after = behind(true);
    if free(&after) < wanted {
        after = behind(false);
    }
    let file = Span::styled(text::path(file, free(&after)), look.file);
    let mut spans = vec![light, file];
    spans.append(&mut after);
    frame.render_widget(Line::from(spans), inside);
}

/// Details of the take: marks, missing audio, when it ends.
fn details<'a>(take: &TakeStatus, rate_hz: u32, look: &RecordLook, is_roomy: bool) -> Vec<Span<'a>> {
    let mut spans = Vec::new();
    match take.marks {
        0 => {}
        count if !is_roomy => spans.push(Span::styled(format!("  ▾{count}"), look.detail)),
        1 => spans.push(Span::styled("  1 mark", look.detail)),
        count => spans.push(Span::styled(format!("  {count} marks"), look.detail)),
    }
    if take.gap_frames > 0 {
        let lost_ms = take.gap_frames.saturating_mul(1000).div_ceil(u64::from(rate_hz.max(1)));
        let lost = if lost_ms < 10_000 { format!("{lost_ms} ms") } else { format!("{} s", lost_ms / 1000) };
        spans.push(Span::styled(format!("  ! {lost} lost"), look.gap));
    }
    if take.ends_with_bar {
        let words = if is_roomy { "  ends with the bar" } else { "  ends with bar" };
        spans.push(Span::styled(words, look.detail));
    }
    spans
}

/// The free space.
fn room<'a>(status: &Visible, look: &RecordLook, is_roomy: bool) -> Span<'a> {
    let record = &status.record;
    let Some(free) = record.free_bytes else { return Span::styled("  free space unknown", look.room) };
    let size = text::size(free);
    match free.checked_div(record.bytes_per_second) {
        Some(seconds) => {
            let low = seconds < ROOM_LOW_SECONDS;
            let (sign, room_look) = if low { ("! ", look.room_low) } else { ("", look.room) };
            let left = text::duration(seconds);
            let words = if is_roomy { format!("{size} free (≈ {left})") } else { format!("{left} left") };
            Span::styled(format!("  {sign}{words}"), room_look)
        }
        None => Span::styled(format!("  {size} free"), look.room),
    }
}
