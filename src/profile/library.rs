//! All profiles at hand: the built-in ones, and those of the user's folder, which win.

use std::{
    collections::BTreeMap,
    io,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
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

/// So few files are not worth a thread of their own.
const SHARE_MIN: usize = 16;

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
        for (path, read) in read_all(&files) {
            let file = path.display().to_string();
            match read {
                Ok(profile) => match library.files.get(&profile.id) {
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
                Err(mut found) => faults.append(&mut found),
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

/// A file, and what came of it.
type Read<'p> = (&'p Path, Result<Profile, Vec<Fault>>);

/// Reads and checks files, in their order. Every core takes its share: each start waits for it, and YAML is slow to parse.
fn read_all(files: &[PathBuf]) -> Vec<Read<'_>> {
    let read = |path: &PathBuf| {
        yaml::read(path)
            .map_err(|fault| vec![fault])
            .and_then(|text| Profile::from_yaml(&path.display().to_string(), &text))
    };
    let read_share = |share: &[PathBuf]| share.iter().map(read).collect::<Vec<_>>();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let size = files.len().div_ceil(cores).max(SHARE_MIN);
    let found: Vec<Result<Profile, Vec<Fault>>> = thread::scope(|scope| {
        let shares = files.chunks(size).map(|share| {
            let spawned = thread::Builder::new().spawn_scoped(scope, move || read_share(share));
            (share, spawned)
        });
        let shares: Vec<_> = shares.collect();
        let joined = shares.into_iter().flat_map(|(share, spawned)| match spawned.map(|thread| thread.join()) {
            Ok(Ok(found)) => found,
            Ok(Err(panic)) => resume_unwind(panic),
            // No more threads are to be had.
            Err(_) => read_share(share),
        });
        joined.collect()
    });
    files.iter().map(PathBuf::as_path).zip(found).collect()
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
