//! Stamps of profile files, to detect changes.

use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs::Metadata,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// The stamps of all profile files: a write, a new file, a removed one or a replaced one changes them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileStamps(pub(super) BTreeMap<PathBuf, Option<FileStamp>>);

impl FileStamps {
    /// Whether the stamp of a file differs.
    pub(super) fn differ(&self, other: &FileStamps, file: &Path) -> bool {
        self.0.get(file) != other.0.get(file)
    }
}

/// Values that change when a file is written or replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileStamp {
    device: u64,
    inode: u64,
    bytes: u64,
    /// Time of the last write, and of the last change of any kind; in s and ns since 1970.
    written: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    /// Time of the last change of any kind, in s since 1970.
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
