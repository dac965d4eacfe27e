//! The focused take in words: its format, its verdict, and its marks.

use super::wave;
use crate::{
    status::{TakeInfo, TakeState, TakesStatus},
    takes::Verdict,
    tui::{
        panels::takes::{heard, recorded},
        theme::{TakesLook, Theme},
        visible::Visible,
        widgets::{rule, text},
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window width from which the marks are beside the verdict.
const WIDE: u16 = 100;

/// Its name, and its play position or its length.
pub fn title(take: &TakeInfo, status: &Visible, theme: &Theme, area: Rect, frame: &mut Frame<'_>) {
    let look = &theme.takes;
    let length = take.seconds.map(text::song_time);
    let word = match (heard(take, status), recorded(take, status)) {
        (_, Some(seconds)) => Span::styled(format!("● REC {}", text::song_time(seconds)), look.recording),
        (Some(seconds), _) => {
            let of = length.map_or_else(String::new, |length| format!(" / {length}"));
            Span::styled(format!("▶ {}{of}", text::song_time(seconds)), look.playing)
        }
        (None, None) => Span::styled(length.unwrap_or_default(), theme.frame.rule),
    };
    let drawn = match wave::magnified(take) {
        1 => String::new(),
        times => format!("wave ×{times}  "),
    };
    rule::with_words(&take.name, vec![Span::styled(drawn, theme.frame.rule), word], theme, area, frame);
}

/// Rows of its verdict in a low window.
pub fn rows(take: &TakeInfo) -> u16 {
    match (&take.state, &take.verdict) {
        (TakeState::NeedsRepair, _) => 2,
        (TakeState::Sound, Some(verdict)) if !verdict.warnings().is_empty() => 2,
        _ => 1,
    }
}

/// Its verdict, with the marks beside it if there is room.
pub fn verdict(take: &TakeInfo, takes: &TakesStatus, look: &TakesLook, area: Rect, frame: &mut Frame<'_>) {
    let lines = match (&take.state, &take.verdict) {
        (TakeState::Beyond(why), _) => vec![Line::styled(format!(" ✗ unusable: {why}"), look.alarm)],
        (TakeState::Recording, _) => {
            vec![Line::styled(" being recorded: it can be played; it is measured when it ends", look.text)]
        }
        (TakeState::NeedsRepair, _) => vec![
            Line::styled(" ! its recording was cut off, and its header is wrong", look.alarm),
            Line::styled("   busker takes repair repairs it; no audio is lost", look.text),
        ],
        (TakeState::Sound, Some(verdict)) if area.height > 2 => whole(verdict, look),
        (TakeState::Sound, Some(verdict)) => short(verdict, look),
        (TakeState::Sound, None) if takes.measuring.as_ref() == Some(&take.name) => {
            vec![Line::styled(" being measured: waveform and levels follow in a moment", look.quiet)]
        }
        (TakeState::Sound, None) => vec![Line::styled(" waiting to be measured", look.quiet)],
    };
    let beside = area.height > 2 && area.width >= WIDE && !take.marks.is_empty();
    let width = if beside { area.width / 2 } else { area.width };
    for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
        frame.render_widget(line, Rect { y, width, height: 1, ..area });
    }
    if beside {
        marks(take, look, Rect { x: area.x + width, width: area.width - width, ..area }, frame);
    }
}

/// In two lines: everything, and the warnings.
fn short<'a>(verdict: &Verdict, look: &TakesLook) -> Vec<Line<'a>> {
    let warnings = verdict.warnings();
    let mut lines = vec![Line::styled(format!(" {}", verdict.short()), look.text)];
    lines.extend(warnings.split_first().map(|(first, more)| match more.len() {
        0 => Line::styled(format!(" ! {first}"), look.alarm),
        count => Line::styled(format!(" ! {first} (and {count} more)"), look.alarm),
    }));
    lines
}

/// In as many lines as it needs.
fn whole<'a>(verdict: &Verdict, look: &TakesLook) -> Vec<Line<'a>> {
    let line = |text: &str| {
        let line_look = if text.starts_with('!') { look.alarm } else { look.text };
        Line::styled(format!(" {text}"), line_look)
    };
    // Warnings come first, so that they always have room.
    let text = verdict.to_string();
    let (wrong, plain): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('!'));
    wrong.into_iter().chain(plain).map(line).collect()
}

/// The marks with their times, as many as there is room for.
fn marks(take: &TakeInfo, look: &TakesLook, area: Rect, frame: &mut Frame<'_>) {
    let rows = usize::from(area.height);
    let shown = if take.marks.len() > rows { rows.saturating_sub(1) } else { rows };
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (seconds, label) in take.marks.iter().take(shown) {
        let label = text::cut(label, usize::from(area.width).saturating_sub(14));
        let time = text::right(&text::song_time(*seconds), 10);
        lines.push(Line::from(vec![Span::styled(format!("▾ {time}  "), look.quiet), Span::styled(label, look.mark)]));
    }
    if take.marks.len() > shown {
        lines.push(Line::styled(format!("  and {} more markers", take.marks.len() - shown), look.quiet));
    }
    for (line, y) in lines.into_iter().zip(area.top()..area.bottom()) {
        frame.render_widget(line, Rect { y, height: 1, ..area });
    }
}
