//! New files that are there whole or not at all, and moves that take nobody's place.

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
};
use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::{Builder, NamedTempFile};

/// Names tried before giving up: `jam.wav`, `jam-2.wav`, …
const NAMES: u32 = 10_000;
/// What anybody may do with a new file, less what the user's mask forbids.
const MODE: u32 = 0o666;

/// A file that is being made, under a hidden name beside the one it is to have. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Fresh {
    file: NamedTempFile,
    wanted: PathBuf,
}

impl Fresh {
    /// Begins it.
    pub(super) fn beside(wanted: &Path) -> io::Result<Fresh> {
        let mut builder = Builder::new();
        builder.prefix(".busker-").suffix(".part").permissions(Permissions::from_mode(MODE));
        Ok(Fresh { file: builder.tempfile_in(folder_of(wanted))?, wanted: wanted.to_owned() })
    }

    /// Where to write to.
    pub(super) fn file(&self) -> &File {
        self.file.as_file()
    }

    /// Gives it its name, or the first of `name-2`, `name-3`, … that is free, and brings it to the disk.
    pub(super) fn keep(self) -> io::Result<PathBuf> {
        let Fresh { mut file, wanted } = self;
        file.as_file().sync_all()?;
        for path in names(&wanted) {
            match file.persist_noclobber(&path) {
                Ok(_) => {
                    File::open(folder_of(&path))?.sync_all()?;
                    return Ok(path);
                }
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => file = refused.file,
                Err(refused) => return Err(refused.error),
            }
        }
        Err(too_many())
    }
}

/// The names that a file may get.
pub(super) fn names(wanted: &Path) -> impl Iterator<Item = PathBuf> {
    (1..=NAMES).map(|number| match number {
        1 => wanted.to_owned(),
        number => {
            let mut name = wanted.file_stem().unwrap_or_default().to_owned();
            name.push(format!("-{number}"));
            if let Some(extension) = wanted.extension() {
                name.push(".");
                name.push(extension);
            }
            wanted.with_file_name(name)
        }
    })
}

pub(super) fn too_many() -> io::Error {
    io::Error::new(io::ErrorKind::AlreadyExists, "too many files of this name")
}

/// Gives a file another name that nobody has.
pub(super) fn move_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Not every file system knows it; a second name is refused by all that have it where it is taken.
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
