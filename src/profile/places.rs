//! Where a musician's own profiles are written, and what came of reading them: once, or again after an edit.
//!
//! Blocks on the disk; never on the control thread.

use super::{
    Library,
    file_stamps::{FileStamp, FileStamps},
    known::KnownProfiles,
};
use crate::yaml::Fault;
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
};

/// Where a musician's own profiles are written. Nothing of it need exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The folder of profiles.
    pub folder: Option<PathBuf>,
    /// The settings, which may hold profiles in short.
    pub settings: Option<PathBuf>,
    /// The file that keeps what was read for the next start; none, and each start reads everything.
    pub known: Option<PathBuf>,
}

impl Places {
    /// The folder's profiles in order of their names, and how each stands; none where there is no folder.
    pub(super) fn files(&self) -> io::Result<BTreeMap<PathBuf, Option<FileStamp>>> {
        let entries = match self.folder.as_ref().map(std::fs::read_dir) {
            None => return Ok(BTreeMap::new()),
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Some(entries) => entries?,
        };
        let mut files = BTreeMap::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != "yaml" && extension != "yml") {
                continue;
            }
            // Only plain files, also behind links: opening a FIFO would wait for its writer. What cannot be looked at
            // is kept, so that reading it says why.
            match std::fs::metadata(&path) {
                Ok(data) if !data.is_file() => {}
                data => drop(files.insert(path, data.ok().as_ref().map(FileStamp::of))),
            }
        }
        Ok(files)
    }

    /// How the files stand.
    pub fn look(&self) -> FileStamps {
        let mut marks =
            self.files().unwrap_or_else(|_| self.folder.iter().map(|folder| (folder.clone(), None)).collect());
        let settings = self.settings.iter().filter_map(|file| Some((file, std::fs::metadata(file).ok()?)));
        marks.extend(settings.map(|(file, data)| (file.clone(), Some(FileStamp::of(&data)))));
        FileStamps(marks)
    }
}

/// What came of reading all profiles.
#[derive(Clone, Debug)]
pub struct ProfileScan {
    /// The sound ones.
    pub library: Library,
    /// What is wrong with the others.
    pub faults: Vec<Fault>,
    places: Places,
    /// How the files stood before they were read: what was written meanwhile is news.
    marks: FileStamps,
    known: KnownProfiles,
}

impl ProfileScan {
    /// Reads all profiles for the first time. Blocks on the disk.
    pub fn first(places: Places) -> ProfileScan {
        let marks = places.look();
        let kept = places.known.as_deref().map(KnownProfiles::load).unwrap_or_default();
        let (library, faults, known) = Library::read(&places, None, &kept);
        if let Some(file) = places.known.as_ref().filter(|_| !known.is_of_the_files_of(&kept)) {
            known.save(file);
        }
        ProfileScan { library, faults, places, marks, known }
    }

    /// Reads all profiles again, whose files stand like this: what has faults now stays as it was read last. Blocks on
    /// the disk.
    pub fn again(&self, marks: FileStamps) -> ProfileScan {
        let (library, faults, known) = Library::read(&self.places, Some(&self.library), &self.known);
        ProfileScan { library, faults, places: self.places.clone(), marks, known }
    }

    /// Where it was read from.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// How the files stood when they were read.
    pub fn marks(&self) -> &FileStamps {
        &self.marks
    }

    /// The faults worth telling after the reading `before`: those of files that were edited since, and new ones.
    pub fn new_faults(&self, before: &ProfileScan) -> Vec<Fault> {
        let is_new =
            |fault: &&Fault| self.marks.differ(&before.marks, Path::new(&fault.file)) || !before.faults.contains(fault);
        self.faults.iter().filter(is_new).cloned().collect()
    }

    /// The files that had faults in the reading `before`, are still there, and have none now.
    pub fn mended(&self, before: &ProfileScan) -> Vec<String> {
        let has_none = |file: &&String| !self.faults.iter().any(|fault| fault.file == **file);
        let is_there = |file: &&String| self.marks.0.contains_key(Path::new(file));
        let files = before.faults.iter().map(|fault| &fault.file).collect::<BTreeSet<_>>();
        files.into_iter().filter(has_none).filter(is_there).cloned().collect()
    }
}
