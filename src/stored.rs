//! Values that have a file of their own: settings, what was learned, snapshots, sessions. Pure, but for [`load`].
//!
//! A file with a fault is told and left as it is: its owner mends it, nothing writes over it.

use crate::yaml::{self, Fault};
use std::path::{Path, PathBuf};

/// What a file may say.
pub trait FromYaml: Default {
    /// Checks a text; `file` is only named in the faults.
    ///
    /// # Errors
    /// Every fault at once.
    fn from_yaml(file: &str, text: &str) -> Result<Self, Vec<Fault>>;
}

/// What a file is written from.
pub trait ToYaml {
    /// What still works and what is lost where the file cannot be written: the beginning of a sentence.
    const LOSS: &'static str;
    /// What makes room where it would be too long.
    const ROOM: &'static str;

    /// The whole file, the same for the same value.
    fn to_yaml(&self) -> String;
}

/// A file would be too long to be read again. The old one stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it would have {too_much}: {room}")]
pub struct Full {
    too_much: String,
    room: &'static str,
}

/// Reads a file; where there is none, the value is the default.
///
/// # Errors
/// Every fault at once.
pub fn load<T: FromYaml>(path: &Path) -> Result<T, Vec<Fault>> {
    if matches!(path.try_exists(), Ok(false)) {
        return Ok(T::default());
    }
    let text = yaml::read(path).map_err(|fault| vec![fault])?;
    T::from_yaml(&path.display().to_string(), &text)
}

/// The text of a file that can be read again.
///
/// # Errors
/// Where it could not be; nothing is to be written then.
pub fn text<T: ToYaml>(value: &T) -> Result<String, Full> {
    let text = value.to_yaml();
    match yaml::fits(&text) {
        Ok(()) => Ok(text),
        Err(too_much) => Err(Full { too_much, room: T::ROOM }),
    }
}

/// A value and the file that keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored<T> {
    /// What it is now.
    pub value: T,
    /// Where it is kept; none, and what is new is gone with the engine.
    pub file: Option<PathBuf>,
}

impl<T: FromYaml> Stored<T> {
    /// Reads a file, to be kept there from now on. Where it has faults, they are given back beside the default, which is
    /// kept nowhere.
    pub fn load(file: PathBuf) -> (Stored<T>, Vec<Fault>) {
        match load(&file) {
            Ok(value) => (Stored { value, file: Some(file) }, Vec::new()),
            Err(faults) => (Stored { value: T::default(), file: None }, faults),
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
        let (stored, faults) = Stored::<Snapshots>::load(file.clone());
        assert_eq!((stored.file.as_ref(), faults.len()), (Some(&file), 0), "no file yet is no fault");
        fs::write(&file, "snapshots: 3\n").unwrap();
        let (stored, faults) = Stored::<Snapshots>::load(file);
        assert_eq!((stored, faults.len()), (Stored::default(), 1));
    }

    #[test]
    fn what_would_be_too_long_to_be_read_again_is_refused() {
        let mut snapshots = Snapshots::default();
        for n in 0..2000 {
            let name = format!("{n:0200}");
            snapshots.put(Snapshot { profile: "nts1".to_owned(), name, values: BTreeMap::new() });
        }
        let refused = text(&snapshots).unwrap_err().to_string();
        assert!(refused.ends_with("delete some snapshots first") && refused.contains("bytes"), "{refused}");
    }
}
