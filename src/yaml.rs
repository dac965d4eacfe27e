//! Files a musician writes: profiles, settings, themes and scripts are all read through here.
//!
//! The way of a file: text → a tree with bounds (`tree`, serde's only place) → a reader that takes fields off it and
//! collects every fault at once, each with its line and path. Unknown fields are faults. Pure, but for [`read`].

use std::{fs::File, io::Read, path::Path};

mod fault;
mod reader;
mod tree;

pub use fault::Fault;
pub(crate) use reader::{Field, Mapping, Reader, is_word, list};
pub use tree::FILE_BYTES_MAX;

/// Reads and checks a whole text: `read` takes what it needs off the tree, and what it tells as faults decides.
///
/// # Errors
/// Every fault, in order of line.
pub(crate) fn check<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut Reader<'_>, &Field<'_>) -> Option<T>,
) -> Result<T, Vec<Fault>> {
    match check_parts(file, text, read).map_err(|fault| vec![fault])? {
        (Some(value), faults) if faults.is_empty() => Ok(value),
        (_, faults) => Err(faults),
    }
}

/// Reads and checks a text whose parts stand for themselves: what `read` made of it, and every fault, in order of line.
///
/// # Errors
/// The fault that makes it no YAML at all.
pub(crate) fn check_parts<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut Reader<'_>, &Field<'_>) -> T,
) -> Result<(T, Vec<Fault>), Fault> {
    let document = tree::Document::read(text).map_err(|(line, message)| Fault {
        file: file.to_owned(),
        line,
        path: String::new(),
        message,
    })?;
    let mut reader = Reader::new(file, &document);
    let value = read(&mut reader, &Field::root(&document));
    Ok((value, reader.into_faults()))
}

/// The text of a file, or the fault that says why not; no more of it is read than a file may hold.
///
/// # Errors
/// One fault: it cannot be read, is too long, or is no UTF-8.
pub fn read(path: &Path) -> Result<String, Fault> {
    let fault = |message: String| Fault { file: path.display().to_string(), line: None, path: String::new(), message };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| fault(format!("cannot be read: {error}")))?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err(fault(format!("cannot be read: more than {FILE_BYTES_MAX} bytes")));
    }
    String::from_utf8(bytes).map_err(|error| fault(format!("cannot be read: {}", error.utf8_error())))
}

/// Whether a text could be read again, were it a file.
///
/// # Errors
/// What there is too much of.
pub fn fits(text: &str) -> Result<(), String> {
    tree::within_bounds(text)
}

/// Text as YAML takes it for nothing but text, without quotes where it is a plain word.
pub(crate) fn name(text: &str) -> String {
    // What YAML 1.1 takes for something else, too: other programs may read the file.
    let other = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if reader::is_word(text) && !other.contains(&text) { text.to_owned() } else { quoted(text) }
}

/// Text as YAML takes it for nothing but text: a JSON string is one.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
