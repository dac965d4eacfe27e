//! YAML as a tree, not yet checked. The only module of `yaml` that uses serde.
//!
//! A tree rather than derived structs: serde stops at its first fault and gives no lines after that, while a user who
//! repairs a file wants all faults at once, each with its line. The reader walks the tree and denies unknown fields.

use super::decode::{forbidden, second_document};
use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Maximum size of a file that a user writes, in bytes: settings, profiles, themes. The largest built-in profile is
/// under 10 KiB. Files that busker writes have their own limits (`stored.rs`).
pub const FILE_BYTES_MAX: usize = 256 * 1024;

/// Maximum cost of the tree for each byte of the maximum size; a node costs one, and a byte of text one. A file without
/// aliases stays below twice its length, so only aliases that multiply exceed it.
const TREE_COST_PER_BYTE_MAX: usize = 2;

/// Maximum number of `[` and `{` in a file. Nested ones take the YAML scanner quadratic time, measured 28 s for 120 000
/// in one file; at this number it is a fifth of a second. The largest built-in profile has about 80.
pub const BRACKETS_MAX: usize = 10_000;

/// A value of the file.
#[derive(Debug)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// May hold a key more than once.
    Map(Vec<(String, Node)>),
}

/// One step from a value to a value inside it.
#[derive(Debug, Clone)]
pub(super) enum PathStep {
    Key(String),
    Index(usize),
}

/// A file that is well-formed YAML, not checked further.
pub(super) struct Document<'a> {
    text: &'a str,
    pub(super) root: Node,
}

impl<'a> Document<'a> {
    /// Reads the tree of a file of `bytes_max` bytes at most; an error is the line, if known, and the message.
    pub(super) fn read(text: &'a str, bytes_max: usize) -> Result<Self, (Option<usize>, String)> {
        // Some editors begin UTF-8 with this mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        within_bounds(text, bytes_max).map_err(|message| (None, message))?;
        if let Some((line, message)) = forbidden(text) {
            return Err((Some(line), message));
        }
        let left = Cell::new(TREE_COST_PER_BYTE_MAX * bytes_max);
        match (Tree { left: &left }).deserialize(serde_yaml::Deserializer::from_str(text)) {
            Ok(root) => Ok(Self { text, root }),
            Err(error) => {
                let line = error.location().map(|place| line_at(text, &place));
                if let (None, Some(line)) = (line, second_document(text)) {
                    return Err((Some(line), "a second document begins here, allowed one".to_owned()));
                }
                let mut message = error.to_string().replace(char::is_control, "\u{fffd}");
                if let Some(place) = error.location() {
                    // The first mention repeats `line`; a second one is the origin of the error.
                    let mention = format!(" at line {} column {}", place.line(), place.column());
                    message = message.replacen(&mention, "", 1);
                }
                if line.and_then(|line| text.lines().nth(line - 1)).is_some_and(is_indented_by_tab) {
                    "a tab indents this line; YAML is indented by spaces".clone_into(&mut message);
                }
                Err((line, message))
            }
        }
    }

    /// The line, from 1, of the value at `path`, or of the last value on the way to it that exists.
    ///
    /// Reads the file again and fails on purpose at that value: the parser gives the place of an error, but not of a
    /// valid value.
    pub(super) fn line_of(&self, path: &[PathStep]) -> Option<usize> {
        let met = Probe(path).deserialize(serde_yaml::Deserializer::from_str(self.text));
        Some(line_at(self.text, &met.err()?.location()?))
    }
}

/// The line of a place, from 1, as editors and [`str::lines`] count: the parser also counts Unicode line ends, and a CR
/// alone.
fn line_at(text: &str, place: &serde_yaml::Location) -> usize {
    1 + text.chars().take(place.index()).filter(|sign| *sign == '\n').count()
}

fn is_indented_by_tab(line: &str) -> bool {
    line.chars().take_while(|sign| sign.is_whitespace()).any(|sign| sign == '\t')
}

/// Whether a text is no longer than this, and has no more than the maximum number of brackets; the error names the
/// exceeded limit.
pub(super) fn within_bounds(text: &str, bytes_max: usize) -> Result<(), String> {
    if text.len() > bytes_max {
        return Err(format!("'{}' bytes, allowed at most {bytes_max}", text.len()));
    }
    let brackets = brackets(text);
    if brackets > BRACKETS_MAX {
        return Err(format!("'{brackets}' brackets, allowed at most {BRACKETS_MAX}"));
    }
    Ok(())
}

/// The number of `[` and `{` in a text that may be nested, also those inside quotes. An item of a list that is one mapping on
/// one line nests nothing and is not counted, however long the list is.
pub fn brackets(text: &str) -> usize {
    let of = |row: &str| row.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
    text.lines().filter(|row| !is_flat_item(row)).map(of).sum()
}

/// Whether a line is `- { … }` and opens nothing that it does not close, wherever it stands: with no comment, no escape and
/// double quotes in pairs, its two brackets are both in a quoted text, or both not.
fn is_flat_item(row: &str) -> bool {
    let row = row.trim();
    let Some(inside) = row.strip_prefix("- {").and_then(|rest| rest.strip_suffix('}')) else { return false };
    let is_plain = !inside.contains(['[', ']', '{', '}', '#', '\'', '\\']);
    is_plain && inside.bytes().filter(|byte| *byte == b'"').count() % 2 == 0
}

/// Builds a [`Node`], counting down its allowed cost.
#[derive(Clone, Copy)]
struct Tree<'a> {
    left: &'a Cell<usize>,
}

impl Tree<'_> {
    fn spend<E: serde::de::Error>(self, text_bytes: usize) -> Result<(), E> {
        let Some(left) = self.left.get().checked_sub(1 + text_bytes) else {
            return Err(E::custom("its aliases expand to more than a file may contain"));
        };
        self.left.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Tree<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tree<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, yes or no, a list or a mapping")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Node, E> {
        self.spend(0)?;
        Ok(Node::Null)
    }

    // An empty file.
    fn visit_none<E: serde::de::Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Node, E> {
        self.spend(0)?;
        Ok(Node::Bool(value))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Node, E> {
        self.spend(0)?;
        Ok(Node::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Node, E> {
        self.spend(0)?;
        // Values beyond i64 are never allowed; as a float the value still shows in the message.
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        self.spend(0)?;
        Ok(Node::Float(value))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        self.spend(value.len())?;
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        self.spend(0)?;
        let mut nodes = Vec::new();
        while let Some(node) = list.next_element_seed(self)? {
            nodes.push(node);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        self.spend(0)?;
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            self.spend(key.len())?;
            entries.push((key, map.next_value_seed(self)?));
        }
        Ok(Node::Map(entries))
    }
}

/// Follows a path and fails where it ends.
struct Probe<'a>(&'a [PathStep]);

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    // Values not visited below are an error by default, and that error carries the place.
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of a path")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        if let [PathStep::Index(index), rest @ ..] = self.0 {
            for _ in 0..*index {
                list.next_element::<IgnoredAny>()?;
            }
            list.next_element_seed(Probe(rest))?;
        }
        Err(A::Error::custom("here"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if let [PathStep::Key(wanted), rest @ ..] = self.0 {
            while let Some(key) = map.next_key::<String>()? {
                if key == *wanted {
                    map.next_value_seed(Probe(rest))?;
                }
                map.next_value::<IgnoredAny>()?;
            }
        }
        Err(A::Error::custom("here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_one_line_nest_nothing_and_all_other_brackets_count() {
        for (text, count) in [
            ("a:\n  - { b: 1, c: \"x\" }\n  - { b: 2 }\n", 0),
            ("a: { b: 1 }\n", 1),
            ("- { b: [1] }\n", 2),
            ("- { b: \"}\n", 1),
            ("- { b: '}' }\n", 1),
            ("- { b: \"\\\"}\n- { \" }\n", 2),
            ("- { # }\n", 1),
            ("- { b: 1\n}\n", 1),
        ] {
            assert_eq!(brackets(text), count, "{text}");
        }
    }
}
