//! Writes new files that appear complete or not at all, and moves files without replacing others.

use super::folder::{Reach, is_held, open};
use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tempfile::{Builder, NamedTempFile, PersistError};

/// Maximum names that are tried: `jam.wav`, `jam-2.wav`, …
const NAMES: u32 = 10_000;
/// The beginning and end of hidden names.
const HIDDEN: (&str, &str) = (".busker-", ".part");
/// Age from which an unlocked hidden file is removed: a new file may not be locked yet.
const LEFT_AFTER: Duration = Duration::from_secs(10);
/// Permissions of a new file, before the user's umask.
const MODE: u32 = 0o666;

/// A file under construction, under a hidden name beside its final one. Dropping it deletes the file; if the program is
/// killed, [`sweep`] deletes it later.
#[derive(Debug)]
pub(crate) struct Fresh {
    file: NamedTempFile,
    wanted: PathBuf,
}

impl Fresh {
    /// Creates it, locked: the repair of takes ignores locked files.
    pub(crate) fn beside(wanted: &Path) -> io::Result<Fresh> {
        let mut builder = Builder::new();
        builder.prefix(HIDDEN.0).suffix(HIDDEN.1).permissions(Permissions::from_mode(MODE));
        let file = builder.tempfile_in(folder_of(wanted))?;
        // On a disk without locks, writing is still possible.
        let _ = file.as_file().try_lock();
        Ok(Fresh { file, wanted: wanted.to_owned() })
    }

    /// The file to write to.
    pub(crate) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Gives it its final name, or the first of `name-2`, `name-3`, … that is free, and syncs it to the disk.
    pub(crate) fn keep(self) -> io::Result<PathBuf> {
        let Fresh { mut file, wanted } = self;
        file.as_file().sync_all()?;
        for path in names(&wanted) {
            match name_new(file, &path) {
                Ok(named) => {
                    // Closing is not enough: a process that is starting keeps the lock until its program runs.
                    let _ = named.unlock();
                    File::open(folder_of(&path))?.sync_all()?;
                    return Ok(path);
                }
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => file = refused.file,
                Err(refused) => return Err(refused.error),
            }
        }
        Err(too_many())
    }

    /// Gives it its final name, which must be free, and syncs its contents to the disk; it stays open and locked if it
    /// was opened once more.
    pub(crate) fn keep_named(self) -> io::Result<()> {
        let Fresh { file, wanted } = self;
        file.as_file().sync_all()?;
        name_new(file, &wanted).map(drop).map_err(|refused| refused.error)
    }
}

/// Gives a hidden file a free name. On a disk with neither moves that replace nothing nor hard links, the name is
/// claimed first.
fn name_new(file: NamedTempFile, path: &Path) -> Result<File, PersistError> {
    match file.persist_noclobber(path) {
        Err(PersistError { error, file }) if !can_name(&error) => match File::create_new(path) {
            Ok(_) => file.persist(path),
            Err(error) => Err(PersistError { error, file }),
        },
        named => named,
    }
}

fn can_name(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    !matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported)
}

/// Deletes the hidden files that a killed program left in a folder; returns their number.
///
/// # Errors
/// The folder cannot be read.
pub fn sweep(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let is_hidden = name.to_str().is_some_and(|name| name.starts_with(HIDDEN.0) && name.ends_with(HIDDEN.1));
        if is_hidden && is_left(&entry.path()) && fs::remove_file(entry.path()).is_ok() {
            count += 1;
        }
    }
    Ok(count)
}

/// Whether a hidden file is no longer written to.
fn is_left(path: &Path) -> bool {
    let Ok(file) = open(path, Reach::Folder, false) else { return false };
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age >= LEFT_AFTER) && !is_held(file.try_lock())
}

/// The possible names of a file.
pub(super) fn names(wanted: &Path) -> impl Iterator<Item = PathBuf> {
    stems(wanted.file_stem().unwrap_or_default()).enumerate().map(|(number, mut name)| {
        if number == 0 {
            return wanted.to_owned();
        }
        if let Some(extension) = wanted.extension() {
            name.push(".");
            name.push(extension);
        }
        wanted.with_file_name(name)
    })
}

/// The possible names of a take: `jam`, `jam-2`, …
pub(super) fn stems(wanted: &OsStr) -> impl Iterator<Item = OsString> {
    (1..=NAMES).map(|number| {
        let mut name = wanted.to_owned();
        if number > 1 {
            name.push(format!("-{number}"));
        }
        name
    })
}

pub(super) fn too_many() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "too many files of this name")
}

/// Renames a file to a free name.
pub(super) fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system supports it; a hard link fails on all others if the name is taken.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        moved => Ok(moved?),
    }
}

pub(super) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::FileTimes;

    #[test]
    fn hidden_files_of_a_killed_program_are_deleted_and_those_being_written_stay() {
        let folder = tempfile::tempdir().unwrap();
        let old = FileTimes::new().set_modified(SystemTime::now() - 2 * LEFT_AFTER);
        let made = |name: &str| {
            let file = File::create(folder.path().join(name)).unwrap();
            file.set_times(old).unwrap();
            file
        };
        let left = made(".busker-left.part");
        let (theirs, take) = (made(".another.part"), made("jam.wav"));
        let held = made(".busker-held.part");
        held.try_lock().unwrap();
        drop((left, theirs, take));
        let fresh = Fresh::beside(&folder.path().join("new.wav")).unwrap();
        assert_eq!(sweep(folder.path()).unwrap(), 1);
        assert!(!folder.path().join(".busker-left.part").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
        fresh.keep_named().unwrap();
        assert!(folder.path().join("new.wav").exists());
    }
}
