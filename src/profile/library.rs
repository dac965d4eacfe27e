//! All profiles: the built-in ones, those of the settings, which override them, and those of the user's folder, which
//! override both.

use std::{
    collections::BTreeMap,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use super::{Places, Profile, file_stamps::FileStamp, known::KnownProfiles, short};
use crate::yaml::{self, Fault};

/// The default profile.
pub const DEFAULT_ID: &str = "korg_nts1_mk2";

/// The profile for a synth without one of its own.
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

/// Minimum files for one more thread.
const SHARE_MIN: usize = 16;

/// Profiles by id.
#[derive(Debug, Clone, PartialEq)]
pub struct Library {
    profiles: BTreeMap<String, Arc<Profile>>,
    /// The file of each profile of the user's folder or the settings, by id; the others are built in.
    files: BTreeMap<String, String>,
}

impl Library {
    /// Reads the built-in profiles and every `.yaml` and `.yml` of the user's folder; a profile of the user replaces
    /// the built-in one with its id. A file with faults is left out, the profile it would replace stays, and the faults
    /// of all files are returned together. A missing folder is no fault. Blocks on the disk.
    pub fn load(user_dir: Option<&Path>) -> (Self, Vec<Fault>) {
        let places = Places { folder: user_dir.map(Path::to_owned), ..Places::default() };
        let (library, faults, _) = Library::read(&places, None, &KnownProfiles::default());
        (library, faults)
    }

    /// As [`load`](Self::load), with the short profiles of the settings. Profiles of the library `before` stay where
    /// their file or entry has faults now. An unchanged profile shares memory with the one before. Cached files with
    /// the same stamp are not read again; the new cache is returned, too.
    pub(super) fn read(
        places: &Places,
        before: Option<&Library>,
        known: &KnownProfiles,
    ) -> (Self, Vec<Fault>, KnownProfiles) {
        let mut library = Self { profiles: BTreeMap::new(), files: BTreeMap::new() };
        let mut faults = Vec::new();
        for (file, text) in BUILT_IN {
            match Profile::from_yaml(file, text) {
                Ok(profile) => library.put(profile),
                Err(mut found) => faults.append(&mut found),
            }
        }
        let files = places.files().unwrap_or_else(|error| {
            let folder = places.folder.as_ref().map(|dir| dir.display().to_string()).unwrap_or_default();
            let message = format!("cannot be read: {error}");
            library.keep(before, |_, file| Path::new(file).parent() == places.folder.as_deref());
            faults.push(Fault { file: folder, line: None, path: String::new(), message });
            BTreeMap::new()
        });
        let mut now_known = KnownProfiles::default();
        for (path, mark, read) in read_all(&files, known) {
            let file = path.display().to_string();
            if let Ok(profile) = &read {
                now_known.put(path.to_owned(), mark, Arc::clone(profile));
            }
            match read {
                Ok(profile) => match library.files.get(&profile.id) {
                    None => {
                        library.files.insert(profile.id.clone(), file);
                        library.profiles.insert(profile.id.clone(), profile);
                    }
                    // With a second one, the choice would depend on the folder's order.
                    Some(first) => faults.push(Fault {
                        file,
                        line: None,
                        path: "id".to_owned(),
                        message: format!("'{}' is already the id of {first}", profile.id),
                    }),
                },
                Err(mut found) => {
                    library.keep(before, |_, of| of == file);
                    faults.append(&mut found);
                }
            }
        }
        if let Some(settings) = &places.settings {
            library.read_short(settings, before, &mut faults);
        }
        for (id, profile) in before.iter().flat_map(|before| &before.profiles) {
            if let Some(again) =
                library.profiles.get_mut(id).filter(|again| Arc::ptr_eq(again, profile) || *again == profile)
            {
                *again = Arc::clone(profile);
            }
        }
        (library, faults, now_known)
    }

    /// Adds the short profiles of the settings.
    fn read_short(&mut self, settings: &Path, before: Option<&Library>, faults: &mut Vec<Fault>) {
        if !settings.exists() {
            return;
        }
        let file = settings.display().to_string();
        let of_folder = &self.files;
        let taken = |id: &str| of_folder.get(id).map(String::as_str);
        match yaml::read(settings).map_err(|fault| vec![fault]).and_then(|text| short::check(&file, &text, taken)) {
            Ok(mut short) => {
                for profile in short.profiles {
                    self.files.insert(profile.id.clone(), file.clone());
                    self.put(profile);
                }
                self.keep(before, |id, of| of == file && short.faulty.iter().any(|faulty| faulty == id));
                faults.append(&mut short.faults);
            }
            Err(mut found) => {
                self.keep(before, |_, of| of == file);
                faults.append(&mut found);
            }
        }
    }

    /// Adds the profiles of a library for which `stays` of id and file is true, unless another file has their id now.
    fn keep(&mut self, before: Option<&Library>, stays: impl Fn(&str, &str) -> bool) {
        let Some(before) = before else { return };
        for (id, file) in before.files.iter().filter(|(id, file)| stays(id, file)) {
            if let Some(profile) = before.profiles.get(id)
                && !self.files.contains_key(id)
            {
                self.files.insert(id.clone(), file.clone());
                self.profiles.insert(id.clone(), Arc::clone(profile));
            }
        }
    }

    /// The profile with this id.
    pub fn get(&self, id: &str) -> Option<&Arc<Profile>> {
        self.profiles.get(id)
    }

    /// Every id, in alphabetical order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// The file of a profile of the user's folder or the settings; `None` for a built-in one.
    pub fn file_of(&self, id: &str) -> Option<&str> {
        self.files.get(id).map(String::as_str)
    }

    /// Whether any profile comes from this file.
    pub fn has_file(&self, file: &str) -> bool {
        self.files.values().any(|of| of == file)
    }

    #[cfg(test)]
    pub(crate) fn with(mut self, profile: Profile) -> Library {
        self.put(profile);
        self
    }

    fn put(&mut self, profile: Profile) {
        self.profiles.insert(profile.id.clone(), Arc::new(profile));
    }
}

/// A file, its stamp, and the result of reading it.
type Read<'p> = (&'p Path, Option<FileStamp>, Result<Arc<Profile>, Vec<Fault>>);

/// Takes cached profiles, and reads and checks the other files, in order.
fn read_all<'p>(files: &'p BTreeMap<PathBuf, Option<FileStamp>>, known: &KnownProfiles) -> Vec<Read<'p>> {
    let unknown: Vec<&Path> =
        files.iter().filter(|(path, mark)| known.get(path, **mark).is_none()).map(|(path, _)| &**path).collect();
    let mut read = read_new(&unknown).into_iter();
    let of = |(path, mark): (&'p PathBuf, &Option<FileStamp>)| {
        let profile = match known.get(path, *mark) {
            Some(profile) => Ok(Arc::clone(profile)),
            None => read.next().unwrap_or_else(|| Err(Vec::new())).map(Arc::new),
        };
        (&**path, *mark, profile)
    };
    files.iter().map(of).collect()
}

/// Reads and checks files, in order. Every core reads its share: YAML is slow to parse.
fn read_new(files: &[&Path]) -> Vec<Result<Profile, Vec<Fault>>> {
    let read = |path: &&Path| {
        yaml::read(path)
            .map_err(|fault| vec![fault])
            .and_then(|text| Profile::from_yaml(&path.display().to_string(), &text))
    };
    let read_share = |share: &[&Path]| share.iter().map(read).collect::<Vec<_>>();
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let size = files.len().div_ceil(cores).max(SHARE_MIN);
    thread::scope(|scope| {
        let shares = files.chunks(size).map(|share| {
            let spawned = thread::Builder::new().spawn_scoped(scope, move || read_share(share));
            (share, spawned)
        });
        let shares: Vec<_> = shares.collect();
        let joined = shares.into_iter().flat_map(|(share, spawned)| match spawned.map(|thread| thread.join()) {
            Ok(Ok(found)) => found,
            Ok(Err(panic)) => resume_unwind(panic),
            // The system has no more threads.
            Err(_) => read_share(share),
        });
        joined.collect()
    })
}
