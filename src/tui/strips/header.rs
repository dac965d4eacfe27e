//! The top rows: transport and tempo, the audio device, the MIDI ports.

use crate::{
    music::Position,
    status::{DeviceStatus, DoorStatus, FaultCounts, PortStatus, RealtimeStatus, SourceStatus, Status, SyncState},
    tui::{
        theme::{HeaderLook, Theme},
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
};

/// Its rows.
pub const ROWS: u16 = 3;
/// Load from which the callback is likely to be late, in percent.
const LOAD_ALARM: u32 = 80;
/// Window width from which there is room for details.
const WIDE: u16 = 100;
/// Window width from which the connections of clients are shown beside the ports.
const ROOMY: u16 = 140;
/// Maximum cells of the name of a followed clock, or of a take that is played.
const SOURCE_WIDE: usize = 20;
/// The same in a narrower window: it leaves room for the switches and the record light.
const SOURCE_NARROW: usize = 16;
/// Minimum cells of a port's name beside others.
const PORT_NAME: usize = 16;

/// Draws them.
pub fn draw(status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let [transport, device, ports] = Layout::vertical([Constraint::Length(1); 3]).areas(area);
    let look = &theme.header;
    sides(transport_line(status, look, area.width), take_line(status, theme, area.width), transport, frame);
    sides(device_line(&status.device, look, area.width), health_line(&status.device, look), device, frame);
    let mut faults = faults_line(*status.realtime, &status.faults, look);
    if area.width >= ROOMY {
        faults.spans.splice(0..0, doors(&status.doors, look));
    }
    let room = usize::from(area.width).saturating_sub(faults.width() + 4);
    sides(ports_line(status, look, room), faults, ports, frame);
}

/// One line at each side. Words of the left one that do not fit beside the right one are left out.
fn sides(mut left: Line<'_>, right: Line<'_>, area: Rect, frame: &mut Frame<'_>) {
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let room = inside.width.saturating_sub(right.width() as u16 + 1);
    let over = |left: &Line<'_>| {
        let blank = left.spans.last().map_or(0, |span| span.content.len() - span.content.trim_end().len());
        left.width() - blank > usize::from(room)
    };
    while over(&left) && left.spans.len() > 1 {
        left.spans.pop();
    }
    frame.render_widget(left, Rect { width: room, ..inside });
    frame.render_widget(right.right_aligned(), inside);
}

fn transport_line<'a>(status: &Status, look: &HeaderLook, width: u16) -> Line<'a> {
    let transport = &status.transport;
    let state = match transport.playing {
        true => Span::styled("▶ playing", look.playing),
        false => Span::styled("■ stopped", look.stopped),
    };
    let source = source(&status.clock.source, look, width);
    // With an external clock and little room, the tempo source is more important than the seconds.
    let time = match width < WIDE && !source.content.is_empty() {
        true => Span::default(),
        false => Span::styled(format!("  {:>7}", text::song_time(transport.seconds)), look.time),
    };
    Line::from(vec![
        state,
        Span::styled(format!(" {:>10}", position(transport.position)), look.position),
        time,
        Span::styled(format!("  {:6.2} BPM", transport.bpm), look.tempo),
        source,
        switch("clock", transport.clock_on, look),
        switch("click", *status.click_on, look),
    ])
}

/// The tempo source; empty if it is internal. The text for waiting is shorter if there is little room.
fn source<'a>(source: &SourceStatus, look: &HeaderLook, width: u16) -> Span<'a> {
    let SourceStatus::Midi { from, state } = source else { return Span::default() };
    let is_wide = width >= WIDE;
    match state {
        SyncState::Waiting if is_wide => Span::styled(" ⇠ waiting for a clock", look.tempo),
        SyncState::Waiting => Span::styled(" ⇠ waiting", look.tempo),
        SyncState::Acquiring => Span::styled(" acquiring", look.tempo),
        SyncState::Locked => {
            let cells = if is_wide { SOURCE_WIDE } else { SOURCE_NARROW };
            let name = text::cut(from.as_deref().unwrap_or("MIDI"), cells);
            Span::styled(format!(" ⇠ {name}"), look.tempo)
        }
        SyncState::Unsteady => Span::styled(" no tempo!", look.alarm),
        SyncState::Lost => Span::styled(" clock lost!", look.alarm),
    }
}

/// `12:3:007`, so that the digits do not move while the song plays.
fn position(position: Position) -> String {
    match position {
        Position::Bars { bar, beat, tick } => format!("{bar}:{beat}:{tick:03}"),
        Position::Seconds(seconds) => text::song_time(seconds),
    }
}

fn switch<'a>(name: &str, on: bool, look: &HeaderLook) -> Span<'a> {
    match on {
        true => Span::styled(format!("  {name} on "), look.enabled),
        false => Span::styled(format!("  {name} off"), look.disabled),
    }
}

/// The record light in short form, near the transport; the full form is below. While nothing is recorded, the take that
/// is played.
fn take_line<'a>(status: &Status, theme: &Theme, width: u16) -> Line<'a> {
    match &status.record.take {
        Some(take) if width >= WIDE => {
            Line::styled(format!("● REC {}", text::take_time(take.seconds)), theme.record.recording)
        }
        Some(_) => Line::styled("● REC", theme.record.recording),
        None if status.record.waits_for.is_some() => Line::styled("○ waits", theme.record.waiting),
        None => status.audition.as_ref().map_or_else(Line::default, |audition| {
            let name = audition.path.file_stem().map(|name| name.to_string_lossy()).unwrap_or_default();
            let words = match width >= WIDE {
                true => format!("▶ {} {}", text::cut(&name, SOURCE_WIDE), text::song_time(audition.seconds)),
                false => "▶ take".to_owned(),
            };
            Line::styled(words, theme.takes.playing)
        }),
    }
}

fn device_line<'a>(device: &DeviceStatus, look: &HeaderLook, width: u16) -> Line<'a> {
    let name = text::cut(&device.name, usize::from(width / 3));
    if !device.running {
        return Line::from(vec![
            Span::styled(format!("{} {name}", device.host), look.device),
            Span::styled("  ! no audio: waiting for the device", look.alarm),
        ]);
    }
    let block_ms = f64::from(device.block_frames) * 1000.0 / f64::from(device.sample_rate_hz.max(1));
    Line::from(vec![
        Span::styled(format!("{} {name}", device.host), look.device),
        Span::styled(format!("  {} Hz", device.sample_rate_hz), look.quiet),
        Span::styled(format!("  {} frames = {block_ms:.1} ms", device.block_frames), look.quiet),
    ])
}

fn health_line<'a>(device: &DeviceStatus, look: &HeaderLook) -> Line<'a> {
    let load = if device.load_percent >= LOAD_ALARM { look.alarm } else { look.device };
    let xruns = if device.xruns > 0 { look.alarm } else { look.device };
    let mut spans = vec![Span::styled(format!("load {:>3}%", device.load_percent), load)];
    if device.load_peak_percent > 0 {
        spans.push(Span::styled(format!(" peak {}%!", device.load_peak_percent), look.alarm));
    }
    let sign = if device.xruns > 0 { "!" } else { "" };
    spans.push(Span::styled(format!("  xruns {}{sign}", device.xruns), xruns));
    Line::from(spans)
}

/// The instrument first, then lost ports, then the others; those without room are counted.
fn ports_line<'a>(status: &Status, look: &HeaderLook, room: usize) -> Line<'a> {
    if status.ports.is_empty() {
        return Line::styled("MIDI: no port", look.alarm);
    }
    let is_alone = status.ports.len() == 1;
    let mut ports: Vec<(bool, &PortStatus)> =
        (1u8..).zip(&status.ports).map(|(number, port)| (number == *status.instrument && !is_alone, port)).collect();
    ports.sort_by_key(|(used, port)| (!used, port.connected));
    let mut spans = vec![Span::styled("MIDI ", look.quiet)];
    let mut left = room.saturating_sub(5);
    for (at, (used, port)) in ports.iter().enumerate() {
        // The number of the remaining ports must fit after it.
        let more = if at + 1 < ports.len() { 4 } else { 0 };
        let mark = if *used { "▸" } else { "" };
        let gone = if port.connected { "" } else { " gone!" };
        let comma = if at > 0 { ", " } else { "" };
        let around = text::width(comma) + text::width(mark) + text::width(gone);
        let cells = left.saturating_sub(around + more);
        if at > 0 && cells < text::width(&port.name).min(PORT_NAME) {
            spans.push(Span::styled(format!("  +{}", ports.len() - at), look.device));
            break;
        }
        let name = text::cut(&port.name, if is_alone { cells } else { cells.min(room / 2).max(PORT_NAME) });
        left = left.saturating_sub(around + text::width(&name));
        let name_look = if port.connected { look.device } else { look.alarm };
        spans.push(Span::styled(comma, look.quiet));
        spans.push(Span::styled(format!("{mark}{name}{gone}"), name_look));
    }
    Line::from(spans)
}

/// The ways for clients to connect, each with its clients.
fn doors<'a>(doors: &[DoorStatus], look: &HeaderLook) -> Vec<Span<'a>> {
    let connected: u32 = doors.iter().map(|door| door.connected).sum();
    let names = doors.iter().filter(|door| door.name != "socket").map(|door| format!("{}  ", door.name));
    let mut spans: Vec<Span<'a>> = names.map(|name| Span::styled(name, look.quiet)).collect();
    if connected > 0 {
        spans.push(Span::styled(format!("{connected} connected  "), look.device));
    }
    spans
}

fn faults_line<'a>(realtime: RealtimeStatus, faults: &FaultCounts, look: &HeaderLook) -> Line<'a> {
    let mut spans = Vec::new();
    if faults.total() > 0 {
        spans.push(Span::styled(format!("faults {}!  ", faults.total()), look.alarm));
    }
    spans.push(match realtime.granted() {
        true => Span::styled("realtime yes", look.quiet),
        false => Span::styled("realtime no", look.alarm),
    });
    Line::from(spans)
}
