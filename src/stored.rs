//! Values with a file of their own: settings, MIDI maps, snapshots, sessions. Pure, except [`load`].
//!
//! The station reports a file with a fault and never overwrites it: the user repairs it. If another station or the user
//! changed a file meanwhile, it is not overwritten either: the station's changes are merged into it ([`merged`]).

use crate::yaml::{self, Fault};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// A value that is read from a file.
pub trait FromYaml: Default {
    /// Maximum size of the file to read and write, in bytes: the largest value that can be made fits.
    const BYTES_MAX: usize;

    /// Checks a text; `file` is used in the faults only.
    ///
    /// # Errors
    /// Every fault at once.
    fn from_yaml(file: &str, text: &str) -> Result<Self, Vec<Fault>>;
}

/// A value that is written to a file.
pub trait ToYaml: FromYaml {
    /// The beginning of the message for a file that cannot be written: what still works, and the loss.
    const LOSS: &'static str;
    /// How the user makes room when the file would be too long.
    const ROOM: &'static str;

    /// The whole file; equal values give equal text.
    fn to_yaml(&self) -> String;
}

/// A value on its way to the thread that makes its text and writes it. It does not change any more.
pub trait Content: fmt::Debug + Send + Sync {
    /// The text of the file.
    ///
    /// # Errors
    /// The text could not be read again; it must not be written.
    fn text(&self) -> Result<String, Full>;
}

impl<T: ToYaml + fmt::Debug + Send + Sync> Content for T {
    fn text(&self) -> Result<String, Full> {
        text(self)
    }
}

/// Values that several programs may write to one file: lists of named items.
pub trait Merge: ToYaml {
    /// Applies the changes from `base` to `ours` to `theirs`; true if a change of theirs was replaced.
    fn merge(base: &Self, ours: &Self, theirs: &Self) -> (Self, bool);
}

/// The same for a list of items: additions, changes and removals between `base` and `ours` are applied to `theirs`,
/// which keeps its order.
pub(crate) fn merge_by<T: Clone + PartialEq>(
    (base, ours, theirs): (&[T], &[T], &[T]),
    is_same: impl Fn(&T, &T) -> bool,
) -> (Vec<T>, bool) {
    let find = |list: &[T], it: &T| list.iter().position(|other| is_same(other, it));
    let was = |it: &T| find(base, it).and_then(|at| base.get(at));
    let mut merged = theirs.to_vec();
    let mut is_lossy = false;
    for gone in base.iter().filter(|old| find(ours, old).is_none()) {
        if let Some(at) = find(&merged, gone) {
            is_lossy |= merged.remove(at) != *gone;
        }
    }
    for new in ours.iter().filter(|new| was(new) != Some(*new)) {
        match find(&merged, new).and_then(|at| merged.get_mut(at)) {
            Some(there) => {
                is_lossy |= there != new && was(there) != Some(there);
                there.clone_from(new);
            }
            None => merged.push(new.clone()),
        }
    }
    (merged, is_lossy)
}

/// Merges texts, as [`Merge`] merges values.
pub type MergeTexts = fn(file: &str, texts: &Texts<'_>) -> Result<(String, bool), String>;

/// The texts of a file.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// The text when it was last read or written here.
    pub base: &'a str,
    /// The new text.
    pub ours: &'a str,
    /// The text in the file now.
    pub theirs: &'a str,
}

/// The text with the changes made here and those of others; true if a change of theirs was replaced.
///
/// # Errors
/// The file cannot be read, or the merged text would be too long: leave the file as it is.
pub fn merged<T: Merge>(file: &str, texts: &Texts<'_>) -> Result<(String, bool), String> {
    let read = |text| {
        T::from_yaml(file, text).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let (value, is_lossy) = T::merge(&read(texts.base)?, &read(texts.ours)?, &read(texts.theirs)?);
    Ok((text(&value).map_err(|full| full.to_string())?, is_lossy))
}

/// A file would be too long to be read again. The old one stays.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would have {too_much}: {room}")]
pub struct Full {
    too_much: String,
    room: &'static str,
}

impl Full {
    /// There would be `too_much`; `room` says how to make room.
    pub fn new(too_much: String, room: &'static str) -> Full {
        Full { too_much, room }
    }
}

/// Reads a file; if it is missing, the value is the default.
///
/// # Errors
/// Every fault at once.
pub fn load<T: FromYaml>(path: &Path) -> Result<T, Vec<Fault>> {
    load_with_text(path).map(|(value, _)| value)
}

fn load_with_text<T: FromYaml>(path: &Path) -> Result<(T, String), Vec<Fault>> {
    if matches!(path.try_exists(), Ok(false)) {
        return Ok((T::default(), String::new()));
    }
    let text = yaml::read_within(T::BYTES_MAX, path).map_err(|fault| vec![fault])?;
    Ok((T::from_yaml(&path.display().to_string(), &text)?, text))
}

/// The text of a value, which can be read again.
///
/// # Errors
/// It could not; it must not be written.
pub fn text<T: ToYaml>(value: &T) -> Result<String, Full> {
    let text = value.to_yaml();
    match yaml::fits(T::BYTES_MAX, &text) {
        Ok(()) => Ok(text),
        Err(too_much) => Err(Full::new(too_much, T::ROOM)),
    }
}

/// A value and its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredValue<T> {
    /// The present value.
    pub value: T,
    /// Its file.
    pub home: StoredFile,
}

/// The file of a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFile {
    /// The file; with `None`, changes are lost when the engine ends.
    pub file: Option<PathBuf>,
    /// The file's text when it was read; empty if it was missing.
    pub read: Arc<str>,
}

impl<T: FromYaml> StoredValue<T> {
    /// Reads a file, and keeps the value there from now on. If it has faults, they are returned with the default value,
    /// which is kept nowhere.
    pub fn load(file: PathBuf) -> (StoredValue<T>, Vec<Fault>) {
        match load_with_text(&file) {
            Ok((value, text)) => {
                (StoredValue { value, home: StoredFile { file: Some(file), read: text.into() } }, Vec::new())
            }
            Err(faults) => (StoredValue::default(), faults),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshots::{Snapshot, Snapshots};
    use std::{collections::BTreeMap, fs};

    #[test]
    fn a_file_with_a_fault_is_reported_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots.yaml");
        let (stored, faults) = StoredValue::<Snapshots>::load(file.clone());
        assert_eq!((stored.home.file.as_ref(), faults.len()), (Some(&file), 0), "no file yet is no fault");
        fs::write(&file, "snapshots: 3\n").unwrap();
        let (stored, faults) = StoredValue::<Snapshots>::load(file);
        assert_eq!((stored, faults.len()), (StoredValue::default(), 1));
    }

    #[test]
    fn a_file_too_long_to_be_read_again_is_refused() {
        let mut snapshots = Snapshots::default();
        for n in 0..9500 {
            let name = format!("{n:0200}");
            snapshots.put(Snapshot { profile: "nts1".to_owned(), name, values: BTreeMap::new() });
        }
        let refused = text(&snapshots).unwrap_err().to_string();
        assert!(refused.ends_with("delete some snapshots first") && refused.contains("bytes"), "{refused}");
    }

    #[test]
    fn changes_of_two_writers_are_merged_and_ours_wins_where_both_changed_the_same() {
        let same = |a: &(u8, u8), b: &(u8, u8)| a.0 == b.0;
        for (base, ours, theirs, both, is_lossy) in [
            // Added here and there.
            (&[(1, 0)][..], &[(1, 0), (2, 0)][..], &[(1, 0), (3, 0)][..], &[(1, 0), (3, 0), (2, 0)][..], false),
            // Changed here, removed there, and the other way round.
            (&[(1, 0), (2, 0)], &[(1, 5), (2, 0)], &[], &[(1, 5)], false),
            (&[(1, 0), (2, 0)], &[(2, 0)], &[(1, 0), (2, 7)], &[(2, 7)], false),
            // The same one here and there.
            (&[(1, 0)], &[(1, 5)], &[(1, 7)], &[(1, 5)], true),
            (&[(1, 0)], &[], &[(1, 7)], &[], true),
            (&[(1, 0)], &[(1, 5)], &[(1, 5)], &[(1, 5)], false),
            (&[], &[(1, 5)], &[(1, 7)], &[(1, 5)], true),
        ] {
            assert_eq!(merge_by((base, ours, theirs), same), (both.to_vec(), is_lossy), "{base:?} {ours:?} {theirs:?}");
        }
    }

    #[test]
    fn changes_are_not_merged_into_a_file_that_cannot_be_read() {
        let texts = Texts { base: "", ours: "snapshots: []\n", theirs: "snapshots: 3\n" };
        let why = merged::<Snapshots>("snapshots.yaml", &texts).unwrap_err();
        assert!(why.starts_with("snapshots.yaml:1"), "{why}");
    }
}
