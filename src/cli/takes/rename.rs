//! `busker takes rename`: renames a take.

use super::{super::Outcome, each, second_folder};
use crate::takes::{NamedTake, rename as renamed, shown};
use std::path::Path;

/// Renames it and prints its new name.
///
/// # Errors
/// No such take, one that is being recorded, an invalid name, or one that another file has; then nothing is changed.
pub(super) fn rename(file: &Path, name: &str) -> Outcome {
    let second = second_folder();
    let said = |path: &Path| {
        let take = NamedTake { path: path.to_owned(), second: second.clone() };
        let moved = renamed(&take, name)?;
        Ok(format!("{} is now {}{}", shown(path), shown(&moved.to), moved.besides))
    };
    each(&[file.to_owned()], "is not renamed", said)
}
