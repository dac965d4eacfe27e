//! `busker logs`: the path of the log.

use super::{Outcome, print};
use crate::config::Folders;

/// Prints the log file's path.
///
/// # Errors
/// The output cannot be written.
pub fn say() -> Outcome {
    print(&Folders::of_user().log_file().display().to_string())
}
