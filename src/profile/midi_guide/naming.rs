//! From what people write in a table to what a profile takes: words for scripts, labels for the screen. Pure.

use crate::{hints, profile::fields::NAME_CHARS_MAX as CHARS_MAX};

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

/// Lowercase letters, digits and single underscores; none where nothing is left.
pub(super) fn snake(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let parts = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let word = parts.collect::<Vec<_>>().join("_");
    Some(shortened(&word, 0)).filter(|word| !word.is_empty())
}

/// A word with room for so many characters after it.
pub(super) fn shortened(word: &str, room: usize) -> String {
    word.chars().take(CHARS_MAX - room).collect::<String>().trim_end_matches('_').to_owned()
}
