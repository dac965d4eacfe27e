//! Draws the knobs in their sections: all of them if there is room, else the page of the focus.

use super::{
    layout::{ColumnItem, KnobLayout, LayoutSize},
    words::{self, AUTOMATED, MOVED},
};
use crate::{
    profile::Param,
    tui::{
        app::App,
        panels::ScreenAreas,
        theme::{KnobsLook, Theme},
        visible::Visible,
        widgets::{
            bar::{self, Cell},
            rule, text,
        },
    },
};
use ratatui::{
    Frame,
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

/// Minimum cells of a column of knobs.
const COLUMN_MIN: u16 = 38;
/// Maximum cells of a column; a longer bar is no easier to read.
const COLUMN_MAX: u16 = 60;
/// Maximum cells of a label.
const LABEL_MAX: usize = 14;
/// Minimum cells of a bar beside a long value.
const BAR_MIN: usize = 4;
/// Cells of a value before it takes some from the bar.
const VALUE: usize = 12;
/// Cells of the marks, if any knob has one.
const MARKS: usize = 2;
/// The modulated value on the bar of a knob.
const SOUNDS: char = '◆';

/// Draws them.
pub fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
    let profile = &status.params.profile;
    let found = app.found(status);
    let focus = super::focused_of(app, found.as_deref(), status);
    let title = title(status);
    let words = words::of(app, status, &title, theme, areas.title);
    rule::with_words(&title, words, theme, areas.title, frame);
    let Some(focus) = focus else { return };
    let columns = (areas.body.width / COLUMN_MIN).max(1);
    let room = LayoutSize { columns: usize::from(columns), rows: usize::from(areas.body.height) };
    let plan = match found {
        // The search panel shows that there is no match.
        Some(found) if found.is_empty() => return,
        Some(found) => KnobLayout::found(profile, &found, room, focus),
        None => {
            let plan = KnobLayout::of(profile, room, focus);
            let section = profile.params.get(focus).map_or(0, |param| param.section);
            tabs(&profile.sections, section, &plan, &theme.knobs, areas.tabs, frame.buffer_mut());
            plan
        }
    };
    let width = (areas.body.width / (plan.across as u16).max(1)).clamp(COLUMN_MIN, COLUMN_MAX);
    let learning = status.learning.as_deref().and_then(|what| words::learning_param(what, status));
    let widest = profile.params.iter().map(|param| text::width(&param.label)).max().unwrap_or(0);
    let labels = widest.min(LABEL_MAX);
    let are_marked = !status.params.motion.is_empty() || !status.params.automated.is_empty();
    let marks = if are_marked { MARKS } else { 0 };
    for (column, at) in plan.columns.iter().zip(0..) {
        let x = areas.body.x + at * width;
        let mut y = areas.body.y;
        for item in column {
            let height = plan.height(*item);
            let area = Rect { x, y, width: width.saturating_sub(1), height }.intersection(areas.body);
            y += height;
            match *item {
                ColumnItem::Heading { section, continued } => {
                    let title = profile.sections.get(section).map_or("", String::as_str);
                    let more = if continued { " …" } else { "" };
                    let line = Line::styled(format!(" {title}{more}"), theme.knobs.heading);
                    frame.render_widget(line, Rect { height: 1, ..area });
                }
                ColumnItem::Knob(place) => {
                    let (Some(param), Some(value)) = (profile.params.get(place), status.params.values.get(place))
                    else {
                        continue;
                    };
                    let knob = Knob {
                        param,
                        value: *value,
                        sounds: status.params.motion_of(place).map(|motion| motion.value),
                        automated: status.params.automated.contains(&place).then_some(status.automation.on),
                        focused: place == focus,
                        labels,
                        marks,
                        learning: learning == Some(place),
                    };
                    knob.draw(&theme.knobs, area, plan.knob_rows, frame.buffer_mut());
                }
            }
        }
    }
}

/// The instrument, and its port if there are several.
fn title(status: &Visible) -> String {
    let profile = &status.params.profile;
    let name = match profile.maker.as_str() {
        "" => profile.name.clone(),
        maker => format!("{maker} {}", profile.name),
    };
    let port = usize::from(*status.instrument).checked_sub(1).and_then(|at| status.ports.get(at));
    match port.filter(|_| status.ports.len() > 1) {
        Some(port) => {
            let gone = if port.connected { "" } else { " gone!" };
            format!("{name} · {} {}{gone}", *status.instrument, port.name)
        }
        None => name,
    }
}

/// The section names; those on the page are highlighted, the focused one most.
fn tabs(names: &[String], focused: usize, plan: &KnobLayout, look: &KnobsLook, area: Rect, buffer: &mut Buffer) {
    let mut spans = Vec::new();
    for (name, at) in names.iter().zip(0..) {
        spans.push(match at {
            _ if at == focused => Span::styled(format!("[{name}]"), look.tab_focused),
            _ if plan.shows(at) => Span::styled(format!(" {name} "), look.tab_shown),
            _ => Span::styled(format!(" {name} "), look.tab),
        });
    }
    // If they do not all fit, the first shown name is chosen so that the focused one fits.
    let room = usize::from(area.width);
    let upto: usize = spans.iter().take(focused + 2).map(Span::width).sum();
    let mut over = upto.saturating_sub(room);
    while over > 0 && spans.len() > 1 {
        over = over.saturating_sub(spans[0].width());
        spans.remove(0);
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

struct Knob<'a> {
    param: &'a Param,
    /// The base value.
    value: u16,
    /// The modulated value, if there is modulation.
    sounds: Option<u16>,
    /// Whether its automation plays, if there is any.
    automated: Option<bool>,
    focused: bool,
    /// Cells of the labels in this window.
    labels: usize,
    /// Cells of the marks after them.
    marks: usize,
    /// Whether MIDI learn maps the next controller to it.
    learning: bool,
}

impl Knob<'_> {
    /// One row: focus, label, marks, bar, value. If knobs have more rows, the bar has the second one.
    fn draw(&self, look: &KnobsLook, area: Rect, rows: u16, buffer: &mut Buffer) {
        let cells = usize::from(area.width);
        let shown =
            if self.learning { "learn…".to_owned() } else { self.param.display(self.sounds.unwrap_or(self.value)) };
        let (mark, label_look) = if self.focused { ("▸", look.focused) } else { (" ", look.label) };
        let value_look = match self.sounds {
            _ if self.learning => look.learning,
            _ if self.focused => look.focused,
            Some(_) => look.moved,
            None => look.value,
        };
        buffer.set_string(area.x, area.y, mark, Style::from(look.focused_bar));
        let label = text::left(&self.param.label, self.labels);
        buffer.set_string(area.x + 1, area.y, &label, label_look);
        self.marks(look, Rect { x: area.x + 1 + self.labels as u16, ..area }, buffer);
        let from = 1 + self.labels + self.marks + 1;
        if rows > 1 {
            let value = text::cut(&shown, cells.saturating_sub(from));
            let x = area.x + (cells - text::width(&value)) as u16;
            buffer.set_string(x, area.y, &value, value_look);
            let bar = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(1), height: 1 };
            self.bar(look, bar.intersection(area), buffer);
            return;
        }
        let room = cells.saturating_sub(from + 1);
        let value_cells = text::width(&shown).max(VALUE).min(room.saturating_sub(BAR_MIN));
        let value = text::cut(&shown, value_cells);
        let bar_cells = room.saturating_sub(value_cells);
        self.bar(look, Rect { x: area.x + from as u16, width: bar_cells as u16, height: 1, ..area }, buffer);
        let x = area.x + (from + bar_cells + 1) as u16;
        buffer.set_string(x, area.y, &value, value_look);
    }

    fn marks(&self, look: &KnobsLook, area: Rect, buffer: &mut Buffer) {
        if self.sounds.is_some() {
            buffer.set_string(area.x, area.y, MOVED, look.moved);
        }
        if let Some(plays) = self.automated {
            let automated = if plays { look.automated } else { look.automated_off };
            buffer.set_string(area.x + 1, area.y, AUTOMATED, automated);
        }
    }

    fn bar(&self, look: &KnobsLook, area: Rect, buffer: &mut Buffer) {
        let cells = usize::from(area.width);
        let share = self.param.position_of(self.value);
        let bar_look = if self.focused { look.focused_bar } else { look.bar };
        let mut put = |at: usize, c: char, style: Style| {
            if let Some(cell) = buffer.cell_mut((area.x + at as u16, area.y)) {
                cell.set_char(c).set_style(style);
            }
        };
        let count = self.param.options.len();
        let stop = |share: f64| {
            let option = (share * count.saturating_sub(1) as f64).round() as usize;
            bar::stop(option, count, cells)
        };
        if count > 0 {
            let here = stop(share);
            for at in 0..cells {
                if at == here { put(at, '●', bar_look.into()) } else { put(at, '─', look.track.into()) }
            }
        } else {
            let bar: Vec<Cell> = match self.param.centered {
                true => bar::from_middle(share, cells).collect(),
                false => bar::from_left(share, cells).collect(),
            };
            for (at, cell) in bar.into_iter().enumerate() {
                match cell {
                    Cell::Filled(c) => put(at, c, bar_look.into()),
                    Cell::Empty => put(at, '·', look.track.into()),
                }
            }
        }
        if let Some(share) = self.sounds.filter(|_| cells > 0).map(|value| self.param.position_of(value)) {
            let at = match self.param.centered {
                _ if count > 0 => stop(share),
                true => bar::reach_from_middle(share, cells),
                false => bar::reach(share, cells),
            };
            put(at, SOUNDS, look.moved.into());
        }
    }
}
