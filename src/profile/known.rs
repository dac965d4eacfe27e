//! A cache of profiles, so that a start reads only files that changed: in memory from one scan to the next, and in one
//! file of the user's cache from one start to the next.
//!
//! An entry is valid for one path and one stamp of its file. Files with faults are not in the cache: they are read and
//! reported each time. Losing the cache costs time only.

use super::{Profile, file_stamps::FileStamp};
use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The version of the cache file's format; a file of another format, or of another version of the program, is ignored.
const FORM: &str = concat!(env!("CARGO_PKG_VERSION"), "/2");
/// Maximum size of the cache file, in bytes: some thousand profiles.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Age in s below which a file is not cached: it may be written again within the same tick of the file system's clock.
const FRESH_S: i64 = 2;

/// The cached profiles.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct KnownProfiles(BTreeMap<PathBuf, (FileStamp, Arc<Profile>)>);

#[derive(Deserialize)]
struct Kept {
    form: String,
    profiles: Vec<(PathBuf, FileStamp, Profile)>,
}

#[derive(Serialize)]
struct Keep<'k> {
    form: &'k str,
    profiles: Vec<(&'k str, &'k FileStamp, &'k Profile)>,
}

impl KnownProfiles {
    /// Reads the cache file; empty if it is missing or invalid. Blocks on the disk.
    pub(super) fn load(file: &Path) -> KnownProfiles {
        let read = || {
            let bytes = files::read_plain(file, FILE_BYTES_MAX).ok()?;
            serde_json::from_slice::<Kept>(&bytes).ok().filter(|kept| kept.form == FORM)
        };
        let profiles = read().map(|kept| kept.profiles).unwrap_or_default();
        KnownProfiles(profiles.into_iter().map(|(path, mark, profile)| (path, (mark, Arc::new(profile)))).collect())
    }

    /// Writes the cache for the next start, without files that were written just now. If it cannot be written, the next
    /// start reads every profile. Blocks on the disk.
    pub(super) fn save(&self, file: &Path) {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() as i64);
        let settled = self.0.iter().filter(|(_, (mark, _))| mark.changed_s() < now_s - FRESH_S);
        let profiles = settled.filter_map(|(path, (mark, profile))| Some((path.to_str()?, mark, &**profile)));
        let kept = Keep { form: FORM, profiles: profiles.collect() };
        let written = serde_json::to_vec(&kept)
            .map_err(std::io::Error::from)
            .and_then(|bytes| files::replace(file, &bytes, files::Readers::Owner));
        if let Err(error) = written {
            tracing::debug!(file = %file.display(), %error, "profiles are not cached for the next start");
        }
    }

    /// Whether both hold the same files with the same stamps.
    pub(super) fn is_of_the_files_of(&self, other: &KnownProfiles) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(path, (mark, _))| other.get(path, Some(*mark)).is_some())
    }

    /// The profile of a file with this stamp.
    pub(super) fn get(&self, path: &Path, mark: Option<FileStamp>) -> Option<&Arc<Profile>> {
        self.0.get(path).filter(|(known, _)| Some(*known) == mark).map(|(_, profile)| profile)
    }

    /// Adds a profile, with the stamp its file had before it was read.
    pub(super) fn put(&mut self, path: PathBuf, mark: Option<FileStamp>, profile: Arc<Profile>) {
        if let Some(mark) = mark {
            self.0.insert(path, (mark, profile));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Places, ProfileScan};
    use std::{fs, os::unix::fs::MetadataExt};

    const TEXT: &str = "id: a\nname: A\nsource: s\nsections: [K]\nparameters: [{ name: cut, section: K, cc: 74 }]\n";

    /// A folder whose one profile was written long ago.
    fn folder() -> (tempfile::TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("profiles")).unwrap();
        fs::write(folder.path().join("profiles/a.yaml"), TEXT).unwrap();
        let places = Places {
            folder: Some(folder.path().join("profiles")),
            settings: None,
            known: Some(folder.path().join("known.json")),
        };
        (folder, places)
    }

    fn profile(cc: u8) -> Profile {
        Profile::from_yaml("a.yaml", &TEXT.replace("74", &cc.to_string())).unwrap()
    }

    #[test]
    fn a_cached_profile_is_read_again_only_after_a_write() {
        let (_folder, places) = folder();
        let path = places.folder.as_ref().unwrap().join("a.yaml");
        let mark = FileStamp::of(&fs::metadata(&path).unwrap());
        // A profile other than the file holds, to tell which of the two was used.
        let kept = serde_json::json!({ "form": FORM, "profiles": [[path, mark, profile(71)]] });
        fs::write(places.known.as_ref().unwrap(), kept.to_string()).unwrap();
        let first = ProfileScan::first(places.clone());
        assert_eq!(**first.library.get("a").unwrap(), profile(71));
        assert_eq!(**first.again(places.look()).library.get("a").unwrap(), profile(71));
        fs::write(&path, TEXT.replace("74", "72")).unwrap();
        assert_eq!(**first.again(places.look()).library.get("a").unwrap(), profile(72));
        assert_eq!(**ProfileScan::first(places).library.get("a").unwrap(), profile(72));
    }

    #[test]
    fn a_file_written_just_now_is_not_cached() {
        let (_folder, places) = folder();
        ProfileScan::first(places.clone());
        assert_eq!(KnownProfiles::load(places.known.as_ref().unwrap()), KnownProfiles::default());
    }

    #[test]
    fn any_other_file_counts_as_missing() {
        let (folder, places) = folder();
        let file = places.known.clone().unwrap();
        for bytes in [&b""[..], b"{", b"{\"form\":\"0/1\",\"profiles\":[]}", b"\xFF\xFE", b"[]"] {
            fs::write(&file, bytes).unwrap();
            assert_eq!(KnownProfiles::load(&file), KnownProfiles::default());
        }
        assert_eq!(KnownProfiles::load(folder.path()), KnownProfiles::default());
        assert!(ProfileScan::first(places).library.get("a").is_some());
    }

    #[test]
    fn the_cache_is_private() {
        let (folder, places) = folder();
        KnownProfiles::load(places.known.as_ref().unwrap()).save(&folder.path().join("other.json"));
        assert_eq!(fs::metadata(folder.path().join("other.json")).unwrap().mode() & 0o777, 0o600);
    }
}
