//! The help screen: the keys of the mode it was opened from, and every command, from their tables (`help/items.rs`).

mod items;
mod view;

use super::{Availability, Layer, Panel, PanelSpec};
use crate::{
    status::Status,
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        strips::{header, message},
        theme::Theme,
        visible::Visible,
    },
};
pub use items::{HelpItem, items};
use ratatui::{Frame, layout::Rect};

/// Rows of the window besides the header and the messages that are not help: its two rules, the record light, the keys.
const AROUND: u16 = 4;

acts! {
    /// Show the keys and the commands
    Open = "help"
    /// Scroll up a line
    Up = "help.up"
    /// Scroll down a line
    Down = "help.down"
    /// Scroll up a page
    PageUp = "help.page.up"
    /// Scroll down a page
    PageDown = "help.page.down"
    /// Go to the top
    Top = "help.top"
    /// Go to the bottom
    Bottom = "help.bottom"
}

/// The first line that is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct State {
    top: usize,
}

impl PanelSpec for State {
    const LAYER: Layer = Layer::Over("HELP");
    type Act = Act;

    fn act(app: &mut App, act: Act, _: &Status) -> Vec<AppRequest> {
        match act {
            Act::Open => {
                app.memory.help.top = 0;
                return app.open(Panel::Help);
            }
            Act::Up => scroll(app, -1),
            Act::Down => scroll(app, 1),
            Act::PageUp => scroll(app, -page(app)),
            Act::PageDown => scroll(app, page(app)),
            Act::Top => scroll(app, isize::MIN),
            Act::Bottom => scroll(app, isize::MAX),
        }
        Vec::new()
    }

    fn possible(_: &App, _: Act, _: &Visible) -> Availability {
        Availability::Possible
    }

    fn draw(app: &App, _: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        let items = items(app.keymap(), app.base_mode());
        view::draw(&items, app.memory.help.top, &theme.overlay, areas.most, frame);
    }
}

/// How many lines are visible in the window.
fn visible_rows(app: &App) -> usize {
    let (columns, rows) = app.window();
    let messages = message::rows(app, Rect::new(0, 0, columns, rows));
    usize::from(rows.saturating_sub(AROUND + header::ROWS + messages)).max(1)
}

fn page(app: &App) -> isize {
    isize::try_from(visible_rows(app)).unwrap_or(1)
}

fn scroll(app: &mut App, by: isize) {
    let last = items(app.keymap(), app.base_mode()).len().saturating_sub(visible_rows(app));
    let top = &mut app.memory.help.top;
    *top = top.saturating_add_signed(by).min(last);
}
