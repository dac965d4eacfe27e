//! Draws the MIDI view: ports, clock and messages, one below the other.

use super::{clock, monitor, ports};
use crate::tui::{
    app::App,
    panels::{ScreenAreas, knobs},
    theme::Theme,
    visible::Visible,
    widgets::rule,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout},
    text::{Line, Span},
};

/// Minimum rows of the monitor; the ports get the others.
const MONITOR_ROWS: u16 = 4;
/// Rows besides ports and messages: the table's heading, the clock, the monitor's title.
const AROUND: u16 = 3;
/// Height from which there is an empty row above the clock.
const TALL: u16 = 20;

/// Draws it.
pub fn draw(app: &App, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
    let below = areas.middle();
    let spare = u16::from(below.height >= TALL);
    let room = below.height.saturating_sub(AROUND + MONITOR_ROWS + spare).max(1);
    let shown = ports::shown(status, usize::from(room));
    let title = match status.ports.len() {
        count if count > shown.len() => format!("MIDI · {} of {count} ports", shown.len()),
        _ => "MIDI".to_owned(),
    };
    let word = knobs::learning_word(status, theme, areas.title).unwrap_or_else(|| knob(app, status, theme));
    let mut words = knobs::on_the_way(status, theme);
    words.push(word);
    rule::with_words(&title, words, theme, areas.title, frame);
    let [table, clock, heading, messages] = Layout::vertical([
        Constraint::Length(1 + (shown.len().max(1) as u16) + spare),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
    ])
    .areas(below);
    if shown.is_empty() {
        let help = " no port is open: plug in an instrument, or name a port under midi.ports in the settings";
        frame.render_widget(Line::styled(help, theme.midi.alarm), table);
    } else {
        ports::draw(status, &shown, &theme.midi, table, frame);
    }
    clock::draw(&status.clock, &theme.midi, clock, frame);
    monitor::draw(status, theme, heading, messages, frame);
}

/// The focused knob: it can be turned here, too, and its messages show below.
fn knob(app: &App, status: &Visible, theme: &Theme) -> Span<'static> {
    let params = &status.params;
    let focused = app.focused(status).and_then(|at| params.profile.params.get(at).zip(params.values.get(at)));
    let text = focused.map_or_else(String::new, |(param, value)| format!("{} {}", param.label, param.display(*value)));
    Span::styled(text, theme.frame.rule)
}
