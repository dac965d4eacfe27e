//! How the files of profiles stand, so that a write to one is noticed.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// How files stand: any write to one of them, and any that comes, goes or is put in another's place, changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileStamps(pub(super) BTreeMap<PathBuf, Option<FileStamp>>);

impl FileStamps {
    /// Whether a file stands otherwise here than there.
    pub(super) fn differ(&self, other: &FileStamps, file: &Path) -> bool {
        self.0.get(file) != other.0.get(file)
    }
}

/// What a write to a file, or another file in its place, changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Of the last write, and of the last change of any kind; in s and ns since 1970.
    written: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// When anything of the file was changed last, in s since 1970.
    pub(super) fn changed_s(&self) -> i64 {
        self.changed.0
    }

    pub(super) fn of(data: &Metadata) -> FileStamp {
        FileStamp {
            device: data.dev(),
            inode: data.ino(),
            bytes: data.len(),
            written: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        }
    }
}
