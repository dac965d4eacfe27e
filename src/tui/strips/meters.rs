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
    layout::{Constraint, Layout, Rect},
    style::{Modifier, Style},
};

/// Window width from which inputs and outputs are side by side.
const SIDE_BY_SIDE_FROM: u16 = 120;
/// Cells of a meter's name, with a space at both ends.
const LABEL: u16 = 10;
/// Cells after the bar: the number and the clip light.
const NUMBERS: u16 = 14;
/// Cells of a gain, if there is one.
const GAIN: u16 = 9;
/// Above this the bar is yellow, in dBFS.
const MIDDLE_DB: f32 = -18.0;
/// Above this it is red, in dBFS.
const HIGH_DB: f32 = -6.0;
/// The numbers of the scale, in dBFS.
const TICKS_DB: [i32; 8] = [-60, -48, -36, -24, -18, -12, -6, 0];

/// Cells for the number of hidden meters, if there is no scale.
const MORE: u16 = 5;

struct Meter {
    label: String,
    level: MeterStatus,
    gain_db: f32,
}

/// Window height from which inputs and outputs have one row each at least.
const TWO_FROM_ROWS: u16 = 15;
/// Cells of the name of a meter that shares its row with another.
const SHORT_LABEL: u16 = 9;
/// Cells after its bar: the number, or the clip light instead.
const SHORT_NUMBERS: u16 = 7;

/// The rows of the meters: one each if there is room, about a third of the window at most; else two share one.
pub fn rows(status: &Visible, window: Rect) -> u16 {
    let (inputs, outputs) = (status.inputs.meters.len(), status.outputs.len());
    let joined = |inputs: usize, outputs: usize| match window.width {
        SIDE_BY_SIDE_FROM.. => inputs.max(outputs),
        _ => inputs + outputs,
    };
    let least = if window.height >= TWO_FROM_ROWS { 2 } else { 1 };
    let most = usize::from((window.height + 1) / 3).saturating_sub(4).max(least);
    let all = joined(inputs, outputs);
    let rows = if all <= most { all } else { joined(inputs.div_ceil(2), outputs.div_ceil(2)).min(most) };
    rows.max(1) as u16
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
        let fits = inputs.len() + outputs.len() <= usize::from(area.height);
        if fits {
            let all: Vec<Meter> = inputs.into_iter().chain(outputs).collect();
            return column(&all, has_gain, look, scale, area, buffer);
        }
        // The outputs have their rows; the inputs take the remaining ones, one row at least.
        let output_rows = (outputs.len().div_ceil(2) as u16).min(area.height.saturating_sub(1));
        let area = beside_more(inputs.len().div_ceil(2) + outputs.len().div_ceil(2), scale, area);
        let [above, below] = Layout::vertical([Constraint::Min(0), Constraint::Length(output_rows)]).areas(area);
        let hidden = pairs(&inputs, look, above, buffer) + pairs(&outputs, look, below, buffer);
        more(hidden, look, scale, above, buffer);
    }
}

/// Draws two meters in each row, and the number of hidden ones.
fn pairs(meters: &[Meter], look: &MetersLook, area: Rect, buffer: &mut Buffer) -> Hidden {
    let half = area.width / 2;
    let shown = meters.len().min(2 * usize::from(area.height));
    for (at, meter) in meters[..shown].iter().enumerate() {
        let (x, y) = (area.x + half * (at % 2) as u16, area.y + (at / 2) as u16);
        let cells = half.saturating_sub(SHORT_LABEL + SHORT_NUMBERS);
        buffer.set_string(x + 1, y, text::left(&meter.label, usize::from(SHORT_LABEL) - 2), look.label);
        draw_bar(meter.level, look, Rect { x: x + SHORT_LABEL, y, width: cells, height: 1 }, buffer);
        let (number, style) = match meter.level.clipped {
            true => (" CLIP".to_owned(), look.clip),
            false => (level(meter.level.hold_db), look.number),
        };
        buffer.set_string(x + SHORT_LABEL + cells, y, text::right(&number, 6), style);
    }
    Hidden::of(&meters[shown..])
}

/// The hidden meters, which have no room.
struct Hidden {
    count: usize,
    clipped: bool,
}

impl Hidden {
    fn of(meters: &[Meter]) -> Hidden {
        Hidden { count: meters.len(), clipped: meters.iter().any(|meter| meter.level.clipped) }
    }
}

impl std::ops::Add for Hidden {
    type Output = Hidden;

    fn add(self, other: Hidden) -> Hidden {
        Hidden { count: self.count + other.count, clipped: self.clipped || other.clipped }
    }
}

/// Draws a meter in each row, or two if there are too few rows.
fn column(meters: &[Meter], has_gain: bool, look: &MetersLook, scale: Rect, area: Rect, buffer: &mut Buffer) {
    if meters.len() > usize::from(area.height) {
        let area = beside_more(meters.len().div_ceil(2), scale, area);
        let hidden = pairs(meters, look, area, buffer);
        return more(hidden, look, scale, area, buffer);
    }
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
}

/// The area for the meters beside the number of hidden ones, if that has no other place.
fn beside_more(rows: usize, scale: Rect, area: Rect) -> Rect {
    let is_needed = scale.height == 0 && rows > usize::from(area.height);
    Rect { width: area.width.saturating_sub(if is_needed { MORE } else { 0 }), ..area }
}

/// Shows the number of hidden meters: in the row of the scale, or without one at the end of the first row; and whether
/// one of them has clipped.
fn more(hidden: Hidden, look: &MetersLook, scale: Rect, area: Rect, buffer: &mut Buffer) {
    if hidden.count == 0 {
        return;
    }
    let style = if hidden.clipped { look.clip } else { look.label };
    if scale.height > 0 {
        let clip = if hidden.clipped { " CLIP" } else { "" };
        buffer.set_string(area.x + 1, scale.y, format!("+{} more{clip}", hidden.count), style);
    } else {
        let word = format!(" +{}{}", hidden.count, if hidden.clipped { "!" } else { "" });
        buffer.set_string(area.right(), area.y, text::left(&word, usize::from(MORE)), style);
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

/// A level as a number; a level below the scale is not a number.
fn level(db: f32) -> String {
    if db <= METER_FLOOR_DB { "<-60".to_owned() } else { format!("{db:.1}") }
}

/// The position of a level on the scale, 0..=1.
fn share(db: f32) -> f64 {
    f64::from((db - METER_FLOOR_DB) / -METER_FLOOR_DB).clamp(0.0, 1.0)
}

/// The cell of a mark at a level; `None` below the scale.
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
        // Centred on its position, but never beyond the ends.
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
        // Inside the bar the mark is drawn inverted.
        let style = Style::from(colour(usize::from(at)));
        let inside = target.symbol() == "█";
        target.set_char('┃').set_style(if inside { style.add_modifier(Modifier::REVERSED) } else { style });
    }
}
