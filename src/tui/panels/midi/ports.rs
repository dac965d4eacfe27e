//! The table of ports: one row each; a lost port is marked in words, so that it is visible without colours.

use crate::{
    midi::ClockSends,
    status::{PortStatus, Traffic},
    tui::{
        theme::{Look, MidiLook},
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window width from which the channel of MIDI thru is shown.
const WIDE: u16 = 110;
/// Window width from which every class of message is shown.
const WIDER: u16 = 150;
/// Window width from which the profile is shown.
const WIDEST: u16 = 180;
/// Maximum cells of a name.
const NAME_MAX: usize = 40;
/// Load from which a wire is nearly full, in percent.
const WIRE_ALARM: u32 = 90;

/// The contents of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Number,
    Name,
    Profile,
    Channel,
    Clock,
    Offset,
    Rate,
    Class(Class),
    Wire,
    Half,
    Nearly,
    Longest,
    Waiting,
    Lost,
    Thru,
}

/// A class of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Sync,
    NoteOff,
    NoteOn,
    Expression,
    Control,
    SysEx,
}

impl Class {
    fn rate(self, traffic: &Traffic) -> u32 {
        let rate = match self {
            Class::Sync => traffic.realtime,
            Class::NoteOff => traffic.note_off,
            Class::NoteOn => traffic.note_on,
            Class::Expression => traffic.expression,
            Class::Control => traffic.control,
            Class::SysEx => traffic.sysex,
        };
        rate.messages
    }
}

/// A column: its contents, its heading, its cells. Headings of numbers are right-aligned, as the numbers are.
type Column = (What, &'static str, usize);

/// The columns for a window of this width; the name takes the remaining cells.
fn columns(width: u16) -> Vec<Column> {
    let (is_wide, is_wider) = (width >= WIDE, width >= WIDER);
    let mut columns = vec![(What::Number, "#", 3), (What::Name, "port", 0)];
    if width >= WIDEST {
        columns.push((What::Profile, "profile", 16));
    }
    columns.extend([
        (What::Channel, "ch", 2),
        (What::Clock, "clock", if is_wider { 18 } else { 5 }),
        (What::Offset, "±ms", 5),
        (What::Rate, "msg/s", 5),
    ]);
    if is_wider {
        columns.extend([
            (What::Class(Class::Sync), "sync", 5),
            (What::Class(Class::NoteOff), "off", 5),
            (What::Class(Class::NoteOn), "on", 5),
            (What::Class(Class::Expression), "bend", 5),
            (What::Class(Class::Control), "cc", 5),
            (What::Class(Class::SysEx), "sysex", 5),
        ]);
    }
    columns.extend([
        (What::Wire, "wire", 4),
        (What::Half, "p50ms", 5),
        (What::Nearly, "p99", 4),
        (What::Longest, "max", 4),
        (What::Waiting, "wait", 6),
        (What::Lost, "lost", 5),
        (What::Thru, "thru", if is_wide { 16 } else { 4 }),
    ]);
    let taken: usize = columns.iter().map(|(_, _, cells)| cells + 1).sum();
    for (what, _, cells) in &mut columns {
        if *what == What::Name {
            *cells = usize::from(width + 1).saturating_sub(taken).min(NAME_MAX);
        }
    }
    columns
}

/// The indexes of at most `most` ports to show: the instrument and ports with problems before the others, in the order
/// of their numbers.
pub fn shown(status: &Visible, most: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..status.ports.len()).collect();
    places.sort_by_key(|at| {
        let port = &status.ports[*at];
        (!is_used(*at, status), port.connected, lost(port) == 0)
    });
    places.truncate(most);
    places.sort_unstable();
    places
}

fn is_used(at: usize, status: &Visible) -> bool {
    at + 1 == usize::from(*status.instrument)
}

fn lost(port: &PortStatus) -> u64 {
    port.dropped + port.refused
}

/// Draws the heading and the ports with these indexes.
pub fn draw(status: &Visible, shown: &[usize], look: &MidiLook, area: Rect, frame: &mut Frame<'_>) {
    let columns = columns(area.width);
    let heading = columns.iter().map(|(what, heading, cells)| aligned(*what, heading, *cells)).collect::<Vec<_>>();
    frame.render_widget(Line::styled(heading.join(" "), look.heading), Rect { height: 1, ..area });
    for (at, y) in shown.iter().zip(area.y + 1..area.bottom()) {
        if let Some(port) = status.ports.get(*at) {
            let row = Row { port, number: at + 1, used: is_used(*at, status), look, width: area.width };
            frame.render_widget(row.line(&columns), Rect { y, height: 1, ..area });
        }
    }
}

fn aligned(what: What, content: &str, cells: usize) -> String {
    match what {
        What::Name | What::Profile | What::Clock | What::Thru => text::left(content, cells),
        _ => text::right(content, cells),
    }
}

struct Row<'a> {
    port: &'a PortStatus,
    number: usize,
    used: bool,
    look: &'a MidiLook,
    width: u16,
}

impl Row<'_> {
    fn line(&self, columns: &[Column]) -> Line<'static> {
        let plain = if self.used { self.look.used } else { self.look.text };
        let mut spans = Vec::new();
        for (what, _, cells) in columns {
            if *what == What::Name {
                spans.extend(self.name(*cells, plain));
            } else {
                let (content, is_alarm) = self.content(*what);
                let look = if is_alarm { self.look.alarm } else { plain };
                spans.push(Span::styled(aligned(*what, &content, *cells), look));
            }
            spans.push(Span::raw(" "));
        }
        Line::from(spans)
    }

    /// The name, followed by its difference from the other ports.
    fn name(&self, cells: usize, plain: Look) -> [Span<'static>; 2] {
        let (mark, look) = match (self.port.connected, self.port.output) {
            (false, _) => (" gone!", self.look.alarm),
            (true, false) => (" in", self.look.quiet),
            (true, true) => ("", plain),
        };
        let name = text::cut(&self.port.name, cells.saturating_sub(mark.len()));
        let rest = cells.saturating_sub(text::width(&name));
        [Span::styled(name, plain), Span::styled(text::left(mark, rest), look)]
    }

    /// The contents of a cell, and whether it is an alarm. An input-only port has no cells for sending.
    fn content(&self, what: What) -> (String, bool) {
        let port = self.port;
        let calm = |content: String| (content, false);
        match what {
            What::Number => calm(format!("{}{:>2}", if self.used { "▸" } else { " " }, self.number)),
            What::Thru => calm(thru(&port.thru, self.width >= WIDE)),
            What::Lost if lost(port) > 0 => (format!("{}!", short(lost(port))), true),
            _ if !port.output => calm(String::new()),
            What::Name | What::Lost => calm(String::new()),
            What::Profile => calm(port.profile.clone()),
            What::Channel => calm(port.channel.to_string()),
            What::Clock => calm(sends(port.clock, self.width >= WIDER)),
            What::Offset if port.offset_ms == 0.0 => calm("0".to_owned()),
            What::Offset if port.offset_ms.abs() >= 100.0 => calm(format!("{:+.0}", port.offset_ms)),
            What::Offset => calm(format!("{:+.1}", port.offset_ms)),
            What::Rate => calm(port.traffic.total().messages.to_string()),
            What::Class(class) => calm(class.rate(&port.traffic).to_string()),
            What::Wire => match port.wire_percent {
                Some(percent) => (format!("{percent}%"), percent >= WIRE_ALARM),
                None => calm("–".to_owned()),
            },
            What::Half => calm(held_up(port.latency.map(|latency| latency.p50_us))),
            What::Nearly => calm(held_up(port.latency.map(|latency| latency.p99_us))),
            What::Longest => calm(held_up(port.latency.map(|latency| latency.max_us))),
            What::Waiting => calm(format!("{}/{}", short(u64::from(port.queued)), short(u64::from(port.queued_most)))),
        }
    }
}

/// `all`, `none`, or the parts: letters if there is little room.
fn sends(sends: ClockSends, is_wide: bool) -> String {
    let parts = [(sends.pulses, "P", "pulses"), (sends.transport, "T", "transport"), (sends.position, "S", "position")];
    match sends {
        ClockSends::ALL => "all".to_owned(),
        ClockSends::NONE => "none".to_owned(),
        _ if is_wide => parts.iter().filter(|part| part.0).map(|part| part.2).collect::<Vec<_>>().join(" "),
        _ => parts.iter().map(|part| if part.0 { part.1 } else { "·" }).collect::<Vec<_>>().join(" "),
    }
}

/// `→2`, and its channel if there is room.
fn thru(targets: &[(u8, u8)], is_wide: bool) -> String {
    let target = |(port, channel): &(u8, u8)| match *channel {
        channel if is_wide && channel > 0 => format!("{port} ch {channel}"),
        _ => port.to_string(),
    };
    let all: Vec<String> = targets.iter().map(target).collect();
    if all.is_empty() { String::new() } else { format!("→{}", all.join(if is_wide { ", " } else { "," })) }
}

/// A time in µs as ms in four cells; from ten seconds on as seconds.
fn held_up(us: Option<u32>) -> String {
    match us.map(f64::from) {
        None => "–".to_owned(),
        Some(us) if us < 1000.0 => format!("{:.2}", us / 1000.0),
        Some(us) if us < 10_000.0 => format!("{:.1}", us / 1000.0),
        Some(us) if us < 9_999_500.0 => format!("{:.0}", us / 1000.0),
        Some(us) => format!("{:.0}s", (us / 1e6).min(999.0)),
    }
}

/// A count in at most four cells: `999`, `12k`, `3M`.
fn short(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        1000..1_000_000 => format!("{}k", count / 1000),
        _ => format!("{}M", (count / 1_000_000).min(999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_fit_their_columns() {
        for power in 0..=9 {
            for us in [10u32.pow(power) - 1, 10u32.pow(power), u32::MAX >> power] {
                assert!(text::width(&held_up(Some(us))) <= 4, "{us}: {}", held_up(Some(us)));
                assert!(text::width(&short(u64::from(us) << 3)) <= 4, "{us}");
            }
        }
        assert_eq!(short(u64::MAX), "999M");
        let held = [Some(83), Some(2140), Some(130_000), Some(12_000_000), None].map(held_up);
        assert_eq!(held, ["0.08", "2.1", "130", "12s", "–"]);
    }

    #[test]
    fn no_window_is_too_narrow_for_the_table() {
        for width in 80..300 {
            let cells: usize = columns(width).iter().map(|(_, _, cells)| cells + 1).sum();
            assert!(cells <= usize::from(width) + 1, "{width}: {cells}");
            let name = columns(width)[1].2;
            assert!((14..=NAME_MAX).contains(&name), "{width}: {name}");
        }
    }

    #[test]
    fn the_clock_parts_of_a_port_are_shown_in_words() {
        let some = ClockSends { position: false, ..ClockSends::ALL };
        assert_eq!([ClockSends::ALL, ClockSends::NONE, some].map(|of| sends(of, false)), ["all", "none", "P T ·"]);
        assert_eq!(sends(some, true), "pulses transport");
        assert_eq!((thru(&[], true), thru(&[(1, 0), (3, 10)], true)), (String::new(), "→1, 3 ch 10".to_owned()));
        assert_eq!(thru(&[(1, 0), (3, 10)], false), "→1,3");
    }
}
