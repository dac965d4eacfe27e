//! `busker takes repair`: repairs headers, and prints the result.

use super::{
    super::{Failure, Outcome, complain, print},
    second_folder, there,
};
use crate::takes::{Reach, RepairReport, finish_moves, repair, repair_folder, shown, why_beyond};
use std::{
    io,
    path::{Path, PathBuf},
};

/// Repairs the given files, and prints the result of each.
///
/// # Errors
/// A file that cannot be read, written or repaired; the others are done. Or the output cannot be written.
pub(super) fn named(files: &[PathBuf], is_dry: bool) -> Outcome {
    let mut failed = 0;
    for path in files {
        failed += usize::from(!said(path, &repair(path, Reach::Named, is_dry), Reach::Named, is_dry)?);
    }
    match failed {
        0 => Ok(()),
        _ => Err(Failure::asked(format!("{failed} of {} files cannot be repaired", files.len()))),
    }
}

/// Repairs the files of the folder that need it, and prints the results. The folder may be missing unless it was given.
///
/// # Errors
/// As [`named`], or a folder that cannot be read.
pub(super) fn folder(folder: &Path, is_named: bool, is_dry: bool) -> Outcome {
    let second = second_folder();
    for folder in [folder].into_iter().chain(second.as_deref()).filter(|_| !is_dry) {
        match finish_moves(folder) {
            Ok(0) => {}
            Ok(count) => print(&format!("{}: an interrupted move was completed, {count} files", shown(folder)))?,
            Err(error) => complain(&format!("{}: an interrupted move could not be completed: {error}", shown(folder))),
        }
    }
    let outcomes = there(folder, is_named, repair_folder(folder, is_dry))?;
    let mut failed = 0;
    for (path, repaired) in &outcomes {
        failed += usize::from(!said(path, repaired, Reach::Folder, is_dry)?);
    }
    match failed {
        0 if outcomes.iter().all(|(_, repaired)| matches!(repaired, Ok(RepairReport::Sound))) => {
            print(&format!("nothing in {} needs repair", shown(folder)))
        }
        0 => Ok(()),
        _ => Err(Failure::other(format!("{failed} of {} files cannot be repaired", outcomes.len()))),
    }
}

/// False if the repair failed.
fn said(path: &Path, repaired: &io::Result<RepairReport>, reach: Reach, is_dry: bool) -> Result<bool, Failure> {
    let name = shown(path);
    match repaired {
        Ok(RepairReport::Sound) if reach == Reach::Folder => {}
        Ok(RepairReport::Sound) => print(&format!("{name}: intact, nothing to repair"))?,
        Ok(RepairReport::Recording) => print(&format!("{name}: being recorded, unchanged until it ends"))?,
        Ok(RepairReport::Done(wav)) => print(&format!("{name}: {}", RepairReport::text(wav, is_dry)))?,
        Ok(RepairReport::Beyond(wav)) if wav.file_bytes == 0 => {
            print(&format!("{name}: empty, nothing was written to it; `busker takes remove` moves it to the trash"))?;
        }
        Ok(RepairReport::Beyond(wav)) => {
            complain(&format!("{name} cannot be repaired and is unchanged: {}", why_beyond(wav)));
            return Ok(false);
        }
        Err(error) => {
            complain(&format!("{name} cannot be repaired: {error}"));
            return Ok(false);
        }
    }
    Ok(true)
}
