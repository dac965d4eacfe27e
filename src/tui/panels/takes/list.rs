//! The list of takes, newest first: one row each; faults are marked in words, so that they are visible without colours.

use crate::{
    status::{TakeInfo, TakeState, TakesStatus},
    takes::Verdict,
    tui::{
        panels::takes::{heard, recorded},
        theme::{Look, TakesLook},
        visible::Visible,
        widgets::text,
    },
};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

/// Window width from which the date of a take is shown.
const WIDE: u16 = 100;
/// Window width from which the sample format and all faults are shown.
const WIDER: u16 = 130;
/// Window width from which the level is shown; a narrower window leaves the room to the name.
const LEVELS_FROM: u16 = 70;
/// Window width from which the state has words beside its sign.
const STATE_FROM: u16 = 50;
/// Maximum cells of a name.
const NAME_MAX: usize = 60;

/// The contents of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Sign,
    Name,
    Made,
    Format,
    Length,
    Peak,
    Loudness,
    State,
}

/// A column: its contents, its heading, its cells. Headings of numbers are right-aligned, as the numbers are.
type Column = (What, &'static str, usize);

/// The columns for a window of this width; the name takes the remaining cells.
fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![(What::Sign, "", 3), (What::Name, "take", 0)];
    if width >= WIDE {
        columns.push((What::Made, "made", 16));
    }
    if width >= WIDER {
        columns.push((What::Format, "channels, bits, rate", 20));
    }
    columns.push((What::Length, "length", 9));
    if width >= LEVELS_FROM {
        columns.extend([(What::Peak, "peak dB", 7), (What::Loudness, "LUFS", 5)]);
    }
    if width >= STATE_FROM {
        columns.push((What::State, "", if width >= WIDER { 30 } else { 17 }));
    }
    let taken: usize = columns.iter().map(|(_, _, cells)| cells + 1).sum();
    for (what, _, cells) in &mut columns {
        if *what == What::Name {
            *cells = usize::from(width + 1).saturating_sub(taken).min(NAME_MAX);
        }
    }
    columns
}

/// Rows from which there is a heading; with fewer rows there is one more take instead.
const HEADING_FROM: u16 = 3;

/// Draws the heading and as many takes as fit, including the focused one.
pub fn draw(status: &Visible, takes: &TakesStatus, place: usize, look: &TakesLook, area: Rect, frame: &mut Frame<'_>) {
    let columns = columns(area.width);
    let heading = columns.iter().map(|(what, heading, cells)| aligned(*what, heading, *cells)).collect::<Vec<_>>();
    let heading_rows = u16::from(area.height >= HEADING_FROM);
    frame.render_widget(Line::styled(heading.join(" "), look.heading), Rect { height: heading_rows, ..area });
    let rows = usize::from(area.height - heading_rows);
    let top = place.saturating_sub(rows / 2).min(takes.takes.len().saturating_sub(rows));
    let shown = (top..).zip(takes.takes.iter().skip(top).take(rows));
    for ((at, take), y) in shown.zip(area.y + heading_rows..) {
        let row = Row { take, status, takes, look, is_focused: at == place };
        frame.render_widget(row.line(&columns), Rect { y, height: 1, ..area });
    }
}

fn aligned(what: What, content: &str, cells: usize) -> String {
    match what {
        What::Length | What::Peak | What::Loudness => text::right(content, cells),
        _ => text::left(content, cells),
    }
}

struct Row<'a> {
    take: &'a TakeInfo,
    status: &'a Visible,
    takes: &'a TakesStatus,
    look: &'a TakesLook,
    is_focused: bool,
}

impl Row<'_> {
    fn line(&self, columns: &[Column]) -> Line<'static> {
        let (sign, state, state_look) = self.state();
        let plain = if self.is_focused { self.look.focused } else { self.look.text };
        let quiet = if self.is_focused { self.look.focused } else { self.look.quiet };
        let mut spans = Vec::new();
        for (at, (what, _, cells)) in columns.iter().enumerate() {
            let (content, look) = match what {
                What::Sign => (format!("{}{sign}", if self.is_focused { "▸" } else { " " }), state_look),
                What::Name => (text::cut(&self.take.name, *cells), plain),
                What::Made => (self.take.made.clone(), quiet),
                What::Format => (self.format(), quiet),
                What::Length => (self.length(), plain),
                What::Peak => (level(self.verdict().map(|verdict| verdict.peak_dbfs)), plain),
                What::Loudness => (level(self.verdict().map(|verdict| verdict.loudness_lufs)), plain),
                What::State => (state.clone(), state_look),
            };
            if at > 0 {
                let between = if matches!(what, What::Name | What::State) { state_look } else { plain };
                spans.push(Span::styled(" ", if self.is_focused && *what != What::Name { plain } else { between }));
            }
            spans.push(Span::styled(aligned(*what, &content, *cells), look));
        }
        Line::from(spans)
    }

    fn verdict(&self) -> Option<&Verdict> {
        self.take.verdict.as_deref()
    }

    fn format(&self) -> String {
        let channels = self.take.channels.map(|channels| match channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            _ => format!("{channels} ch"),
        });
        let bits = self.take.bits.map(|bits| format!("{bits} bit"));
        let rate = self.take.sample_rate_hz.map(|hz| format!("{} kHz", f64::from(hz) / 1000.0));
        [channels, bits, rate].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn length(&self) -> String {
        let seconds = recorded(self.take, self.status).or(self.take.seconds);
        seconds.map_or_else(|| "–".to_owned(), text::song_time)
    }

    /// A sign and words for the state of the take.
    fn state(&self) -> (&'static str, String, Look) {
        let look = self.look;
        match (&self.take.state, self.verdict()) {
            (TakeState::Recording, _) => ("●", "recording".to_owned(), look.recording),
            (TakeState::Beyond(_), _) => ("✗", "unusable".to_owned(), look.alarm),
            _ if heard(self.take, self.status).is_some() => ("▶", "playing".to_owned(), look.playing),
            (TakeState::NeedsRepair, _) => ("!", "needs repair".to_owned(), look.alarm),
            (TakeState::Sound, Some(verdict)) => match troubles(verdict) {
                troubles if troubles.is_empty() => (" ", String::new(), look.text),
                troubles => ("!", troubles, look.alarm),
            },
            (TakeState::Sound, None) if self.takes.measuring.as_ref() == Some(&self.take.name) => {
                ("…", "measuring…".to_owned(), look.quiet)
            }
            (TakeState::Sound, None) => (" ", "not measured yet".to_owned(), look.quiet),
        }
    }
}

fn level(measured: Option<Option<f64>>) -> String {
    match measured {
        Some(Some(level)) => format!("{level:.1}"),
        Some(None) => "–".to_owned(),
        None => String::new(),
    }
}

/// The faults in a few words, the worst first. The verdict has them in whole sentences.
fn troubles(verdict: &Verdict) -> String {
    let mut troubles = Vec::new();
    match verdict.gaps {
        0 => {}
        1 => troubles.push("1 dropout".to_owned()),
        gaps => troubles.push(format!("{gaps} dropouts")),
    }
    if verdict.clipped_samples > 0 {
        troubles.push("clipped".to_owned());
    }
    if verdict.xruns > 0 {
        troubles.push("xruns".to_owned());
    }
    if troubles.is_empty() && verdict.peak_dbfs.is_none() {
        troubles.push("silence".to_owned());
    }
    if troubles.is_empty() && !verdict.warnings().is_empty() {
        troubles.push("see below".to_owned());
    }
    troubles.join(", ")
}
