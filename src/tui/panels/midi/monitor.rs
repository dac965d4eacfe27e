//! The newest messages, the newest lowest, under a title with the scheduling of the threads that send them.

use crate::{
    status::{MonitorLine, RealtimeStatus, Status},
    tui::{
        theme::{MidiLook, Theme},
        visible::Visible,
        widgets::{rule, text},
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window width from which a port's name follows its number.
const WIDE: u16 = 100;
/// Cells of that name.
const NAME: usize = 20;

/// Draws the title and the messages under it.
pub fn draw(status: &Visible, theme: &Theme, title: Rect, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.midi;
    let name = match &*status.monitor {
        Some(monitor) if monitor.seen > 0 => format!("monitor · {} messages", monitor.seen),
        _ => "monitor".to_owned(),
    };
    rule::with_words(&name, realtime(*status.realtime, look), theme, title, frame);
    let lines = match &*status.monitor {
        Some(monitor) if monitor.lines.is_empty() => return say("no message sent or received yet", look, area, frame),
        Some(monitor) => &monitor.lines,
        None => return say("the monitor is off; midi.monitor on shows messages here", look, area, frame),
    };
    let rows = usize::from(area.height);
    for (line, y) in lines.iter().skip(lines.len().saturating_sub(rows)).zip(area.y..) {
        frame.render_widget(message(line, status, look, area.width), Rect { y, height: 1, ..area });
    }
}

fn say(sentence: &str, look: &MidiLook, area: Rect, frame: &mut Frame<'_>) {
    frame.render_widget(Line::styled(format!(" {sentence}"), look.quiet), area);
}

fn message<'a>(line: &MonitorLine, status: &Status, look: &MidiLook, width: u16) -> Line<'a> {
    let (arrow, way) = if line.incoming { ("←", look.incoming) } else { ("→", look.outgoing) };
    let at = format!("{:>10.3}", line.at_ns as f64 / 1e9);
    let name = match usize::from(line.port).checked_sub(1).and_then(|at| status.ports.get(at)) {
        Some(port) if width >= WIDE => format!(" {}", text::left(&port.name, NAME)),
        _ => String::new(),
    };
    let times = if line.times > 1 { format!(" ×{}", line.times) } else { String::new() };
    let from = format!(" {:>2}{name} {arrow} ", line.port);
    let room = usize::from(width).saturating_sub(text::width(&at) + text::width(&from) + text::width(&times));
    let what = format!("{from}{}{times}", text::cut(&line.text, room));
    Line::from(vec![Span::styled(at, look.quiet), Span::styled(what, way)])
}

/// Which threads run under SCHED_FIFO, and whether memory is locked; there is not always a clock thread.
fn realtime<'a>(realtime: RealtimeStatus, look: &MidiLook) -> Vec<Span<'a>> {
    let facts =
        [("clock", realtime.clock), ("scheduler", Some(realtime.scheduler)), ("memory", Some(realtime.memory_locked))];
    let mut spans = vec![Span::styled("realtime:", look.quiet)];
    for (name, granted) in facts {
        let comma = if spans.len() > 1 { "," } else { "" };
        match granted {
            Some(true) => spans.push(Span::styled(format!("{comma} {name} yes"), look.quiet)),
            Some(false) => spans.push(Span::styled(format!("{comma} {name} no!"), look.alarm)),
            None => {}
        }
    }
    spans
}
