//! The words in the rule above the knobs: the modulation of the focused one, automation, and the morph.

use crate::{
    status::MorphStatus,
    tui::{
        app::App,
        theme::Theme,
        visible::Visible,
        widgets::{
            bar::{self, Cell},
            text,
        },
    },
};
use ratatui::{layout::Rect, text::Span};

/// The mark of a modulated knob, after its label.
pub const MOVED: &str = "~";
/// The mark of a knob with automation.
pub const AUTOMATED: &str = "»";
/// Maximum cells of the name of the morph's snapshot.
const MORPH_NAME: usize = 10;
/// Cells of the morph's bar.
const MORPH_BAR: usize = 6;
/// Minimum cells of the title beside the modulation of the focused knob.
const TITLE_MIN: usize = 12;
/// Minimum cells to show the modulation.
const MOVED_MIN: usize = 12;
/// Cells of the rule itself: its ends, and the spaces around the title and the words.
const AROUND: usize = 6;

/// The words for a rule with a title; the modulation of the focused knob has the room that the others leave.
pub fn of(app: &App, status: &Visible, title: &str, theme: &Theme, area: Rect) -> Vec<Span<'static>> {
    let mut words = on_the_way(status, theme);
    let count = status.params.profile.params.len();
    let place = match app.focused(status) {
        Some(at) => format!("knob {} of {count}", at + 1),
        None => "no knobs".to_owned(),
    };
    words.push(learning_word(status, theme, area).unwrap_or(Span::styled(place, theme.frame.rule)));
    let taken = AROUND + text::width(title).min(TITLE_MIN) + words.iter().map(Span::width).sum::<usize>();
    let room = usize::from(area.width).saturating_sub(taken + 2);
    if let Some(moved) = moved_word(app, status).filter(|word| text::width(word).min(MOVED_MIN) <= room) {
        words.insert(0, Span::styled(format!("{}  ", text::cut(&moved, room)), theme.knobs.moved));
    }
    words
}

/// The modulation of the focused knob, after the marks of its row.
fn moved_word(app: &App, status: &Visible) -> Option<String> {
    let (focus, params) = (app.focused(status)?, &status.params);
    let moved = params.motion_of(focus).map(|motion| format!("{MOVED} {}", motion.by.join(" + ")));
    let automated = params.automated.contains(&focus).then(|| format!("{AUTOMATED} automated"));
    let words: Vec<String> = moved.into_iter().chain(automated).collect();
    (!words.is_empty()).then(|| words.join("  "))
}

/// The morph under way and the state of automation, each followed by a space.
pub fn on_the_way(status: &Visible, theme: &Theme) -> Vec<Span<'static>> {
    let mut words = Vec::new();
    if status.automation.armed {
        words.push(Span::styled("● AUTO ARMED  ", theme.record.recording));
    }
    if !status.automation.on && !status.params.automated.is_empty() {
        words.push(Span::styled("auto off  ", theme.knobs.automated_off));
    }
    if let Some(morph) = &*status.morph {
        words.push(Span::styled(morph_word(morph), theme.knobs.morph));
    }
    words
}

fn morph_word(morph: &MorphStatus) -> String {
    let cell = |cell| if let Cell::Filled(c) = cell { c } else { '·' };
    let bar: String = bar::from_left(f64::from(morph.percent) / 100.0, MORPH_BAR).map(cell).collect();
    format!("→ {} {bar} {:>3}%  ", text::cut(&morph.name, MORPH_NAME), morph.percent)
}

/// The command or parameter that MIDI learn waits for, in a title of this width; a parameter by its label.
pub fn learning_word(status: &Visible, theme: &Theme, title: Rect) -> Option<Span<'static>> {
    let what = status.learning.as_ref()?;
    let param = learning_param(what, status).and_then(|at| status.params.profile.params.get(at));
    let word = format!("learn… {}", param.map_or(what, |param| &param.label));
    Some(Span::styled(text::cut(&word, usize::from(title.width) / 2), theme.knobs.learning))
}

/// The index of the parameter that a text for MIDI learn names, as the engine reads it.
pub fn learning_param(what: &str, status: &Visible) -> Option<usize> {
    let name = what.strip_prefix("param.set ").unwrap_or(what);
    status.params.profile.param_index(name.trim())
}
