//! Which key does what: rows read from YAML, from which the screen, the key bar and the help screen are made. Pure data.
//!
//! A row says in which modes, which key, what it does, in a word or two what the key bar calls it, and whether it goes
//! on while the key is held. Modes and actions are the screen's own (`M` and `V`); the [`Vocabulary`] says how a file
//! names them. The built-in rows are `keymaps/default.yaml`, and a user's file is merged over them.

pub mod key;
pub mod notes;
mod read;

#[cfg(test)]
mod tests;

use crate::command::Command;
pub use key::{Code, Key, Phase, Stroke};
pub use read::Vocabulary;

/// What a key does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<V> {
    /// A command; only a refusal is shown.
    Command(Command),
    /// A command whose answer is shown.
    Ask(Command),
    /// Something that needs the screen.
    View(V),
}

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row<M, V> {
    /// Where it holds.
    pub modes: Vec<M>,
    /// The key.
    pub key: Key,
    /// What it does.
    pub action: Action<V>,
    /// What the key bar calls it: nothing where it is not shown there; where there are two, the second stands while
    /// the thing is on. Neighbours with the same words share one place.
    pub bar: Vec<String>,
    /// Whether it is done again and again while the key is held. A key that is held does not start and stop a take
    /// again and again.
    pub repeats: bool,
}

/// All rows; the key bar shows them in this order, as far as they fit. In one mode a key has one row at most.
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

    /// The rows that hold in a mode, in order.
    pub fn rows_in(&self, mode: M) -> impl Iterator<Item = &Row<M, V>> {
        self.rows.iter().filter(move |row| row.modes.contains(&mode))
    }

    /// The row of a key in a mode; a capital letter without a meaning of its own means the small one, so that caps lock
    /// takes no command away.
    pub fn row_of(&self, mode: M, key: Key) -> Option<&Row<M, V>> {
        let exact = |key: Key| self.rows.iter().find(|row| row.key == key && row.modes.contains(&mode));
        exact(key).or_else(|| exact(key.lower()))
    }
}
