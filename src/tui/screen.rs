//! The whole picture: which panel stands where, at every size of the window. A pure function of what it is given.

use super::{
    app::App,
    panels::{hands, header, help, keybar, knobs, line, message, meters, midi, question, record, takes},
    theme::Theme,
    visible::Visible,
};
use crate::keymap::Mode;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    widgets::Paragraph,
};

/// The least window that is drawn in: columns, rows. What the whole picture has no room for in it is cut at the right.
pub const LEAST: (u16, u16) = (40, 12);
/// From this many rows on the meters have their scale.
const SCALE_FROM_ROWS: u16 = 16;

/// Draws everything.
pub fn draw(app: &App, status: &Visible, theme: &Theme, frame: &mut Frame<'_>) {
    let window = frame.area();
    if window.width < LEAST.0 || window.height < LEAST.1 {
        return too_small(window, frame);
    }
    let meter_rows = meters::rows(status, window);
    let [top, scale, meters, title, tabs, knobs, bottom, record, messages, keys] = Layout::vertical([
        Constraint::Length(header::ROWS),
        Constraint::Length(u16::from(window.height >= SCALE_FROM_ROWS)),
        Constraint::Length(meter_rows),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(message::rows(app, window)),
        Constraint::Length(1),
    ])
    .areas(window);
    header::draw(status, theme, top, frame);
    meters::draw(status, theme, scale, meters, frame);
    let below = Rect { height: tabs.height + knobs.height, ..tabs };
    // A knob that is looked for is seen.
    let finds = app.mode() == Mode::Find;
    if app.takes().is_open() && !finds {
        takes::draw(app, status, theme, takes::Areas { title, below }, frame);
    } else if app.midi_shown() && !finds {
        midi::draw(app, status, theme, midi::Areas { title, below }, frame);
    } else {
        knobs::draw(app, status, theme, knobs::Areas { title, tabs, knobs }, frame);
    }
    hands::draw(app, status, theme, bottom, frame);
    record::draw(status, theme, record, frame);
    message::draw(app, theme, messages, frame);
    match app.mode() {
        Mode::Line => line::draw(app, status, theme, line::Areas { above: bottom.y, keys }, frame),
        Mode::Help => {
            let covered = Rect { height: record.y.saturating_sub(scale.y), ..scale };
            help::draw(app, theme, covered, frame);
            keybar::draw(app, status, theme, keys, frame);
        }
        Mode::Sure => {
            question::draw(app, theme, messages, frame);
            keybar::draw(app, status, theme, keys, frame);
        }
        Mode::Piano | Mode::Keys | Mode::Find | Mode::Takes => keybar::draw(app, status, theme, keys, frame),
    }
}

fn too_small(window: Rect, frame: &mut Frame<'_>) {
    let text = format!(
        "busker needs a window of {}x{}.\nThis one is {}x{}.\nThe keys still work.",
        LEAST.0, LEAST.1, window.width, window.height
    );
    frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), window);
}
