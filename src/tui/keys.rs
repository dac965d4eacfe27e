//! The keymap of this screen: the names of its modes and actions, and the built-in rows.

use super::panels::{Mode, View};
use crate::{
    keymap::{self, Vocabulary},
    yaml::Fault,
};
use std::sync::{Arc, LazyLock};

/// The keymap of the screen.
pub type ScreenKeymap = keymap::Keymap<Mode, View>;
/// A row of the keymap.
pub type KeyRow = keymap::Row<Mode, View>;
/// The action of a key.
pub type ScreenAction = keymap::Action<View>;

/// The built-in keymap file, compiled in: name and text.
const BUILT_IN: (&str, &str) = ("keymaps/default.yaml", include_str!("../../keymaps/default.yaml"));

/// It is a file like any other; a test checks that it can be read.
static KEYMAP: LazyLock<Arc<ScreenKeymap>> = LazyLock::new(|| {
    Arc::new(ScreenKeymap::default().merged(BUILT_IN.0, BUILT_IN.1, &vocabulary()).unwrap_or_default())
});

/// The built-in keymap.
pub fn built_in() -> Arc<ScreenKeymap> {
    Arc::clone(&KEYMAP)
}

/// The built-in keymap with a user's file merged over it; `file` is used in the faults only.
///
/// # Errors
/// Every fault at once.
pub fn merged(file: &str, text: &str) -> Result<ScreenKeymap, Vec<Fault>> {
    KEYMAP.merged(file, text, &vocabulary())
}

fn vocabulary() -> Vocabulary<Mode, View> {
    Vocabulary {
        modes: Mode::all().into_iter().map(|mode| (mode.word(), mode)).collect(),
        views: View::all().map(|view| (view.name(), view)).collect(),
        keeps: Mode::keeps,
    }
}

#[cfg(test)]
mod tests;
