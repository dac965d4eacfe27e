//! `busker takes rename`: another name for a take.

use super::{super::Outcome, each};
use crate::takes::{rename as renamed, shown};
use std::path::Path;

/// Renames it and says what it is called now.
///
/// # Errors
/// No such take, one that is being recorded, a name that is none or that another file has; nothing is changed then.
pub(super) fn rename(file: &Path, name: &str) -> Outcome {
    let said = |path: &Path| Ok(format!("{} is now {}", shown(path), shown(&renamed(path, name)?)));
    each(&[file.to_owned()], "is not renamed", said)
}
