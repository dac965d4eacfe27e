//! `busker logs`: where the log is.

use super::{Outcome, print};
use crate::config::Folders;

/// Prints the log file's path.
///
/// # Errors
/// Where the output cannot be written.
pub fn say() -> Outcome {
    print(&Folders::of_user().log_file().display().to_string())
}
