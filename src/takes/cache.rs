//! A cache of the measurements of takes: a small file for each take in the user's cache folder.
//!
//! An entry is valid for one path, one length and one modification date; for anything else, or when it cannot be read,
//! it counts as missing. Losing the cache costs time only.

use super::{Measurement, Overview};
use crate::files;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Maximum number of entries.
pub const ENTRIES_MAX: usize = 2_000;
/// The version of an entry's format; entries of another version count as missing.
const FORM: u32 = 1;
/// Age from which an unfinished entry is removed: the program that wrote it was killed.
const UNFINISHED: Duration = Duration::from_secs(60);
/// Maximum size of an entry, in bytes; a longer file counts as missing.
const ENTRY_BYTES_MAX: u64 = 64 << 10;

/// The folder of entries.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    entries_max: usize,
}

/// The file that an entry belongs to.
#[derive(Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Key {
    path: PathBuf,
    bytes: u64,
    /// Nanoseconds since 1970.
    modified_ns: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    form: u32,
    key: Key,
    measured: Measurement,
}

impl Cache {
    /// A cache in this folder, which may be missing.
    pub fn new(folder: PathBuf) -> Cache {
        Cache { folder, entries_max: ENTRIES_MAX }
    }

    /// The measurement of a file in its present state.
    pub fn get(&self, take: &Path) -> Option<Measurement> {
        let key = Key::of(take).ok()?;
        let path = self.entry(&key);
        let bytes =
            files::read_plain(&path, ENTRY_BYTES_MAX).ok().filter(|bytes| bytes.len() as u64 <= ENTRY_BYTES_MAX)?;
        let entry: Entry = serde_json::from_slice(&bytes).ok()?;
        let is_whole = entry.form == FORM && entry.measured.overview.columns.len() == Overview::COLUMNS;
        (is_whole && entry.key == key && entry.measured.verdict.sample_rate_hz > 0).then_some(entry.measured)
    }

    /// Stores the measurement of a file that has not changed since, and deletes the oldest entries if there are too
    /// many.
    ///
    /// # Errors
    /// Errors of the disk; the take is measured again next time.
    pub fn put(&self, take: &Path, measured: &Measurement) -> io::Result<()> {
        let key = Key::of(take)?;
        let path = self.entry(&key);
        let entry = Entry { form: FORM, key, measured: measured.clone() };
        files::replace(&path, &serde_json::to_vec(&entry)?, files::Readers::Owner)?;
        self.tidy(UNFINISHED)
    }

    /// A path has one entry, whatever the state of its file.
    fn entry(&self, key: &Key) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        key.path.hash(&mut hasher);
        self.folder.join(format!("{:016x}.json", hasher.finish()))
    }

    /// Removes the oldest entries where there are too many, and unfinished ones that are older than this.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn tidy(&self, unfinished: Duration) -> io::Result<()> {
        let now = SystemTime::now();
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if let Ok(metadata) = entry.metadata()
                && metadata.is_file()
            {
                let (modified, path) = (metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), entry.path());
                let is_unfinished = path.extension().is_some_and(|extension| extension == "new");
                match is_unfinished {
                    true if now.duration_since(modified).unwrap_or_default() >= unfinished => fs::remove_file(path)?,
                    true => {}
                    false => entries.push((modified, path)),
                }
            }
        }
        let Some(surplus) = entries.len().checked_sub(self.entries_max) else { return Ok(()) };
        entries.sort();
        entries.iter().take(surplus).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

impl Key {
    fn of(take: &Path) -> io::Result<Key> {
        let path = take.canonicalize()?;
        let metadata = fs::metadata(&path)?;
        let since = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Ok(Key { path, bytes: metadata.len(), modified_ns: since.as_nanos() as u64 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::takes::TakeAnalyzer;
    use std::fs::File;

    fn measured(level: f32) -> Measurement {
        let mut analyzer = TakeAnalyzer::new(1, 8_000, 8_000, None, &[]);
        analyzer.feed(&mut vec![level; 8_000]);
        analyzer.end()
    }

    /// A take and the cache, with at most three entries.
    fn rig() -> (tempfile::TempDir, PathBuf, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let take = folder.path().join("jam.wav");
        fs::write(&take, "as it is").unwrap();
        let cache = Cache { folder: folder.path().join("cache/verdicts"), entries_max: 3 };
        (folder, take, cache)
    }

    fn entries(cache: &Cache) -> Vec<PathBuf> {
        fs::read_dir(&cache.folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn an_entry_is_found_until_its_file_changes() {
        let (_folder, take, cache) = rig();
        assert_eq!(cache.get(&take), None);
        // Silence has no levels; they read back as `None`.
        for level in [0.25, 0.0] {
            cache.put(&take, &measured(level)).unwrap();
            assert_eq!(cache.get(&take), Some(measured(level)));
        }
        let file = File::options().write(true).open(&take).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        file.set_modified(modified + Duration::from_nanos(1_000)).unwrap();
        assert_eq!(cache.get(&take), None, "another date");
        file.set_modified(modified).unwrap();
        assert!(cache.get(&take).is_some());
        fs::write(&take, "longer than it was").unwrap();
        file.set_modified(modified).unwrap();
        assert_eq!(cache.get(&take), None, "another length");
        cache.put(&take, &measured(0.5)).unwrap();
        assert_eq!(entries(&cache).len(), 1, "one path has one entry");
    }

    #[test]
    fn an_entry_that_a_killed_program_left_unfinished_is_removed_and_one_under_way_is_not() {
        let (_folder, take, cache) = rig();
        cache.put(&take, &measured(0.25)).unwrap();
        let unfinished = |name: &str, age: Duration| {
            let path = cache.folder.join(name);
            let file = File::create(&path).unwrap();
            file.set_modified(SystemTime::now() - age).unwrap();
            path
        };
        let old = unfinished("1.json.new", Duration::from_secs(3_600));
        let new = unfinished("2.json.new", Duration::ZERO);
        cache.tidy(UNFINISHED).unwrap();
        assert_eq!((old.exists(), new.exists(), cache.get(&take).is_some()), (false, true, true));
        // At a start, whatever its age.
        cache.tidy(Duration::ZERO).unwrap();
        assert_eq!((new.exists(), cache.get(&take).is_some()), (false, true));
    }

    #[test]
    fn an_invalid_entry_counts_as_missing() {
        let (_folder, take, cache) = rig();
        cache.put(&take, &measured(0.25)).unwrap();
        let path = entries(&cache).remove(0);
        let whole = fs::read_to_string(&path).unwrap();
        for broken in [
            String::new(),
            "{".to_owned(),
            whole[..whole.len() / 2].to_owned(),
            whole.replace("\"form\":1", "\"form\":2"),
            whole.replace("[[", "[[0,0],["),
            whole.replace("8000", "0"),
            format!("{whole}{}", " ".repeat(100_000)),
        ] {
            fs::write(&path, broken).unwrap();
            assert_eq!(cache.get(&take), None);
        }
        fs::write(&path, whole).unwrap();
        assert!(cache.get(&take).is_some());
    }

    #[test]
    fn the_oldest_entries_are_deleted_when_there_are_too_many() {
        let (folder, take, cache) = rig();
        for number in 0..6_u64 {
            let take = folder.path().join(format!("{number}.wav"));
            fs::write(&take, "x").unwrap();
            cache.put(&take, &measured(0.25)).unwrap();
            let key = Key::of(&take).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000 + number);
            File::options().write(true).open(cache.entry(&key)).unwrap().set_modified(time).unwrap();
        }
        cache.put(&take, &measured(0.25)).unwrap();
        let is_there: Vec<bool> =
            (0..6).map(|number| cache.get(&folder.path().join(format!("{number}.wav"))).is_some()).collect();
        assert_eq!(is_there, [false, false, false, false, true, true]);
        assert_eq!(entries(&cache).len(), 3);
    }
}
