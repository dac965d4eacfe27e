//! Profiles that were read before, so that a start reads only what was written since: in memory from one reading to the
//! next, and in one file of the user's cache from one start to the next.
//!
//! A profile is known for one path and the way its file stood. Files with faults are not known: they are read, and told,
//! each time. Losing all of it costs nothing but time.

use super::{Profile, file_stamps::FileStamp};
use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// The form of the file; one of another form, or of another version of the program, is as if it were not there.
const FORM: &str = concat!(env!("CARGO_PKG_VERSION"), "/2");
/// Bytes of the file: some thousand profiles.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// A file that was written so shortly before it was read may be written again within the same tick of the file system's
/// clock, in s.
const FRESH_S: i64 = 2;

/// What is known.
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
    /// What a file keeps; nothing where it is not there, or is none of these. Blocks on the disk.
    pub(super) fn load(file: &Path) -> KnownProfiles {
        let read = || {
            let bytes = files::read_plain(file, FILE_BYTES_MAX).ok()?;
            serde_json::from_slice::<Kept>(&bytes).ok().filter(|kept| kept.form == FORM)
        };
        let profiles = read().map(|kept| kept.profiles).unwrap_or_default();
        KnownProfiles(profiles.into_iter().map(|(path, mark, profile)| (path, (mark, Arc::new(profile)))).collect())
    }

    /// Keeps it for the next start, but for files that were written just now. What cannot be written is read again.
    /// Blocks on the disk.
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

    /// Whether both are of the same files, standing as they stood.
    pub(super) fn is_of_the_files_of(&self, other: &KnownProfiles) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(path, (mark, _))| other.get(path, Some(*mark)).is_some())
    }

    /// The profile of a file that stands like this.
    pub(super) fn get(&self, path: &Path, mark: Option<FileStamp>) -> Option<&Arc<Profile>> {
        self.0.get(path).filter(|(known, _)| Some(*known) == mark).map(|(_, profile)| profile)
    }

    /// Takes a profile that was read from a file that stood like this before.
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
    fn what_is_known_is_not_read_again_until_it_is_written() {
        let (_folder, places) = folder();
        let path = places.folder.as_ref().unwrap().join("a.yaml");
        let mark = FileStamp::of(&fs::metadata(&path).unwrap());
        // Another one than the file holds, or nothing would tell which of the two was taken.
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
    fn what_was_written_just_now_is_not_kept() {
        let (_folder, places) = folder();
        ProfileScan::first(places.clone());
        assert_eq!(KnownProfiles::load(places.known.as_ref().unwrap()), KnownProfiles::default());
    }

    #[test]
    fn any_other_file_is_as_if_it_were_not_there() {
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
    fn it_is_its_owners_alone() {
        let (folder, places) = folder();
        KnownProfiles::load(places.known.as_ref().unwrap()).save(&folder.path().join("other.json"));
        assert_eq!(fs::metadata(folder.path().join("other.json")).unwrap().mode() & 0o777, 0o600);
    }
}
