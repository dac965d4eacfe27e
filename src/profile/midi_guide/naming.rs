//! From what people write in a table to what a profile takes: words for scripts, labels for the screen. Pure.

use super::control::Control;
use crate::{
    hints,
    profile::{Target, check::NAME_CHARS_MAX as CHARS_MAX},
};
use std::collections::{HashMap, HashSet};

/// One line of plain text: control characters and rows of spaces become a space.
pub(super) fn clean(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let plain = text.replace(odd, " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text as a label may have it.
pub(super) fn cut(text: &str) -> String {
    clean(text).chars().take(CHARS_MAX).collect::<String>().trim_end().to_owned()
}

/// Whether [`cut`] takes something away.
pub(super) fn is_cut(text: &str) -> bool {
    clean(text).chars().count() > CHARS_MAX
}

/// Text as a message repeats it.
pub(super) fn shown(text: &str) -> String {
    hints::shown(&clean(text))
}

/// A synth's id; none where nothing of its names can be in one.
pub(super) fn id(maker: &str, device: &str) -> Option<String> {
    snake(device)?;
    let word = snake(&format!("{maker} {device}"))?;
    Some(if word.starts_with(|c: char| c.is_ascii_lowercase()) { word } else { shortened(&format!("synth_{word}"), 0) })
}

/// A word for each parameter: its label; where several have that, the section before it; where that is not enough, a
/// number after it.
pub(super) fn words(controls: &[Control]) -> Vec<String> {
    let mut count: HashMap<Option<String>, usize> = HashMap::new();
    for control in controls {
        *count.entry(snake(&control.label)).or_default() += 1;
    }
    let alone = |label: &Option<String>| count.get(label) == Some(&1);
    let is_word = |word: &String| word.starts_with(|c: char| c.is_ascii_lowercase());
    let mut taken = HashSet::new();
    let word_of = |control: &Control| {
        let label = snake(&control.label).or_else(|| snake(&number(control.target)));
        let with_section = snake(&format!("{} {}", control.section, label.as_deref().unwrap_or_default()));
        let found = label.filter(|label| alone(&Some(label.clone())) && is_word(label)).or(with_section);
        let word = found.unwrap_or_else(|| number(control.target));
        let word = if is_word(&word) { word } else { shortened(&format!("p_{word}"), 0) };
        let numbered = (2..).map(|n| {
            let end = format!("_{n}");
            format!("{}{end}", shortened(&word, end.len()))
        });
        let free = std::iter::once(word.clone()).chain(numbered).find(|word| !taken.contains(word));
        let word = free.unwrap_or(word);
        taken.insert(word.clone());
        word
    };
    controls.iter().map(word_of).collect()
}

/// What a parameter is called that has no letter of its own.
fn number(target: Target) -> String {
    match target {
        Target::Nrpn { msb, lsb } => format!("nrpn_{msb}_{lsb}"),
        Target::Cc(cc) | Target::Cc10 { msb: cc, .. } | Target::Cc14 { msb: cc, .. } => format!("cc_{cc}"),
        Target::Rpn { .. } | Target::PitchBend | Target::Program => "parameter".to_owned(),
    }
}

/// Lowercase letters, digits and single underscores; none where nothing is left.
fn snake(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let word = parts.collect::<Vec<_>>().join("_");
    Some(shortened(&word, 0)).filter(|word| !word.is_empty())
}

/// A word with room for so many characters after it.
fn shortened(word: &str, room: usize) -> String {
    word.chars().take(CHARS_MAX - room).collect::<String>().trim_end_matches('_').to_owned()
}
