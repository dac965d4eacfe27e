//! Where the hands are on the piano, which notes they hold, and how loud the inputs are heard.

use super::rule;
use crate::{
    music::Decibels,
    tui::{app::App, theme::Theme, visible::Visible},
};
use ratatui::{Frame, layout::Rect};

/// Draws it into a rule.
pub fn draw(app: &App, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let reach = app.reach().map_or_else(String::new, |(low, high)| format!("{low} to {high}, "));
    let held: String = app.held().map(|note| format!(" {note}")).collect();
    let sounding = if held.is_empty() { String::new() } else { format!(" ♪{held}") };
    // The keys play no notes while the takes are looked through.
    if app.takes().is_open() {
        return rule::draw("", &monitor(status), theme, area, frame);
    }
    let hands = format!("piano {reach}velocity {}{sounding}", app.velocity());
    rule::draw(&hands, &monitor(status), theme, area, frame);
}

fn monitor(status: &Visible) -> String {
    match status.inputs.monitor_db {
        db if db <= Decibels::SILENCE.0 => "monitor off".to_owned(),
        0.0 => "monitor 0 dB".to_owned(),
        db => format!("monitor {db:+.1} dB"),
    }
}
