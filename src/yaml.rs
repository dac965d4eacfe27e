//! Reads files that users write: profiles, settings, themes and scripts.
//!
//! From file to value: text → a tree with bounds (`tree`, the only module with serde) → a reader that takes fields from
//! it and collects every fault at once, each with its line and path. Unknown fields are faults. Pure, except [`read`]
//! and [`read_named`].

use crate::files::read_plain;
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

mod decode;
mod fault;
mod reader;
mod tree;

pub use fault::Fault;
pub(crate) use reader::{Mapping, YamlField, YamlReader, is_word, list};
pub use tree::{BRACKETS_MAX, FILE_BYTES_MAX, brackets};

/// Reads and checks a whole text that a user wrote: `read` takes its fields from the tree; any fault that it reports is
/// an error.
///
/// # Errors
/// Every fault, in order of line.
pub(crate) fn check<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut YamlReader<'_>, &YamlField<'_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    check_within(FILE_BYTES_MAX, file, text, read)
}

/// The same for a text of `bytes_max` bytes at most.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_within<T>(
    bytes_max: usize,
    file: &str,
    text: &str,
    read: impl FnOnce(&mut YamlReader<'_>, &YamlField<'_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    let document = document_within(bytes_max, file, text).map_err(|fault| vec![fault])?;
    match read_document(file, &document, read) {
        (Some(value), faults) if faults.is_empty() => Ok(value),
        (_, faults) => Err(faults),
    }
}

/// Reads and checks a text of independent parts: the result of `read`, and every fault, in order of line. If a line is
/// no YAML, the parts before the one it is in are read, and the last fault names the line.
///
/// # Errors
/// The fault that makes the text no YAML, if no part is before it.
pub(crate) fn check_parts<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut YamlReader<'_>, &YamlField<'_>) -> T,
) -> Result<(T, Vec<Fault>), Fault> {
    let mut broken = match document(file, text) {
        Ok(document) => return Ok(read_document(file, &document, read)),
        Err(fault) => fault,
    };
    let mut line = broken.line;
    for _ in 0..PARTS_TRIED_MAX {
        let Some(at) = line else { break };
        if let Some(before) = before_line(text, at)
            && let Ok(document) = document(file, before)
        {
            broken.message += &format!("; nothing from line {at} on is used");
            return Ok(with_fault(broken, read_document(file, &document, read)));
        }
        let Some(part) = part_at(text, at) else { break };
        match document(file, part.before) {
            Ok(document) => {
                broken.message += &format!("; nothing from line {} on (`{}:`) is used", part.line, part.key);
                return Ok(with_fault(broken, read_document(file, &document, read)));
            }
            Err(fault) => line = fault.line.map(|line| line.min(part.line - 1)),
        }
    }
    Err(broken)
}

fn with_fault<T>(broken: Fault, (value, mut faults): (T, Vec<Fault>)) -> (T, Vec<Fault>) {
    faults.push(broken);
    (value, faults)
}

/// Maximum parts before a line that is no YAML that are left out one by one: an opening bracket may be far before the
/// line where its end is missing.
const PARTS_TRIED_MAX: usize = 64;

/// A part of a file: a key without indentation, and its value.
struct Part<'t> {
    line: usize,
    key: &'t str,
    before: &'t str,
}

/// The text before a line that is in no part: a comment, the beginning of a second document, or another unindented line
/// without a key. `None` if no part is before it.
fn before_line(text: &str, line: usize) -> Option<&str> {
    let mut rows = text.split_inclusive('\n');
    let before: usize = rows.by_ref().take(line.checked_sub(1)?).map(str::len).sum();
    let row = rows.next()?;
    let is_list = row.starts_with('-') && !row.starts_with("---");
    let is_inside = row.starts_with(char::is_whitespace) || is_list;
    let is_beside = row.trim_start().starts_with('#') || !(is_inside || key_of(row).is_some());
    let before = text.get(..before)?;
    (is_beside && before.split_inclusive('\n').any(|row| key_of(row).is_some())).then_some(before)
}

/// The key of a line that begins a part.
fn key_of(row: &str) -> Option<&str> {
    let is_key = row.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"' || c == '\'');
    let (key, _) = row.split_once(':').filter(|_| is_key)?;
    Some(key.trim_matches(['"', '\'']))
}

/// The part of a line, counted from 1; `None` if no part is before it.
fn part_at(text: &str, line: usize) -> Option<Part<'_>> {
    let mut start = 0;
    let mut found = None;
    for (index, row) in text.split_inclusive('\n').take(line).enumerate() {
        if let Some(key) = key_of(row) {
            found = Some(Part { line: index + 1, key, before: &text[..start] });
        }
        start += row.len();
    }
    found.filter(|part| part.line > 1)
}

fn document<'t>(file: &str, text: &'t str) -> Result<tree::Document<'t>, Fault> {
    document_within(FILE_BYTES_MAX, file, text)
}

fn document_within<'t>(bytes_max: usize, file: &str, text: &'t str) -> Result<tree::Document<'t>, Fault> {
    let fault = |(line, message)| Fault { file: file.to_owned(), line, path: String::new(), message };
    tree::Document::read(text, bytes_max).map_err(fault)
}

fn read_document<T>(
    file: &str,
    document: &tree::Document<'_>,
    read: impl FnOnce(&mut YamlReader<'_>, &YamlField<'_>) -> T,
) -> (T, Vec<Fault>) {
    let mut reader = YamlReader::new(file, document);
    let value = read(&mut reader, &YamlField::root(document));
    (value, reader.into_faults())
}

/// The text of a plain file that a user wrote, or the fault that says why not; at most the maximum size is read.
///
/// # Errors
/// One fault: the file cannot be read, or is too long.
pub fn read(path: &Path) -> Result<String, Fault> {
    read_within(FILE_BYTES_MAX, path)
}

/// The same for a file of `bytes_max` bytes at most.
///
/// # Errors
/// As [`read`].
pub fn read_within(bytes_max: usize, path: &Path) -> Result<String, Fault> {
    text_of(bytes_max, path, read_plain(path, bytes_max as u64))
}

/// The same for a path that the user gave, which may be a pipe: waits for it.
///
/// # Errors
/// As [`read`].
pub fn read_named(path: &Path) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    let file = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes));
    text_of(FILE_BYTES_MAX, path, file.map(|_| bytes))
}

fn text_of(bytes_max: usize, path: &Path, bytes: io::Result<Vec<u8>>) -> Result<String, Fault> {
    let fault = |message: String| Fault { file: path.display().to_string(), line: None, path: String::new(), message };
    let bytes = bytes.map_err(|error| fault(format!("cannot be read: {error}")))?;
    if bytes.len() > bytes_max {
        return Err(fault(format!("cannot be read: more than {bytes_max} bytes")));
    }
    Ok(decode::decoded(bytes))
}

/// Whether a text could be read again from a file of `bytes_max` bytes at most.
///
/// # Errors
/// The limit that it exceeds.
pub fn fits(bytes_max: usize, text: &str) -> Result<(), String> {
    tree::within_bounds(text, bytes_max)
}

/// Text that YAML reads as text, without quotes if it is a plain word.
pub(crate) fn name(text: &str) -> String {
    // Words that YAML 1.1 reads as something else are quoted, too: other programs may read the file.
    let other = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if reader::is_word(text) && !other.contains(&text) { text.to_owned() } else { quoted(text) }
}

/// Text that YAML reads as text: a JSON string, with what YAML forbids or reads as the end of a line escaped.
pub fn quoted(text: &str) -> String {
    let json = serde_json::Value::from(text).to_string();
    let is_odd = |sign: char| {
        sign.is_control() || matches!(sign, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let escaped = |sign: char| if is_odd(sign) { format!("\\u{:04x}", u32::from(sign)) } else { sign.to_string() };
    if json.contains(is_odd) { json.chars().map(escaped).collect() } else { json }
}
