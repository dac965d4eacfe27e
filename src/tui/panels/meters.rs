//! Input and output meters, under a scale in dBFS.
//!
//! A bar is the peak, `┃` in it the RMS, `│` the peak hold, the number its value; `CLIP` stays until it is cleared.

use crate::{
    command::channels::ChannelList,
    status::MeterStatus,
    tui::{
        theme::{MetersLook, Theme},
        visible::{METER_FLOOR_DB, Visible},
        widgets::{
            bar::{self, Cell},
            text,
        },
    },
};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
};

/// From this width on inputs and outputs stand side by side.
const SIDE_BY_SIDE_FROM: u16 = 120;
/// Cells of a meter's name, with a space at both ends.
const LABEL: u16 = 10;
/// Cells behind the bar: the number and the clip light.
const NUMBERS: u16 = 14;
/// Cells of a gain, where there is one.
const GAIN: u16 = 9;
/// Above this the bar is yellow, in dBFS.
const MIDDLE_DB: f32 = -18.0;
/// Above this it is red, in dBFS.
const HIGH_DB: f32 = -6.0;
/// Where the scale has a number.
const TICKS_DB: [i32; 8] = [-60, -48, -36, -24, -18, -12, -6, 0];

struct Meter {
    label: String,
    level: MeterStatus,
    gain_db: f32,
}

/// How many rows the meters take: all of them where there is room, a third of the window at most.
pub fn rows(status: &Visible, window: Rect) -> u16 {
    let (inputs, outputs) = (status.inputs.meters.len(), status.outputs.len());
    let all = if window.width >= SIDE_BY_SIDE_FROM { inputs.max(outputs) } else { inputs + outputs };
    let most = usize::from((window.height / 3).saturating_sub(4)).max(1);
    all.clamp(1, most) as u16
}

/// Draws the scale and the meters under it.
pub fn draw(status: &Visible, theme: &Theme, scale: Rect, area: Rect, frame: &mut Frame<'_>) {
    let (inputs, outputs) = (inputs(status), outputs(status));
    let has_gain = inputs.iter().any(|meter| meter.gain_db != 0.0);
    let buffer = frame.buffer_mut();
    let look = &theme.meters;
    if area.width >= SIDE_BY_SIDE_FROM {
        let half = area.width / 2;
        for (x, meters) in [(area.x, inputs), (area.x + half, outputs)] {
            let part = Rect { x, width: half, ..area };
            column(&meters, has_gain, look, Rect { x, width: half, ..scale }, part, buffer);
        }
    } else {
        // The outputs always have their rows; the inputs take what is left.
        let room = usize::from(area.height).saturating_sub(outputs.len()).max(1);
        let mut shown: Vec<Meter> = inputs;
        let hidden = shown.len().saturating_sub(room);
        shown.truncate(room);
        shown.extend(outputs);
        column(&shown, has_gain, look, scale, area, buffer);
        more(hidden, look, scale, buffer);
    }
}

fn column(meters: &[Meter], has_gain: bool, look: &MetersLook, scale: Rect, area: Rect, buffer: &mut Buffer) {
    let numbers = if has_gain { NUMBERS + GAIN } else { NUMBERS };
    let cells = area.width.saturating_sub(LABEL + numbers);
    draw_scale(look, Rect { x: area.x + LABEL, width: cells, ..scale }, buffer);
    for (meter, y) in meters.iter().zip(area.y..area.bottom()) {
        let row = Rect { y, height: 1, ..area };
        buffer.set_string(row.x + 1, y, text::left(&meter.label, usize::from(LABEL) - 2), look.label);
        draw_bar(meter.level, look, Rect { x: row.x + LABEL, width: cells, ..row }, buffer);
        let x = row.x + LABEL + cells;
        buffer.set_string(x, y, text::right(&level(meter.level.hold_db), 7), look.number);
        if meter.level.clipped {
            buffer.set_string(x + 8, y, " CLIP", look.clip);
        }
        if meter.gain_db != 0.0 {
            buffer.set_string(x + NUMBERS, y, format!("{:+.1} dB", meter.gain_db), look.number);
        }
    }
    let hidden = meters.len().saturating_sub(usize::from(area.height));
    more(hidden, look, Rect { x: area.x, width: area.width, ..scale }, buffer);
}

/// Says that there are more meters than fit.
fn more(hidden: usize, look: &MetersLook, scale: Rect, buffer: &mut Buffer) {
    if hidden > 0 && scale.height > 0 {
        buffer.set_string(scale.x + 1, scale.y, text::left(&format!("+{hidden} more"), 8), look.label);
    }
}

fn inputs(status: &Visible) -> Vec<Meter> {
    let inputs = &status.inputs;
    let numbers: Option<Vec<usize>> =
        inputs.channels.parse::<ChannelList>().ok().map(|channels| channels.indices().map(|at| at + 1).collect());
    let count = inputs.meters.len();
    let label = |at: usize| match (&numbers, count) {
        (Some(numbers), _) => format!("In {}", numbers.get(at).copied().unwrap_or(at + 1)),
        (None, 1) => inputs.channels.clone(),
        (None, 2) => format!("{} {}", text::cut(&inputs.channels, 6), ["L", "R"].get(at).copied().unwrap_or_default()),
        (None, _) => format!("{} {}", text::cut(&inputs.channels, 5), at + 1),
    };
    let gain = |at: usize| inputs.gains_db.get(at).copied().unwrap_or_default();
    let meter = |(at, level): (usize, &MeterStatus)| Meter { label: label(at), level: *level, gain_db: gain(at) };
    inputs.meters.iter().enumerate().map(meter).collect()
}

fn outputs(status: &Visible) -> Vec<Meter> {
    let label = |at: usize| match at {
        0 => "Out L".to_owned(),
        1 => "Out R".to_owned(),
        _ => format!("Out {}", at + 1),
    };
    let meter = |(at, level): (usize, &MeterStatus)| Meter { label: label(at), level: *level, gain_db: 0.0 };
    status.outputs.iter().enumerate().map(meter).collect()
}

/// A level as a number; under the scale's end it is only said to be there.
fn level(db: f32) -> String {
    if db <= METER_FLOOR_DB { "<-60".to_owned() } else { format!("{db:.1}") }
}

/// Where on the scale a level stands, 0..=1.
fn share(db: f32) -> f64 {
    f64::from((db - METER_FLOOR_DB) / -METER_FLOOR_DB).clamp(0.0, 1.0)
}

/// The cell of a mark at a level; none under the scale's end.
fn mark(db: f32, cells: u16) -> Option<u16> {
    (db > METER_FLOOR_DB && cells > 0).then(|| ((share(db) * f64::from(cells)) as u16).min(cells - 1))
}

fn draw_scale(look: &MetersLook, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let mut free_from = area.x;
    for db in TICKS_DB {
        let label = db.to_string();
        let length = label.len() as u16;
        let at = area.x + (share(db as f32) * f64::from(area.width.saturating_sub(1))).round() as u16;
        // Centred on its place, but never over the ends.
        let x = (at.saturating_sub(length / 2)).clamp(area.x, area.right().saturating_sub(length).max(area.x));
        if x >= free_from {
            buffer.set_string(x, area.y, &label, look.scale);
            free_from = x + length + 1;
        }
    }
    buffer.set_string(area.right() + 1, area.y, "dBFS", look.scale);
}

fn draw_bar(level: MeterStatus, look: &MetersLook, area: Rect, buffer: &mut Buffer) {
    let colour = |at: usize| {
        let db = METER_FLOOR_DB * (1.0 - (at as f32 + 0.5) / f32::from(area.width.max(1)));
        match db {
            _ if db > HIGH_DB => look.high,
            _ if db > MIDDLE_DB => look.middle,
            _ => look.low,
        }
    };
    for (at, cell) in bar::from_left(share(level.peak_db), usize::from(area.width)).enumerate() {
        let Some(target) = buffer.cell_mut((area.x + at as u16, area.y)) else { continue };
        match cell {
            Cell::Empty => target.set_char('·').set_style(look.empty),
            Cell::Filled(c) => target.set_char(c).set_style(colour(at)),
        };
    }
    if let Some(at) = mark(level.hold_db, area.width)
        && let Some(target) = buffer.cell_mut((area.x + at, area.y))
        && target.symbol() != "█"
    {
        target.set_char('│').set_style(look.hold);
    }
    if let Some(at) = mark(level.rms_db, area.width)
        && let Some(target) = buffer.cell_mut((area.x + at, area.y))
    {
        // Inside the bar the mark is cut out of it.
        let style = Style::from(colour(usize::from(at)));
        let inside = target.symbol() == "█";
        target.set_char('┃').set_style(if inside { style.add_modifier(Modifier::REVERSED) } else { style });
    }
}
