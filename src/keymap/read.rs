//! Reads and checks a keymap file: all faults at once, each with its line. Pure.

use super::{Action, Key, Keymap, Row};
use crate::{
    command::{COMMANDS, Command},
    hints,
    yaml::{self, Fault, YamlField, YamlReader, list},
};

/// The word for every mode.
const ANY: &str = "any";
/// The action that removes a key.
const NOTHING: &str = "nothing";
/// Maximum length of a command in a keymap, in characters.
const LINE_CHARS_MAX: usize = 200;
/// Maximum length of a word in the key bar, in characters: a longer one leaves the other keys no room.
const BAR_CHARS_MAX: usize = 16;
/// Maximum words of a row: for off and on.
const BAR_WORDS_MAX: usize = 2;

/// The names that a keymap may use besides commands; the screen defines them.
#[derive(Clone, Debug)]
pub struct Vocabulary<M, V> {
    /// The modes, by name.
    pub modes: Vec<(&'static str, M)>,
    /// The actions of the screen, by name.
    pub views: Vec<(&'static str, V)>,
    /// Why no row may use the key of a character in a mode ("plays a note"); `None` if rows may use it.
    pub keeps: fn(M, char) -> Option<&'static str>,
}

/// A row of the file; without an action it removes keys.
pub(super) struct RowRead<M, V> {
    modes: Vec<M>,
    key: Key,
    action: Option<Action<V>>,
    bar: Vec<String>,
    repeats: bool,
}

impl<M: Copy + PartialEq, V: Copy> Keymap<M, V> {
    /// This keymap with the rows of a file merged over it; `file` is used in the faults only. In its modes, a row
    /// replaces the row with the same key; a row with a new key is added at the end.
    ///
    /// # Errors
    /// Every fault at once; then no row of the file applies.
    pub fn merged(&self, file: &str, text: &str, words: &Vocabulary<M, V>) -> Result<Keymap<M, V>, Vec<Fault>> {
        let rows = yaml::check(file, text, |reader, root| rows(reader, root, words))?;
        let mut keymap = self.clone();
        for row in rows {
            keymap.put(row);
        }
        Ok(keymap)
    }

    fn put(&mut self, row: RowRead<M, V>) {
        let RowRead { modes, key, action, bar, repeats } = row;
        let mut place = None;
        for (at, old) in self.rows.iter_mut().enumerate().filter(|(_, old)| old.key == key) {
            let before = old.modes.len();
            old.modes.retain(|mode| !modes.contains(mode));
            if old.modes.len() < before {
                place = place.or(Some(at));
            }
        }
        if let Some(action) = action {
            let place = place.unwrap_or(self.rows.len());
            self.rows.insert(place, Row { modes, key, action, bar, repeats });
        }
        self.rows.retain(|row| !row.modes.is_empty());
    }
}

fn rows<M: Copy + PartialEq, V: Copy>(
    reader: &mut YamlReader<'_>,
    root: &YamlField<'_>,
    words: &Vocabulary<M, V>,
) -> Option<Vec<RowRead<M, V>>> {
    if !root.is_given() {
        return Some(Vec::new());
    }
    let map = reader.mapping(root, &["keys"])?;
    let mut rows: Vec<RowRead<M, V>> = Vec::new();
    for item in reader.items(&map.field("keys")) {
        let Some(row) = row(reader, &item, words) else { continue };
        for (word, mode) in &words.modes {
            let has = |row: &RowRead<M, V>| row.modes.contains(mode);
            if has(&row) && rows.iter().any(|other| other.key == row.key && has(other)) {
                reader.fault(&item, format!("'{}' is mapped more than once in {word} mode, allowed once", row.key));
            }
        }
        rows.push(row);
    }
    Some(rows)
}

fn row<M: Copy + PartialEq, V: Copy>(
    reader: &mut YamlReader<'_>,
    item: &YamlField<'_>,
    words: &Vocabulary<M, V>,
) -> Option<RowRead<M, V>> {
    let map = reader.mapping(item, &["key", "in", "do", "answer", "bar", "repeats"])?;
    let key = reader.needed(&map, "key", key);
    let modes = reader.needed(&map, "in", |reader, field| modes(reader, field, words));
    let action = reader.needed(&map, "do", |reader, field| action(reader, field, words));
    let answer = map.field("answer");
    let asks = reader.flag(&answer);
    if let (Some(_), Some(Some(Action::View(_)) | None)) = (asks, &action) {
        reader.fault(&answer, "is only for commands: actions have no answer".to_owned());
    }
    let action = action.map(|action| match action {
        Some(Action::Command(command)) if asks == Some(true) => Some(Action::Ask(command)),
        action => action,
    });
    let bar = bar(reader, &map.field("bar"));
    let repeats = reader.flag(&map.field("repeats")).unwrap_or(false);
    let (key, modes, action) = (key?, modes?, action?);
    let kept = |(word, mode): &(&str, M)| {
        let why =
            key.char().filter(|_| action.is_some() && modes.contains(mode)).and_then(|c| (words.keeps)(*mode, c))?;
        Some(format!("'{key}' {why} in {word} mode, so it cannot be mapped there"))
    };
    if let Some(message) = words.modes.iter().find_map(kept) {
        reader.fault(&map.field("key"), message);
    }
    Some(RowRead { modes, key, action, bar, repeats })
}

fn key(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<Key> {
    match reader.plain(field)?.parse() {
        Ok(key) => Some(key),
        Err(error) => {
            reader.fault(field, error.to_string());
            None
        }
    }
}

fn modes<M: Copy + PartialEq, V>(
    reader: &mut YamlReader<'_>,
    field: &YamlField<'_>,
    words: &Vocabulary<M, V>,
) -> Option<Vec<M>> {
    let text = reader.text(field, LINE_CHARS_MAX)?;
    let names = || words.modes.iter().map(|(word, _)| *word).chain([ANY]);
    let mut modes = Vec::new();
    for asked in text.split_whitespace() {
        match words.modes.iter().find(|(word, _)| *word == asked) {
            Some((_, mode)) => modes.push(*mode),
            None if asked == ANY => modes.extend(words.modes.iter().map(|(_, mode)| *mode)),
            None => {
                let allowed = list(&names().collect::<Vec<_>>());
                reader.fault(field, format!("{}, allowed {allowed}", unknown("mode", asked, names())));
            }
        }
    }
    let mut met = Vec::new();
    modes.retain(|mode| {
        let is_new = !met.contains(mode);
        met.push(*mode);
        is_new
    });
    Some(modes)
}

/// The action of a row; inner `None` if it removes a key.
fn action<M, V: Copy>(
    reader: &mut YamlReader<'_>,
    field: &YamlField<'_>,
    words: &Vocabulary<M, V>,
) -> Option<Option<Action<V>>> {
    let line = reader.text(field, LINE_CHARS_MAX)?;
    if line == NOTHING {
        return Some(None);
    }
    if let Some((_, view)) = words.views.iter().find(|(name, _)| *name == line) {
        return Some(Some(Action::View(*view)));
    }
    let name = line.split_whitespace().next().unwrap_or_default();
    if !COMMANDS.iter().any(|row| row.name == name) {
        let names = words.views.iter().map(|(name, _)| *name).chain(COMMANDS.iter().map(|row| row.name));
        let message = unknown("command or an action of the screen", name, names.chain([NOTHING]));
        reader.fault(field, format!("{message}, allowed the commands and actions that ? lists, or {NOTHING}"));
        return None;
    }
    match line.parse::<Command>() {
        Ok(command) => Some(Some(Action::Command(command))),
        Err(error) => {
            reader.fault(field, error.to_string());
            None
        }
    }
}

fn unknown<'n>(what: &str, asked: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    let meant = hints::nearest(asked, names).map(|name| format!(" (did you mean '{name}'?)")).unwrap_or_default();
    format!("'{}' is not a {what}{meant}", hints::shown(asked))
}

fn bar(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Vec<String> {
    if !field.is_list() {
        return reader.text(field, BAR_CHARS_MAX).into_iter().collect();
    }
    let items = reader.some_items(field).unwrap_or_default();
    if items.len() > BAR_WORDS_MAX {
        reader.fault(field, format!("'{}' words, allowed {BAR_WORDS_MAX}: off and on", items.len()));
    }
    items.iter().filter_map(|item| reader.text(item, BAR_CHARS_MAX)).collect()
}
