//! Values that have a file of their own: settings, what was learned, snapshots, sessions. Pure, but for [`load`].
//!
//! The station reports a file with a fault and never writes over it: its owner mends it. A file that another station,
//! or its owner, changed meanwhile is not written over either: what was changed here goes into what is there ([`merged`]).

use crate::yaml::{self, Fault};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// What a file may say.
pub trait FromYaml: Default {
    /// The longest file that is read and written, in bytes: the largest that can be made here fits.
    const BYTES_MAX: usize;

    /// Checks a text; `file` is only named in the faults.
    ///
    /// # Errors
    /// Every fault at once.
    fn from_yaml(file: &str, text: &str) -> Result<Self, Vec<Fault>>;
}

/// What a file is written from.
pub trait ToYaml: FromYaml {
    /// What still works and what is lost where the file cannot be written: the beginning of a sentence.
    const LOSS: &'static str;
    /// What makes room where it would be too long.
    const ROOM: &'static str;

    /// The whole file, the same for the same value.
    fn to_yaml(&self) -> String;
}

/// What a file is to say, on its way to the thread that works out its text and writes it. It changes no more.
pub trait Content: fmt::Debug + Send + Sync {
    /// The text of the file.
    ///
    /// # Errors
    /// It could not be read again; nothing is to be written then.
    fn text(&self) -> Result<String, Full>;
}

impl<T: ToYaml + fmt::Debug + Send + Sync> Content for T {
    fn text(&self) -> Result<String, Full> {
        text(self)
    }
}

/// What several may write to one file: things that each have a name of their own.
pub trait Merge: ToYaml {
    /// What `ours` has in place of `base`, done to `theirs`; true where something else that they put there had to go.
    fn merge(base: &Self, ours: &Self, theirs: &Self) -> (Self, bool);
}

/// The same for the things themselves: what was added, changed or taken out between `base` and `ours` is so in `theirs`, too,
/// whose order stays.
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

/// Merges what texts say, as [`Merge`] does.
pub type MergeTexts = fn(file: &str, texts: &Texts<'_>) -> Result<(String, bool), String>;

/// The texts of a file.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'a> {
    /// As it was when it was read or handed over last.
    pub base: &'a str,
    /// As it is to be.
    pub ours: &'a str,
    /// As it is.
    pub theirs: &'a str,
}

/// The text that holds what was changed here and what others changed; true where something of theirs had to go.
///
/// # Errors
/// What is there cannot be read, or both together would be too long: it is to be left as it is.
pub fn merged<T: Merge>(file: &str, texts: &Texts<'_>) -> Result<(String, bool), String> {
    let read = |text| {
        T::from_yaml(file, text).map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    };
    let (value, is_lossy) = T::merge(&read(texts.base)?, &read(texts.ours)?, &read(texts.theirs)?);
    Ok((text(&value).map_err(|full| full.to_string())?, is_lossy))
}

/// A file would be too long to be read again. The old one stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would have {too_much}: {room}")]
pub struct Full {
    too_much: String,
    room: &'static str,
}

impl Full {
    /// There would be so much, and this makes room.
    pub fn new(too_much: String, room: &'static str) -> Full {
        Full { too_much, room }
    }
}

/// Reads a file; where there is none, the value is the default.
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

/// The text of a file that can be read again.
///
/// # Errors
/// Where it could not be; nothing is to be written then.
pub fn text<T: ToYaml>(value: &T) -> Result<String, Full> {
    let text = value.to_yaml();
    match yaml::fits(T::BYTES_MAX, &text) {
        Ok(()) => Ok(text),
        Err(too_much) => Err(Full::new(too_much, T::ROOM)),
    }
}

/// A value and the file that keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredValue<T> {
    /// What it is now.
    pub value: T,
    /// Where it is kept.
    pub home: StoredFile,
}

/// Where a value is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredFile {
    /// The file; none, and what is new is gone with the engine.
    pub file: Option<PathBuf>,
    /// What the file said when it was read; empty where there was none.
    pub read: Arc<str>,
}

impl<T: FromYaml> StoredValue<T> {
    /// Reads a file, to be kept there from now on. Where it has faults, they are given back beside the default, which is
    /// kept nowhere.
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
    fn a_file_with_a_fault_is_told_and_not_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots.yaml");
        let (stored, faults) = StoredValue::<Snapshots>::load(file.clone());
        assert_eq!((stored.home.file.as_ref(), faults.len()), (Some(&file), 0), "no file yet is no fault");
        fs::write(&file, "snapshots: 3\n").unwrap();
        let (stored, faults) = StoredValue::<Snapshots>::load(file);
        assert_eq!((stored, faults.len()), (StoredValue::default(), 1));
    }

    #[test]
    fn what_would_be_too_long_to_be_read_again_is_refused() {
        let mut snapshots = Snapshots::default();
        for n in 0..9500 {
            let name = format!("{n:0200}");
            snapshots.put(Snapshot { profile: "nts1".to_owned(), name, values: BTreeMap::new() });
        }
        let refused = text(&snapshots).unwrap_err().to_string();
        assert!(refused.ends_with("delete some snapshots first") && refused.contains("bytes"), "{refused}");
    }

    #[test]
    fn what_two_changed_in_one_file_is_both_in_it_and_ours_wins_where_both_changed_the_same() {
        let same = |a: &(u8, u8), b: &(u8, u8)| a.0 == b.0;
        for (base, ours, theirs, both, is_lossy) in [
            // Added here and there.
            (&[(1, 0)][..], &[(1, 0), (2, 0)][..], &[(1, 0), (3, 0)][..], &[(1, 0), (3, 0), (2, 0)][..], false),
            // Changed here, taken out there, and the other way round.
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
    fn what_cannot_be_read_is_not_merged_into() {
        let texts = Texts { base: "", ours: "snapshots: []\n", theirs: "snapshots: 3\n" };
        let why = merged::<Snapshots>("snapshots.yaml", &texts).unwrap_err();
        assert!(why.starts_with("snapshots.yaml:1"), "{why}");
    }
}
