//! Reads single fields from the tree and collects their faults, each with its line and path.

use std::{collections::HashSet, fmt::Display, str::FromStr};

use super::{
    Fault,
    tree::{Document, Node, PathStep},
};
use crate::hints::shown;

/// Maximum faults of a file that are reported one by one; finding the line of each means reading the file once more.
const FAULTS_TOLD_MAX: usize = 50;

/// Maximum length of a snake_case word, in characters: wider than any panel shows.
const WORD_CHARS_MAX: usize = 48;

/// The rule for a snake_case word.
const WORD: &str = "a to z, 0 to 9 and _, a letter first";

/// A place in the tree, with its value.
#[derive(Clone)]
pub(crate) struct YamlField<'n> {
    /// `None` if there is no value, or `null`.
    node: Option<&'n Node>,
    steps: Vec<PathStep>,
    path: String,
}

impl<'n> YamlField<'n> {
    pub(super) fn root(document: &'n Document<'_>) -> Self {
        let node = Some(&document.root).filter(|node| !matches!(node, Node::Null));
        Self { node, steps: Vec::new(), path: String::new() }
    }

    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node, Some(Node::List(_)))
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.node, Some(Node::Map(_)))
    }

    pub(crate) fn is_given(&self) -> bool {
        self.node.is_some()
    }

    /// The value of a key of a mapping.
    pub(crate) fn entry(&self, key: &str) -> Self {
        let entries = match self.node {
            Some(Node::Map(entries)) => &entries[..],
            _ => &[],
        };
        let node = entries.iter().find(|(known, _)| known == key).map(|(_, node)| node);
        self.inside(node, PathStep::Key(key.to_owned()), key)
    }

    /// The value as messages show it, without quotes.
    pub(crate) fn shown(&self) -> String {
        self.node.map_or_else(|| "nothing".to_owned(), shown_node)
    }

    fn inside(&self, node: Option<&'n Node>, step: PathStep, shown: &str) -> Self {
        let path = if self.path.is_empty() { shown.to_owned() } else { format!("{}.{shown}", self.path) };
        let steps = self.steps.iter().cloned().chain([step]).collect();
        Self { node: node.filter(|node| !matches!(node, Node::Null)), steps, path }
    }
}

/// A mapping without unknown fields.
pub(crate) struct Mapping<'n> {
    entries: &'n [(String, Node)],
    place: YamlField<'n>,
}

impl<'n> Mapping<'n> {
    pub(crate) fn place(&self) -> &YamlField<'n> {
        &self.place
    }

    pub(crate) fn field(&self, key: &str) -> YamlField<'n> {
        let node = self.entries.iter().find(|(known, _)| known == key).map(|(_, node)| node);
        self.place.inside(node, PathStep::Key(key.to_owned()), key)
    }
}

/// Collects the faults of one file. The read functions return `None` both for an absent field and, after reporting the
/// fault, for a wrong one.
pub(crate) struct YamlReader<'a> {
    file: &'a str,
    document: &'a Document<'a>,
    faults: Vec<Fault>,
    untold: usize,
}

impl<'a> YamlReader<'a> {
    pub(super) fn new(file: &'a str, document: &'a Document<'a>) -> Self {
        Self { file, document, faults: Vec::new(), untold: 0 }
    }

    /// All faults in the order of their lines.
    pub(crate) fn into_faults(mut self) -> Vec<Fault> {
        self.faults.sort_by_key(|fault| fault.line);
        if self.untold > 0 {
            let message = format!("and {} more faults", self.untold);
            self.faults.push(Fault { file: self.file.to_owned(), line: None, path: String::new(), message });
        }
        self.faults
    }

    /// The number of faults so far.
    pub(crate) fn fault_count(&self) -> usize {
        self.faults.len() + self.untold
    }

    pub(crate) fn fault(&mut self, at: &YamlField<'_>, message: String) {
        if self.faults.len() == FAULTS_TOLD_MAX {
            self.untold += 1;
            return;
        }
        self.faults.push(self.note(at, message));
    }

    /// A note on a field that is no fault of the file.
    pub(crate) fn note(&self, at: &YamlField<'_>, message: String) -> Fault {
        let line = self.document.line_of(&at.steps);
        Fault { file: self.file.to_owned(), line, path: at.path.clone(), message }
    }

    fn wrong<T>(&mut self, field: &YamlField<'_>, allowed: &str) -> Option<T> {
        self.fault(field, format!("'{}' does not fit, allowed {allowed}", field.shown()));
        None
    }

    /// Reads a required field.
    pub(crate) fn needed<'n, T>(
        &mut self,
        map: &Mapping<'n>,
        key: &str,
        read: impl FnOnce(&mut Self, &YamlField<'n>) -> Option<T>,
    ) -> Option<T> {
        let field = map.field(key);
        if !field.is_given() {
            self.fault(&field, "is missing".to_owned());
        }
        read(self, &field)
    }

    /// A mapping; fields not in `allowed` are faults.
    pub(crate) fn mapping<'n>(&mut self, field: &YamlField<'n>, allowed: &[&str]) -> Option<Mapping<'n>> {
        self.mapping_with(field, allowed, &[])
    }

    /// A mapping; fields neither in `allowed` nor in `older` are faults, and the message lists `allowed` only.
    pub(crate) fn mapping_with<'n>(
        &mut self,
        field: &YamlField<'n>,
        allowed: &[&str],
        older: &[&str],
    ) -> Option<Mapping<'n>> {
        let Some(Node::Map(entries)) = field.node else {
            return self.wrong(field, &format!("a mapping of {}", list(allowed)));
        };
        let mut seen = HashSet::new();
        for (key, node) in entries {
            if !seen.insert(key) {
                let twice = field.inside(Some(node), PathStep::Key(key.clone()), &shown(key));
                self.fault(&twice, format!("'{}' appears more than once, allowed once", shown(key)));
            } else if !allowed.contains(&key.as_str()) && !older.contains(&key.as_str()) {
                let unknown = field.inside(Some(node), PathStep::Key(key.clone()), &shown(key));
                self.fault(&unknown, format!("'{}' is not a field here, allowed {}", shown(key), list(allowed)));
            }
        }
        Some(Mapping { entries, place: field.clone() })
    }

    /// The mapping of a file that busker writes. Its fields are those of version 1, which has no version field; if the
    /// file names a newer version, that is its only fault.
    pub(crate) fn versioned<'n>(&mut self, root: &YamlField<'n>, allowed: &[&str]) -> Option<Mapping<'n>> {
        let version = root.entry("version");
        if version.is_given() && !matches!(version.node, Some(Node::Int(1))) {
            let says = "a newer busker wrote this file; this one reads version 1 and does not change the file";
            self.fault(&version, format!("'{}' is unknown: {says}", version.shown()));
            return None;
        }
        self.mapping_with(root, allowed, &["version"])
    }

    /// The entries of a mapping whose keys are free names; a key that is there twice is a fault.
    pub(crate) fn entries<'n>(&mut self, field: &YamlField<'n>) -> Vec<(String, YamlField<'n>)> {
        let Some(Node::Map(entries)) = field.node else {
            return self.wrong(field, "a mapping").unwrap_or_default();
        };
        let mut seen = HashSet::new();
        let mut read = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            let entry = field.inside(Some(node), PathStep::Key(key.clone()), &shown(key));
            if !seen.insert(key) {
                self.fault(&entry, format!("'{}' appears more than once, allowed once", shown(key)));
            }
            read.push((key.clone(), entry));
        }
        read
    }

    /// The items of a list.
    pub(crate) fn items<'n>(&mut self, field: &YamlField<'n>) -> Vec<YamlField<'n>> {
        let nodes = match field.node {
            Some(Node::List(nodes)) => nodes,
            Some(_) => return self.wrong(field, "a list").unwrap_or_default(),
            None => return Vec::new(),
        };
        let items = nodes.iter().enumerate().map(|(index, node)| {
            let mut shown = (index + 1).to_string();
            if let Node::Map(entries) = node
                && let Some((_, Node::Text(name))) = entries.iter().find(|(key, _)| key == "name")
                && is_word(name)
            {
                shown = format!("{shown}({name})");
            }
            field.inside(Some(node), PathStep::Index(index), &shown)
        });
        items.collect()
    }

    /// The items of a list that must not be empty if it is given.
    pub(crate) fn some_items<'n>(&mut self, field: &YamlField<'n>) -> Option<Vec<YamlField<'n>>> {
        if let Some(Node::List(nodes)) = field.node
            && nodes.is_empty()
        {
            self.fault(field, "is empty, allowed one or more".to_owned());
        }
        Some(self.items(field)).filter(|items| !items.is_empty())
    }

    /// Text of 1 to `chars_max` characters. Control characters are faults, because they would reach the terminal.
    pub(crate) fn text(&mut self, field: &YamlField<'_>, chars_max: usize) -> Option<String> {
        let text = match field.node? {
            Node::Text(text) => text,
            Node::List(_) | Node::Map(_) => return self.wrong(field, "text"),
            _ => {
                let quoted = format!("text, with quotes: \"{}\"", field.shown());
                return self.wrong(field, &quoted);
            }
        };
        let chars = text.chars().count();
        if chars > chars_max {
            let message = format!("'{}' has {chars} characters, allowed at most {chars_max}", shown(text));
            self.fault(field, message);
            return None;
        }
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return self.wrong(field, "letters, digits and punctuation on one line");
        }
        Some(text.clone())
    }

    /// A snake_case word: allowed in scripts, OSC addresses and file names.
    pub(crate) fn word(&mut self, field: &YamlField<'_>) -> Option<String> {
        let text = self.text(field, WORD_CHARS_MAX)?;
        if is_word(&text) {
            return Some(text);
        }
        self.wrong(field, WORD)
    }

    /// The key of an entry as a snake_case word.
    pub(crate) fn key_word(&mut self, key: &str, entry: &YamlField<'_>) -> Option<String> {
        if is_word(key) {
            return Some(key.to_owned());
        }
        self.fault(entry, format!("'{}' does not fit, allowed {WORD}", shown(key)));
        None
    }

    /// A whole number.
    pub(crate) fn int(&mut self, field: &YamlField<'_>, lo: i64, hi: i64) -> Option<i64> {
        match field.node? {
            Node::Int(value) if (lo..=hi).contains(value) => Some(*value),
            Node::Text(text) if text.parse::<i64>().is_ok() => {
                self.wrong(field, &format!("{lo} to {hi} without quotes"))
            }
            _ => self.wrong(field, &format!("{lo} to {hi}")),
        }
    }

    /// Any number.
    pub(crate) fn number(&mut self, field: &YamlField<'_>, lo: f64, hi: f64) -> Option<f64> {
        match field.node? {
            Node::Int(value) if (lo..=hi).contains(&(*value as f64)) => Some(*value as f64),
            Node::Float(value) if (lo..=hi).contains(value) => Some(*value),
            Node::Text(text) if text.parse::<f64>().is_ok() => {
                self.wrong(field, &format!("{lo} to {hi} without quotes"))
            }
            _ => self.wrong(field, &format!("{lo} to {hi}")),
        }
    }

    /// A plain value as text, written with or without quotes: `3`, `"1-2"`, `auto`.
    pub(crate) fn plain(&mut self, field: &YamlField<'_>) -> Option<String> {
        match field.node? {
            Node::Text(text) => Some(text.clone()),
            Node::List(_) | Node::Map(_) => self.wrong(field, "one value"),
            node => Some(shown_node(node)),
        }
    }

    /// Parses a plain value. The error gives the allowed values.
    pub(crate) fn parsed<T: FromStr>(&mut self, field: &YamlField<'_>) -> Option<T>
    where
        T::Err: Display,
    {
        match self.plain(field)?.parse() {
            Ok(value) => Some(value),
            Err(allowed) => self.wrong(field, &allowed.to_string()),
        }
    }

    /// Two whole numbers.
    pub(crate) fn pair(&mut self, field: &YamlField<'_>, lo: i64, hi: i64) -> Option<(i64, i64)> {
        field.node?;
        let items = self.items(field);
        let [first, second] = &items[..] else {
            if matches!(field.node, Some(Node::List(_))) {
                self.fault(field, format!("'{}' items, allowed 2", items.len()));
            }
            return None;
        };
        let (first, second) = (self.int(first, lo, hi), self.int(second, lo, hi));
        Some((first?, second?))
    }

    /// Yes or no. YAML 1.2 has only `true` and `false`; users also write `yes`, `on` and the like.
    pub(crate) fn flag(&mut self, field: &YamlField<'_>) -> Option<bool> {
        match field.node? {
            Node::Bool(value) => Some(*value),
            Node::Text(text) if matches!(&**text, "yes" | "on") => Some(true),
            Node::Text(text) if matches!(&**text, "no" | "off") => Some(false),
            Node::Text(text) if matches!(&**text, "true" | "false") => {
                let allowed = format!("{text} without quotes, or yes, no, on, off");
                self.wrong(field, &allowed)
            }
            _ => self.wrong(field, "yes, no, on, off, true, false"),
        }
    }
}

/// A list of names for messages.
pub(crate) fn list(names: &[impl AsRef<str>]) -> String {
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}

/// Whether a text is a valid name: snake_case, not too long.
pub(crate) fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= WORD_CHARS_MAX
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn shown_node(node: &Node) -> String {
    match node {
        Node::Null => "nothing".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Int(value) => value.to_string(),
        Node::Float(value) => value.to_string(),
        Node::Text(text) => shown(text),
        Node::List(nodes) => match &nodes[..] {
            [] => "[]".to_owned(),
            [Node::Int(first), Node::Int(second)] => format!("[{first}, {second}]"),
            _ => "a list".to_owned(),
        },
        Node::Map(_) => "a mapping".to_owned(),
    }
}
