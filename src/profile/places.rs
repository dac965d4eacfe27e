//! Paths of the user's own profiles, and the result of reading them: at the start, or again after an edit.
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

/// Paths of the user's own profiles. Each may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The folder of profiles.
    pub folder: Option<PathBuf>,
    /// The settings file, which may hold short profiles.
    pub settings: Option<PathBuf>,
    /// The cache file for the next start; without one, each start reads every profile.
    pub known: Option<PathBuf>,
}

impl Places {
    /// The folder's profile files in order of their names, each with its stamp; empty without a folder.
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
            // Only plain files, also behind links: opening a FIFO would wait for its writer. Files whose metadata
            // cannot be read are kept, so that reading them reports why.
            match std::fs::metadata(&path) {
                Ok(data) if !data.is_file() => {}
                data => drop(files.insert(path, data.ok().as_ref().map(FileStamp::of))),
            }
        }
        Ok(files)
    }

    /// The stamps of the files.
    pub fn look(&self) -> FileStamps {
        let mut marks =
            self.files().unwrap_or_else(|_| self.folder.iter().map(|folder| (folder.clone(), None)).collect());
        let settings = self.settings.iter().filter_map(|file| Some((file, std::fs::metadata(file).ok()?)));
        marks.extend(settings.map(|(file, data)| (file.clone(), Some(FileStamp::of(&data)))));
        FileStamps(marks)
    }
}

/// The result of reading all profiles.
#[derive(Clone, Debug)]
pub struct ProfileScan {
    /// The valid profiles.
    pub library: Library,
    /// The faults of the others.
    pub faults: Vec<Fault>,
    places: Places,
    /// The stamps before reading: a write during the reading is noticed later.
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

    /// Reads all profiles again, given the stamps of their files: a profile with faults stays as it was read last.
    /// Blocks on the disk.
    pub fn again(&self, marks: FileStamps) -> ProfileScan {
        let (library, faults, known) = Library::read(&self.places, Some(&self.library), &self.known);
        ProfileScan { library, faults, places: self.places.clone(), marks, known }
    }

    /// The paths.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The stamps of the files before they were read.
    pub fn marks(&self) -> &FileStamps {
        &self.marks
    }

    /// The faults to report after the scan `before`: those of files that were edited since, and new ones.
    pub fn new_faults(&self, before: &ProfileScan) -> Vec<Fault> {
        let is_new =
            |fault: &&Fault| self.marks.differ(&before.marks, Path::new(&fault.file)) || !before.faults.contains(fault);
        self.faults.iter().filter(is_new).cloned().collect()
    }

    /// The files that had faults in the scan `before`, still exist, and have none now.
    pub fn mended(&self, before: &ProfileScan) -> Vec<String> {
        let has_none = |file: &&String| !self.faults.iter().any(|fault| fault.file == **file);
        let is_there = |file: &&String| self.marks.0.contains_key(Path::new(file));
        let files = before.faults.iter().map(|fault| &fault.file).collect::<BTreeSet<_>>();
        files.into_iter().filter(has_none).filter(is_there).cloned().collect()
    }
}
