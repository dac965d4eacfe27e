//! The waveform of a take, with its marks and the play position.

use crate::{
    status::{TakeInfo, TakeState},
    takes::Overview,
    tui::{
        panels::takes::heard,
        theme::{Look, TakesLook},
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Color, Style},
    symbols::Marker,
    text::Line,
    widgets::canvas::{Canvas, Points},
};

/// Full scale of an overview.
const FULL_SCALE: f64 = 128.0;
/// Waveforms are magnified at most 8 times: softer takes still look soft.
const MAGNIFIED_MAX: u8 = 8;
/// Dots of a cell, horizontal and vertical.
const DOTS: (u16, u16) = (2, 4);
/// Rows from which both halves of the waveform are drawn.
const TWO_SIDED_ROWS: u16 = 6;
/// Positions of the ruler's numbers.
const STOPS: [f64; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// The areas of the parts.
#[derive(Clone, Copy, Debug)]
pub struct WaveAreas {
    /// The labels of the marks.
    pub marks: Rect,
    /// The wave.
    pub wave: Rect,
    /// The times under it; no height if there is no room.
    pub ruler: Rect,
}

/// The factor that magnifies the waveform, so that a soft take is visible, too; 1 to 8.
pub fn magnified(take: &TakeInfo) -> u8 {
    let columns = take.overview.iter().flat_map(|overview| &overview.columns);
    let loudest = columns.map(|(low, high)| low.unsigned_abs().max(high.unsigned_abs())).max();
    loudest.and_then(|loudest| 127_u8.checked_div(loudest)).unwrap_or(1).clamp(1, MAGNIFIED_MAX)
}

/// Draws it.
pub fn draw(take: &TakeInfo, status: &Visible, look: &TakesLook, areas: WaveAreas, frame: &mut Frame<'_>) {
    let length = take.seconds.filter(|seconds| *seconds > 0.0);
    let cell = |seconds: f64| {
        let share = (seconds / length.unwrap_or(f64::INFINITY)).clamp(0.0, 1.0);
        areas.wave.x + ((share * f64::from(areas.wave.width)) as u16).min(areas.wave.width.saturating_sub(1))
    };
    match &take.overview {
        Some(overview) => wave(overview, f64::from(magnified(take)), look, areas.wave, frame),
        None => instead(take, status, look, areas.wave, frame),
    }
    let buffer = frame.buffer_mut();
    let position = heard(take, status).map(cell);
    if let Some(x) = position {
        let past = Rect { width: x.saturating_sub(areas.wave.x), ..areas.wave };
        buffer.set_style(past, Style::from(look.heard));
    }
    if length.is_some() {
        let places: Vec<(u16, &str)> =
            take.marks.iter().map(|(seconds, label)| (cell(*seconds), label.as_str())).collect();
        for (x, _) in &places {
            column(*x, "┊", look.mark, true, areas.wave, buffer);
        }
        labels(&places, look, areas.marks, buffer);
    }
    if let Some(x) = position {
        column(x, "┃", look.position, false, areas.wave, buffer);
    }
    if let Some(length) = length {
        ruler(length, look, areas.ruler, buffer);
    }
}

/// The waveform in dots; each column of dots shows the loudest column of the overview in its range. With few rows only
/// the level is drawn, from the lowest row up.
fn wave(overview: &Overview, times: f64, look: &TakesLook, area: Rect, frame: &mut Frame<'_>) {
    let (across, down) = (usize::from(area.width * DOTS.0), usize::from(area.height * DOTS.1));
    let columns = overview.columns.len();
    let mut dots = Vec::new();
    for x in 0..across {
        let from = x * columns / across.max(1);
        let to = ((x + 1) * columns / across.max(1)).max(from + 1);
        let Some(part) = overview.columns.get(from..to.min(columns)) else { continue };
        let low = part.iter().map(|(low, _)| *low).min().unwrap_or(0);
        let high = part.iter().map(|(_, high)| *high).max().unwrap_or(0);
        let (low, high) = (f64::from(low) * times / FULL_SCALE, f64::from(high) * times / FULL_SCALE);
        let (low, high) =
            if area.height < TWO_SIDED_ROWS { (-1.0, low.abs().max(high.abs()) * 2.0 - 1.0) } else { (low, high) };
        let row = |level: f64| ((level + 1.0) / 2.0 * down as f64) as usize;
        let (bottom, top) = (row(low).min(down.saturating_sub(1)), row(high).min(down.saturating_sub(1)));
        dots.extend((bottom..=top).map(|y| (x as f64, y as f64)));
    }
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds([0.0, across.saturating_sub(1) as f64])
        .y_bounds([0.0, down.saturating_sub(1) as f64])
        .paint(|context| context.draw(&Points { coords: &dots, color: Color::Reset }));
    frame.render_widget(canvas, area);
    frame.buffer_mut().set_style(area, Style::from(look.wave));
}

/// Why there is no waveform.
fn instead(take: &TakeInfo, status: &Visible, look: &TakesLook, area: Rect, frame: &mut Frame<'_>) {
    let measuring = status.takes.as_ref().and_then(|takes| takes.measuring.as_ref()) == Some(&take.name);
    let sentence = match &take.state {
        TakeState::Recording => "its waveform follows when it ends",
        TakeState::NeedsRepair | TakeState::Beyond(_) => "",
        TakeState::Sound if measuring => "measuring…",
        TakeState::Sound => "not measured yet",
    };
    let row = Rect { y: area.y + area.height / 2, height: area.height.min(1), ..area };
    let rest = usize::from(area.width).saturating_sub(text::width(sentence));
    let (left, right) = ("·".repeat(rest / 2), "·".repeat(rest - rest / 2));
    let line = match sentence {
        "" => "·".repeat(usize::from(area.width)),
        _ => format!("{} {sentence} {}", left.get(2..).unwrap_or(""), right.get(2..).unwrap_or("")),
    };
    frame.render_widget(Line::styled(line, look.quiet), row);
}

/// Draws a sign down a column; a thin one leaves the waveform visible.
fn column(x: u16, sign: &str, look: Look, is_thin: bool, area: Rect, buffer: &mut Buffer) {
    for y in area.top()..area.bottom() {
        if let Some(cell) = buffer.cell_mut((x, y)) {
            if !is_thin || [" ", "\u{2800}"].contains(&cell.symbol()) {
                cell.set_symbol(sign);
            }
            cell.set_style(Style::reset()).set_style(Style::from(look));
        }
    }
}

/// Each label begins at its mark and ends before the next; at the right end it is before its mark.
fn labels(places: &[(u16, &str)], look: &TakesLook, area: Rect, buffer: &mut Buffer) {
    let mut free = area.x;
    for (at, (x, label)) in places.iter().enumerate() {
        let next = places.get(at + 1).map_or(area.right(), |(next, _)| *next);
        let label = text::cut(label, usize::from(area.width / 3));
        let cells = text::width(&label) as u16;
        let after = next.saturating_sub(x + 1);
        let room_before = x.saturating_sub(free);
        if cells > after && next == area.right() && room_before > cells {
            buffer.set_string(x - cells, area.y, &label, Style::from(look.mark));
        } else {
            // One cell stays free before the next mark.
            let room = if next == area.right() { after } else { after.saturating_sub(1) };
            let label = if room > 2 || cells <= room { text::cut(&label, usize::from(room)) } else { String::new() };
            buffer.set_string(x + 1, area.y, label, Style::from(look.mark));
        }
        buffer.set_string(*x, area.y, "▾", Style::from(look.mark));
        free = x + 2 + cells.min(after);
    }
}

/// Times at the quarters.
fn ruler(length: f64, look: &TakesLook, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    for share in STOPS {
        let time = text::song_time(length * share);
        let x = area.x + (share * f64::from(area.width)) as u16;
        let x = x.min(area.right().saturating_sub(text::width(&time) as u16));
        buffer.set_string(x, area.y, time, Style::from(look.quiet));
    }
}
