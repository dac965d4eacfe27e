//! One line about the clock: the tempo source, and the accuracy of the pulses.

use crate::{
    status::{ClockStatus, SourceStatus, SyncState},
    tui::{theme::MidiLook, widgets::text},
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window width from which a source's name is shown in full.
const WIDE: u16 = 100;
/// Cells of a source's name in a narrower window.
const NAME: usize = 16;

/// Draws it.
pub fn draw(clock: &ClockStatus, look: &MidiLook, area: Rect, frame: &mut Frame<'_>) {
    let name_cells = if area.width >= WIDE { usize::from(area.width / 3) } else { NAME };
    let late = match clock.late_pulses {
        0 => Span::styled("   no pulse late", look.text),
        count => {
            let latest_ms = clock.latest_us as f64 / 1000.0;
            Span::styled(format!("   {count} pulses late, up to {latest_ms:.1} ms!"), look.alarm)
        }
    };
    let skipped = match clock.skipped_pulses {
        0 => Span::styled("   none skipped", look.text),
        count => Span::styled(format!("   {count} skipped!"), look.alarm),
    };
    let spans = vec![Span::styled(" clock: ", look.heading), source(&clock.source, look, name_cells), late, skipped];
    frame.render_widget(Line::from(spans), area);
}

fn source<'a>(source: &SourceStatus, look: &MidiLook, name_cells: usize) -> Span<'a> {
    let SourceStatus::Midi { from, state } = source else { return Span::styled("busker's own", look.text) };
    let from = text::cut(from.as_deref().unwrap_or("a MIDI clock"), name_cells);
    match state {
        SyncState::Waiting => Span::styled(format!("waiting for {from}"), look.text),
        SyncState::Acquiring => Span::styled(format!("acquiring {from}"), look.text),
        SyncState::Locked => Span::styled(format!("locked to {from}"), look.text),
        SyncState::Unsteady => Span::styled(format!("{from} out of range!"), look.alarm),
        SyncState::Lost => Span::styled(format!("{from} lost!"), look.alarm),
    }
}
