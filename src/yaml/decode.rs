//! Decodes bytes to text: bytes that are no UTF-8, and characters that are not allowed in YAML, are found with their
//! line. Pure.
//!
//! Old editors write Latin-1, most often in comments. There it is harmless and is read as U+FFFD; elsewhere it becomes
//! a character that YAML does not allow, so that its line is found when the text is read.

/// Replaces bytes that are no UTF-8.
const NOT_UTF8: char = '\u{ffff}';

/// The text of a file.
pub(super) fn decoded(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if !chunk.invalid().is_empty() {
            let row = text.rsplit('\n').next().unwrap_or_default();
            text.push(if is_in_comment(row) { char::REPLACEMENT_CHARACTER } else { NOT_UTF8 });
        }
    }
    text
}

/// Whether a line that begins with this text is in a comment. False after a quote, where it is unknown.
fn is_in_comment(row: &str) -> bool {
    let before = row.split_once(" #").map_or(row, |(before, _)| before);
    row.trim_start().starts_with('#') || (before.len() < row.len() && !before.contains(['"', '\'']))
}

/// The first line, from 1, with a character that YAML does not allow, and its description.
pub(super) fn forbidden(text: &str) -> Option<(usize, String)> {
    let at = text.find(is_forbidden)?;
    let line = text[..at].matches('\n').count() + 1;
    Some(match text[at..].chars().next() {
        Some(NOT_UTF8) => (line, "this line is not UTF-8; save the file as UTF-8".to_owned()),
        other => {
            let code = other.map_or(0, u32::from);
            (line, format!("the control character U+{code:04X} is in this line; delete it"))
        }
    })
}

fn is_forbidden(c: char) -> bool {
    let is_control = c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    is_control || matches!(c, '\u{fffe}' | NOT_UTF8)
}

/// The line, from 1, of the beginning of a second document.
pub(super) fn second_document(text: &str) -> Option<usize> {
    let mut has_begun = false;
    for (index, row) in text.lines().enumerate() {
        let is_mark =
            |mark: &str| row.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
        if has_begun && (is_mark("---") || is_mark("...")) {
            return Some(index + 1);
        }
        let says_nothing = row.trim().is_empty() || row.trim_start().starts_with('#') || row.starts_with('%');
        has_begun |= !says_nothing;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin_1_in_a_comment_does_no_harm_and_elsewhere_its_line_is_found() {
        for (bytes, line) in [
            (&b"a: 1 # f\xfcr\nb: 2\n"[..], None),
            (b"  # f\xfcr", None),
            (b"a: 1\nb: f\xfcr # f\xfcr\n", Some(2)),
            (b"a: '# f\xfcr'\n", Some(1)),
            (b"a: x#\xfc\n", Some(1)),
            (b"\xff\xfea\0", Some(1)),
        ] {
            assert_eq!(forbidden(&decoded(bytes.to_vec())).map(|(line, _)| line), line, "{bytes:?}");
        }
        assert_eq!(decoded("für".as_bytes().to_vec()), "für");
        assert_eq!(forbidden("a: \u{fffd}\u{85}\t\r\n"), None);
    }

    #[test]
    fn a_second_document_begins_after_a_first_one() {
        for (text, line) in [
            ("a: 1\n---\nb: 2\n", Some(2)),
            ("%YAML 1.2\n# one\n---\na: 1\n", None),
            ("---\na: 1\n--- # two\n", Some(3)),
            ("a: 1\n...\nb: 2\n", Some(2)),
            ("a: |\n  ---\n----\n", None),
        ] {
            assert_eq!(second_document(text), line, "{text}");
        }
    }
}
