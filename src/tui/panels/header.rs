//! The top rows: transport and tempo, the audio device, the MIDI ports.

use crate::{
    music::Position,
    status::{DeviceStatus, FaultCounts, RealtimeStatus, Status, TransportStatus},
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

/// How many rows it takes.
pub const ROWS: u16 = 3;
/// From this load on the callback is in danger of being late, in percent.
const LOAD_ALARM: u32 = 80;
/// From this width on there is room to say things twice.
const WIDE: u16 = 100;

/// Draws them.
pub fn draw(status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let [transport, device, ports] = Layout::vertical([Constraint::Length(1); 3]).areas(area);
    let look = &theme.header;
    sides(
        transport_line(&status.transport, status.click_on, look),
        take_line(status, theme, area.width),
        transport,
        frame,
    );
    sides(device_line(&status.device, look, area.width), health_line(&status.device, look), device, frame);
    sides(ports_line(status, look, area.width), faults_line(status.realtime, &status.faults, look), ports, frame);
}

/// One line at each side. What of the left one does not fit beside the right one is left out, word by word.
fn sides(mut left: Line<'_>, right: Line<'_>, area: Rect, frame: &mut Frame<'_>) {
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let room = inside.width.saturating_sub(right.width() as u16 + 1);
    while left.width() > usize::from(room) && left.spans.len() > 1 {
        left.spans.pop();
    }
    frame.render_widget(left, Rect { width: room, ..inside });
    frame.render_widget(right.right_aligned(), inside);
}

fn transport_line<'a>(transport: &TransportStatus, click_on: bool, look: &HeaderLook) -> Line<'a> {
    let state = match transport.playing {
        true => Span::styled("▶ playing", look.playing),
        false => Span::styled("■ stopped", look.stopped),
    };
    Line::from(vec![
        state,
        Span::styled(format!(" {:>10}", position(transport.position)), look.position),
        Span::styled(format!("  {:>7}", text::song_time(transport.seconds)), look.time),
        Span::styled(format!("  {:6.2} BPM", transport.bpm), look.tempo),
        switch("clock", transport.clock_on, look),
        switch("click", click_on, look),
    ])
}

/// `12:3:007`, so that the digits of a running song stay in their places.
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

/// The record light once more, where the eye is while playing; below it stands with everything else about the take.
fn take_line<'a>(status: &Status, theme: &Theme, width: u16) -> Line<'a> {
    match &status.record.take {
        Some(take) if width >= WIDE => {
            Line::styled(format!("● REC {}", text::take_time(take.seconds)), theme.record.recording)
        }
        Some(_) => Line::styled("● REC", theme.record.recording),
        None => Line::default(),
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

fn ports_line<'a>(status: &Status, look: &HeaderLook, width: u16) -> Line<'a> {
    if status.ports.is_empty() {
        return Line::styled("MIDI: no port", look.alarm);
    }
    let names: Vec<String> = status.ports.iter().map(|port| port.name.clone()).collect();
    let text = text::cut(&names.join(", "), usize::from(width).saturating_sub(36));
    Line::from(vec![Span::styled("MIDI ", look.quiet), Span::styled(text, look.device)])
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
