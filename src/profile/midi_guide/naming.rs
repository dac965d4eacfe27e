//! Converts names of a table to names of a profile: words for scripts, labels for the screen. Pure.

use crate::{hints, profile::fields::NAME_CHARS_MAX as CHARS_MAX};

/// One line of plain text: each run of control characters and spaces becomes one space.
pub(super) fn clean(text: &str) -> String {
    let odd = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}');
    let plain = text.replace(odd, " ");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Text shortened to the length of a label.
pub(super) fn cut(text: &str) -> String {
    clean(text).chars().take(CHARS_MAX).collect::<String>().trim_end().to_owned()
}

/// Whether [`cut`] shortens a text.
pub(super) fn is_cut(text: &str) -> bool {
    clean(text).chars().count() > CHARS_MAX
}

/// Text for a message.
pub(super) fn shown(text: &str) -> String {
    hints::shown(&clean(text))
}

/// A synth's id; `None` if no letter of its names is allowed in one.
pub(super) fn id(maker: &str, device: &str) -> Option<String> {
    snake(device)?;
    let word = snake(&format!("{maker} {device}"))?;
    Some(if word.starts_with(|c: char| c.is_ascii_lowercase()) { word } else { shortened(&format!("synth_{word}"), 0) })
}

/// Lowercase letters, digits and single underscores; `None` if nothing is left.
pub(super) fn snake(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let word = parts.collect::<Vec<_>>().join("_");
    Some(shortened(&word, 0)).filter(|word| !word.is_empty())
}

/// A word with room for `room` characters after it.
pub(super) fn shortened(word: &str, room: usize) -> String {
    word.chars().take(CHARS_MAX - room).collect::<String>().trim_end_matches('_').to_owned()
}
