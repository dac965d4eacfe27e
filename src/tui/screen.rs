//! Draws the whole screen, at every window size. A pure function of its arguments.

use super::{
    app::App,
    panels::ScreenAreas,
    strips::{hands, header, keybar, message, meters, record},
    theme::Theme,
    visible::Visible,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    widgets::Paragraph,
};

/// Minimum window size: columns, rows. Texts without room are cut at the right.
pub const LEAST: (u16, u16) = (40, 12);
/// Window height from which the meters have a scale.
const SCALE_FROM_ROWS: u16 = 16;

/// Draws the screen.
pub fn draw(app: &App, status: &Visible, theme: &Theme, frame: &mut Frame<'_>) {
    let window = frame.area();
    if window.width < LEAST.0 || window.height < LEAST.1 {
        return too_small(window, frame);
    }
    let meter_rows = meters::rows(status, window);
    let [top, scale, meters, title, tabs, body, hands, record, messages, keys] = Layout::vertical([
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
    let most = Rect { height: record.y.saturating_sub(scale.y), ..scale };
    let areas = ScreenAreas { title, tabs, body, messages, keys, most };
    header::draw(status, theme, top, frame);
    meters::draw(status, theme, scale, meters, frame);
    app.in_the_middle().draw(app, status, theme, &areas, frame);
    hands::draw(app, status, theme, hands, frame);
    record::draw(status, theme, record, frame);
    message::draw(app, theme, messages, frame);
    keybar::draw(app, status, theme, keys, frame);
    if let Some(panel) = app.over() {
        panel.draw(app, status, theme, &areas, frame);
    }
}

fn too_small(window: Rect, frame: &mut Frame<'_>) {
    let text = format!(
        "busker needs a window of {}x{}.\nThis one is {}x{}.\nThe keys still work.",
        LEAST.0, LEAST.1, window.width, window.height
    );
    frame.render_widget(Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true }), window);
}
