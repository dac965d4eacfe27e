//! `busker takes remove`: moves takes to the trash, and empties the trash.

use super::{
    super::{Failure, Outcome, print},
    each, second_folder,
};
use crate::takes::{NamedTake, TRASH_KEEPS_ROOM, remove as removed, shown, trash_files};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Moves takes to the trash in their folder.
///
/// # Errors
/// No such take, one that is being recorded, a folder that cannot be written; the others are done.
pub(super) fn remove(files: &[PathBuf]) -> Outcome {
    let second = second_folder();
    let said = |path: &Path| {
        let moved = removed(&NamedTake { path: path.to_owned(), second: second.clone() })?;
        Ok(format!("{} is in the trash: {}{}; {TRASH_KEEPS_ROOM}", shown(path), shown(&moved.to), moved.besides))
    };
    each(files, "is not removed", said)
}

/// Deletes the files in the trash of a folder, and in that of the second one if no folder was given; without `is_sure`
/// it only prints what it would delete.
///
/// # Errors
/// `is_sure` is false, or an error of the disk.
pub(super) fn empty_trash(folder: &Path, is_named: bool, is_sure: bool) -> Outcome {
    let second = second_folder().filter(|second| !is_named && trash_files(second).is_ok_and(|files| !files.is_empty()));
    let of_first = empty_one(folder, is_sure);
    second.map_or(Ok(()), |second| empty_one(&second, is_sure)).and(of_first)
}

fn empty_one(folder: &Path, is_sure: bool) -> Outcome {
    let files = trash_files(folder)
        .map_err(|error| Failure::asked(format!("the trash of {} cannot be read: {error}", shown(folder))))?;
    let megabytes = files.iter().map(|(_, bytes)| *bytes).sum::<u64>() as f64 / 1e6;
    let plural = if files.len() == 1 { "file" } else { "files" };
    let what = format!("{} {plural}, {megabytes:.1} MB", files.len());
    if files.is_empty() {
        return print(&format!("the trash of {} is empty", shown(folder)));
    }
    if !is_sure {
        let text = format!("{what} in the trash of {}: add --yes to delete them permanently", shown(folder));
        return Err(Failure::asked(text));
    }
    for (path, _) in &files {
        fs::remove_file(path).map_err(|error| Failure::other(format!("{} stays: {error}", shown(path))))?;
    }
    print(&format!("deleted from the trash of {}: {what}", shown(folder)))
}
