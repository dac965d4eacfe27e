//! The keymap of this screen: what its keys may do, and the rows that are built in.

use super::panels::{Mode, View};
use crate::{
    keymap::{self, Vocabulary},
    yaml::Fault,
};
use std::sync::{Arc, LazyLock};

/// Every key of the screen.
pub type ScreenKeymap = keymap::Keymap<Mode, View>;
/// A key of the screen.
pub type KeyRow = keymap::Row<Mode, View>;
/// What a key of the screen does.
pub type ScreenAction = keymap::Action<View>;

/// The built-in rows, compiled in: their file and its text.
const BUILT_IN: (&str, &str) = ("keymaps/default.yaml", include_str!("../../keymaps/default.yaml"));

/// They are a file like any other; a test vouches that it can be read.
static KEYMAP: LazyLock<Arc<ScreenKeymap>> = LazyLock::new(|| {
    Arc::new(ScreenKeymap::default().merged(BUILT_IN.0, BUILT_IN.1, &vocabulary()).unwrap_or_default())
});

/// The keys where nobody changed any.
pub fn built_in() -> Arc<ScreenKeymap> {
    Arc::clone(&KEYMAP)
}

/// The built-in keys with a file of one's own over them; `file` is only named in the faults.
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
