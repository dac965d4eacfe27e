//! `busker profiles check`: checks profile files.

use super::{
    super::{Failure, Outcome, print},
    tell,
};
use crate::{profile::Profile, yaml};
use std::path::PathBuf;

/// Prints for each file that it is valid, or all its faults.
///
/// # Errors
/// A file with faults; or the output cannot be written.
pub(super) fn check(files: &[PathBuf]) -> Outcome {
    let mut faulty = 0;
    for path in files {
        let file = path.display().to_string();
        let checked =
            yaml::read_named(path).map_err(|fault| vec![fault]).and_then(|text| Profile::from_yaml(&file, &text));
        match checked {
            Ok(_) => print(&format!("{file}: sound"))?,
            Err(faults) => {
                tell(&faults);
                faulty += 1;
            }
        }
    }
    match faulty {
        0 => Ok(()),
        _ => Err(Failure::asked(format!("{faulty} of {} files cannot be used", files.len()))),
    }
}
