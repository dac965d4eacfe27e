//! `busker takes trim`: makes a new take from a part of one.

use super::{super::Outcome, each, work::Work};
use crate::takes::{Reach, Take, shown, trim as trimmed};
use std::path::Path;

/// Makes the new take and prints its name.
///
/// # Errors
/// A take that cannot be used, times outside it, a folder that cannot be written, a signal; then no file is left.
pub(super) fn trim(file: &Path, from_s: Option<f64>, to_s: Option<f64>, name: Option<&str>) -> Outcome {
    let mut work = Work::begin()?;
    each(&[file.to_owned()], "is not trimmed", |path| {
        let take = Take::open_whole(path, Reach::Named)?;
        work.piece(format!("trimming {}", shown(path)));
        let made = trimmed(&take, from_s, to_s, name, &mut |done| work.progress(done));
        work.clear();
        let made = made?;
        let seconds = Take::open(&made, Reach::Folder).ok().and_then(|take| take.wav.seconds()).unwrap_or_default();
        Ok(format!("{}: {seconds:.3} s of {}", shown(&made), shown(path)))
    })
}
