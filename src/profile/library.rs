//! All profiles at hand: the built-in ones, and those of the user's folder, which win.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Profile;
use crate::yaml::{self, Fault};

/// The profile to start with when nothing else is asked for.
pub const DEFAULT_ID: &str = "korg_nts1_mk2";

/// The profile for a synth nobody has described.
pub const FALLBACK_ID: &str = "generic_analog";

/// The files of `profiles/`, compiled in.
const BUILT_IN: [(&str, &str); 6] = [
    ("profiles/fm_synth.yaml", include_str!("../../profiles/fm_synth.yaml")),
    ("profiles/generic_analog.yaml", include_str!("../../profiles/generic_analog.yaml")),
    ("profiles/korg_minilogue_xd.yaml", include_str!("../../profiles/korg_minilogue_xd.yaml")),
    ("profiles/korg_nts1.yaml", include_str!("../../profiles/korg_nts1.yaml")),
    ("profiles/korg_nts1_mk2.yaml", include_str!("../../profiles/korg_nts1_mk2.yaml")),
    ("profiles/korg_volca_fm.yaml", include_str!("../../profiles/korg_volca_fm.yaml")),
];

/// Profiles by id.
#[derive(Debug, Clone)]
pub struct Library {
    profiles: BTreeMap<String, Arc<Profile>>,
    /// The user's file a profile came from, by id; the others are built in.
    files: BTreeMap<String, String>,
}

impl Library {
    /// Reads the built-in profiles and every `.yaml` and `.yml` of the user's folder; one of the user's replaces the
    /// built-in one with its id. A file with faults is left out, whatever it would have replaced stays, and the faults
    /// of all files come back together. A folder that does not exist is no fault. Blocks on the disk.
    pub fn load(user_dir: Option<&Path>) -> (Self, Vec<Fault>) {
        let mut library = Self { profiles: BTreeMap::new(), files: BTreeMap::new() };
        let mut faults = Vec::new();
        for (file, text) in BUILT_IN {
            match Profile::from_yaml(file, text) {
                Ok(profile) => library.put(profile),
                Err(mut found) => faults.append(&mut found),
            }
        }
        let files = user_dir.map_or_else(|| Ok(Vec::new()), yaml_files);
        let files = files.unwrap_or_else(|error| {
            let folder = user_dir.map(|dir| dir.display().to_string()).unwrap_or_default();
            let message = format!("cannot be read: {error}");
            faults.push(Fault { file: folder, line: None, path: String::new(), message });
            Vec::new()
        });
        for path in files {
            let file = path.display().to_string();
            match yaml::read(&path).map(|text| Profile::from_yaml(&file, &text)) {
                Ok(Ok(profile)) => match library.files.get(&profile.id) {
                    None => {
                        library.files.insert(profile.id.clone(), file);
                        library.put(profile);
                    }
                    // A second one would make the choice depend on the folder's order.
                    Some(first) => faults.push(Fault {
                        file,
                        line: None,
                        path: "id".to_owned(),
                        message: format!("'{}' is already the id of {first}", profile.id),
                    }),
                },
                Ok(Err(mut found)) => faults.append(&mut found),
                Err(fault) => faults.push(fault),
            }
        }
        (library, faults)
    }

    /// The profile with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Profile>> {
        self.profiles.get(id)
    }

    /// Every id, in alphabetical order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The user's file a profile came from; none for a built-in one.
    pub fn file_of(&self, id: &str) -> Option<&str> {
        self.files.get(id).map(String::as_str)
    }

    fn put(&mut self, profile: Profile) {
        self.profiles.insert(profile.id.clone(), Arc::new(profile));
    }
}

/// The folder's profiles in order of their names; none where there is no folder.
fn yaml_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        // Only plain files, also behind links: opening a FIFO would wait for its writer. What cannot be looked at is
        // kept, so that reading it says why.
        if yaml && std::fs::metadata(&path).map_or(true, |data| data.is_file()) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
