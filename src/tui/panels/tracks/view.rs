//! How the tracks are drawn: a row each, and a line about the focused one.
//!
//! ```text
//!   1 drone        ▶ ···  ▕██████████▌         ▏  2 layers     0.0  c
//! ▸ 2 bass         ● ·S·  ▕███▌                ▏  overdub    -9.0  L20
//!   3 lead         ○ M··  ▕                    ▏  in 2 beats   0.0  c
//! ```
//!
//! State is a sign and a word, never a colour alone. The bar is the track's loop: it fills up to the song's place in it.

use super::State;
use crate::{
    music::{PPQN, position::BAR_PULSES},
    status::{TrackState, TrackStatus, TracksStatus},
    tui::{
        panels::ScreenAreas,
        theme::{Look, Theme},
        visible::Visible,
        widgets::{rule, text},
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Cells of a name.
const NAME: usize = 12;
/// Cells of what a track does, in words.
const WORDS: usize = 12;
/// From this width on the fader and the pan are shown.
const MIX_FROM: usize = 64;
/// From this width on there is a bar.
const BAR_FROM: usize = 44;

/// Draws it.
pub fn draw(state: State, status: &Visible, theme: &Theme, areas: &ScreenAreas, frame: &mut Frame<'_>) {
    let below = areas.middle();
    let Some(tracks) = status.tracks.as_ref().filter(|tracks| !tracks.tracks.is_empty()) else {
        rule::with_words("Tracks", Vec::new(), theme, areas.title, frame);
        let help = " no track yet: Enter adds one and records a loop on it; n adds an empty one";
        frame.render_widget(Line::styled(help, theme.takes.quiet), Rect { height: 1, ..below });
        return;
    };
    rule::with_words("Tracks", vec![Span::styled(about_song(tracks), theme.frame.rule)], theme, areas.title, frame);
    let place = state.place(tracks).unwrap_or(0);
    let rows = usize::from(below.height.saturating_sub(u16::from(below.height > 3)));
    let first = (place + 1).saturating_sub(rows.max(1));
    let pulse = status.transport.position.pulses(crate::music::Bpm::DEFAULT);
    let shown = tracks.tracks.iter().enumerate().skip(first).take(rows);
    for ((i, track), y) in shown.zip(below.y..) {
        let area = Rect { y, height: 1, ..below };
        let playhead = status.transport.playing.then_some(pulse);
        frame.render_widget(row(i, track, i == place, playhead, theme, usize::from(below.width)), area);
    }
    if below.height > 3
        && let Some(track) = tracks.tracks.get(place)
    {
        let area = Rect { y: below.bottom() - 1, height: 1, ..below };
        frame.render_widget(Line::styled(about(track, usize::from(below.width)), theme.takes.quiet), area);
    }
}

/// The loop region and the grid.
fn about_song(tracks: &TracksStatus) -> String {
    let bar = BAR_PULSES as f64;
    let region = tracks.loop_pulses.map(|[from, to]| {
        let bars = (to - from) as f64 / bar;
        let state = if tracks.loop_on { "loop" } else { "loop off" };
        format!("{state} {} bars from {} · ", text_of(bars), text_of(from as f64 / bar + 1.0))
    });
    let left = tracks.export_left_seconds.map(|seconds| format!(", {seconds} s left")).unwrap_or_default();
    let exporting = tracks.export_percent.map(|percent| format!("exporting {percent} %{left} · ")).unwrap_or_default();
    let recording = if tracks.is_recording { "● recording armed · " } else { "" };
    format!("{exporting}{recording}{}quantize {}", region.unwrap_or_default(), tracks.grid)
}

/// A number without decimals it does not need.
fn text_of(number: f64) -> String {
    let rounded = (number * 100.0).round() / 100.0;
    rounded.to_string()
}

/// The sign and the words of what a track does.
fn doing(track: &TrackStatus, theme: &Theme) -> (&'static str, String, Look) {
    let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let content = match (track.layers, track.clips) {
        (0, 0) => String::new(),
        (0, clips) => plural(clips, "clip"),
        (layers, _) => plural(layers, "layer"),
    };
    if let Some(beats) = track.waits_beats {
        return ("○", format!("in {}", plural(beats as usize, "beat")), theme.record.waiting);
    }
    match track.state {
        TrackState::Empty => ("·", "empty".to_owned(), theme.takes.quiet),
        TrackState::Stopped => ("■", content, theme.takes.text),
        TrackState::Playing => ("▶", content, theme.takes.playing),
        TrackState::Recording => ("●", "recording".to_owned(), theme.record.recording),
        TrackState::Overdubbing => ("●", "overdub".to_owned(), theme.record.recording),
    }
}

fn row(
    i: usize,
    track: &TrackStatus,
    is_focused: bool,
    playhead: Option<f64>,
    theme: &Theme,
    width: usize,
) -> Line<'static> {
    let (sign, words, look) = doing(track, theme);
    let name_look = if is_focused { theme.takes.focused } else { theme.takes.text };
    let mark = |is_on: bool, letter: &'static str| if is_on { letter } else { "·" };
    let name = text::left(&track.name, NAME);
    let mut spans = vec![
        Span::raw(if is_focused { "▸" } else { " " }),
        Span::styled(format!("{:>2} {name}", i + 1), name_look),
        Span::raw(" "),
        Span::styled(sign, look),
        Span::styled(
            format!(" {}{}{} ", mark(track.mute, "M"), mark(track.solo, "S"), mark(track.arm, "A")),
            theme.takes.text,
        ),
    ];
    let mix = if width >= MIX_FROM { 13 } else { 0 };
    let taken = 1 + 3 + NAME + 1 + 1 + 5 + 1 + WORDS + mix;
    if width >= BAR_FROM
        && let Some(cells) = width.checked_sub(taken + 3).filter(|cells| *cells >= 4)
    {
        spans.push(Span::styled("▕", theme.knobs.track));
        spans.extend(bar(track, playhead, cells, theme));
        spans.push(Span::styled("▏", theme.knobs.track));
    }
    spans.push(Span::styled(format!(" {}", text::left(&words, WORDS)), look));
    if mix > 0 {
        let gain = if track.gain_db <= -120.0 { "-inf".to_owned() } else { format!("{:.1}", track.gain_db) };
        let pan = match (track.pan * 100.0).round() as i32 {
            0 => "c".to_owned(),
            left if left < 0 => format!("L{}", -left),
            right => format!("R{right}"),
        };
        spans.push(Span::styled(format!("{gain:>6}  {pan:<5}"), theme.takes.text));
    }
    Line::from(spans)
}

/// The loop of a track, filled up to the song's place in it.
fn bar(track: &TrackStatus, playhead: Option<f64>, cells: usize, theme: &Theme) -> Vec<Span<'static>> {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let (Some(at), Some(pulses)) = (track.loop_pulse, track.loop_pulses) else {
        return vec![Span::raw(" ".repeat(cells))];
    };
    let Some(pulse) = playhead.filter(|pulse| *pulse >= at) else {
        return vec![Span::styled("·".repeat(cells), theme.knobs.track)];
    };
    let part = ((pulse - at) / pulses.max(1.0)).fract();
    let part = if track.speed < 0.0 { 1.0 - part } else { part };
    let eighths = (part * (cells * 8) as f64) as usize;
    let (full, rest) = (eighths / 8, EIGHTHS[eighths % 8]);
    let filled = format!("{}{rest}", "█".repeat(full));
    let left = cells.saturating_sub(full + usize::from(!rest.is_empty()));
    let look = if track.state == TrackState::Overdubbing { theme.record.recording } else { theme.knobs.bar };
    vec![Span::styled(filled, look), Span::styled("·".repeat(left), theme.knobs.track)]
}

/// A line about the focused track.
fn about(track: &TrackStatus, width: usize) -> String {
    let beats = track.loop_pulses.map(|pulses| format!("{} beats  ", text_of(pulses / PPQN as f64)));
    let speed = if track.speed == 1.0 { String::new() } else { format!("speed {}  ", text_of(track.speed)) };
    let line = format!(
        " {}: in {}  mode {}  feedback {} %  {}{speed}undo {} redo {}",
        track.name,
        track.inputs.as_deref().unwrap_or("as recorded"),
        track.mode,
        text_of(track.feedback_percent),
        beats.unwrap_or_default(),
        track.undo_steps,
        track.redo_steps,
    );
    text::cut(&line, width)
}
