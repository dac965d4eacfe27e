//! The MIDI view, in place of the knobs: the ports and their traffic, the clock, the newest messages. It is drawn in
//! `midi/view.rs`.

mod clock;
mod monitor;
mod ports;
mod view;

use super::{Availability, Layer, Panel, PanelSpec};
use crate::{
    command::{Command, arg::Switch},
    status::Status,
    tui::{
        acts::acts,
        app::{App, AppRequest},
        panels::ScreenAreas,
        theme::Theme,
        visible::Visible,
    },
};
use ratatui::Frame;

acts! {
    /// Show MIDI ports and messages, or the knobs again
    Toggle = "midi"
}

/// It has no state: everything shown is the engine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct State;

impl PanelSpec for State {
    const LAYER: Layer = Layer::Ground;
    type Act = Act;

    /// Held notes continue: the keys keep their meaning.
    fn act(app: &mut App, act: Act, _: &Status) -> Vec<AppRequest> {
        match act {
            Act::Toggle => app.stand_on(if app.is_open(Panel::Midi) { Panel::Knobs } else { Panel::Midi }),
        }
    }

    fn possible(app: &App, act: Act, _: &Visible) -> Availability {
        match act {
            Act::Toggle => Availability::on(app.is_open(Panel::Midi)),
        }
    }

    fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
        view::draw(app, status, theme, areas, frame);
    }

    /// The monitor uses time of the engine, so it is on only while this panel is open.
    fn watch(state: Switch) -> Option<Command> {
        Some(Command::MidiMonitor { state })
    }
}
