//! The keymap: rows read from YAML, from which the screen, the key bar and the help screen are made. Pure data.
//!
//! A row gives the modes, the key, the action, the words in the key bar, and whether the action repeats while the key
//! is held. Modes and actions are the screen's own (`M` and `V`); the [`Vocabulary`] gives their names in a file. The
//! built-in rows are `keymaps/default.yaml`, and a user's file is merged over them.

pub mod key;
pub mod notes;
mod read;

#[cfg(test)]
mod tests;

use crate::command::Command;
pub use key::{Code, Key, Phase, Stroke};
pub use read::Vocabulary;

/// The action of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<V> {
    /// A command; only an error is shown.
    Command(Command),
    /// A command; its answer is shown.
    Ask(Command),
    /// An action of the screen.
    View(V),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<M, V> {
    /// The modes it applies to.
    pub modes: Vec<M>,
    /// The key.
    pub key: Key,
    /// The action.
    pub action: Action<V>,
    /// The words in the key bar; empty if the key bar does not show the row. Of two, the second is shown while the
    /// thing is on. Neighbours with the same words share one place.
    pub bar: Vec<String>,
    /// Whether the action repeats while the key is held. It must not for `record.start`: a held key does not start and
    /// stop a take again and again.
    pub repeats: bool,
}

/// All rows; the key bar shows them in this order, as far as they fit. In each mode a key has one row at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Keymap<M, V> {
    rows: Vec<Row<M, V>>,
}

impl<M, V> Default for Keymap<M, V> {
    /// No keys.
    fn default() -> Self {
        Keymap { rows: Vec::new() }
    }
}

impl<M: PartialEq, V> Keymap<M, V> {
    /// All rows, in order.
    pub fn rows(&self) -> &[Row<M, V>] {
        &self.rows
    }

    /// The rows of a mode, in order.
    pub fn rows_in(&self, mode: M) -> impl Iterator<Item = &Row<M, V>> {
        self.rows.iter().filter(move |row| row.modes.contains(&mode))
    }

    /// The row of a key in a mode; a capital letter without a row means the small one, so that caps lock disables no
    /// command.
    pub fn row_of(&self, mode: M, key: Key) -> Option<&Row<M, V>> {
        let exact = |key: Key| self.rows.iter().find(|row| row.key == key && row.modes.contains(&mode));
        exact(key).or_else(|| exact(key.lower()))
    }
}
