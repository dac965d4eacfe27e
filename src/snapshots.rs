//! The user's library of snapshots: where a synth's knobs stood, by name. Pure, but for [`Snapshots::load`] and
//! [`Snapshots::save`].
//!
//! A snapshot belongs to a profile by its id. It may name parameters the profile does not have (any more): they are kept.

use crate::{
    files,
    yaml::{self, FILE_BYTES_MAX, Fault, Field, Reader, quoted},
};
use std::{collections::BTreeMap, io, path::Path};

/// Longest name of a snapshot, a profile or a parameter, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The highest value of any parameter: 14 bits.
const VALUE_MAX: i64 = 16_383;

/// Where the knobs of one synth stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The profile's id.
    pub profile: String,
    /// One word; its own in the profile.
    pub name: String,
    /// By the parameter's name, in the target's own units.
    pub values: BTreeMap<String, u16>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    list: Vec<Snapshot>,
}

/// Why the library is not kept. The old file stands.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The file would be too long to be read again; some snapshots must be deleted first.
    #[error("its file would be longer than {FILE_BYTES_MAX} bytes: delete some snapshots first")]
    Full,
    /// The disk refused.
    #[error("{0}")]
    Disk(#[from] io::Error),
}

impl Snapshots {
    /// Those of a profile, in the order they were first saved.
    pub fn of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Snapshot> {
        self.list.iter().filter(move |snapshot| snapshot.profile == profile)
    }

    /// One by its name.
    pub fn get(&self, profile: &str, name: &str) -> Option<&Snapshot> {
        self.list.iter().find(|snapshot| snapshot.profile == profile && snapshot.name == name)
    }

    /// Puts one into its place; gives back what stood there.
    pub fn put(&mut self, snapshot: Snapshot) -> Option<Snapshot> {
        let same = |old: &&mut Snapshot| old.profile == snapshot.profile && old.name == snapshot.name;
        match self.list.iter_mut().find(same) {
            Some(old) => Some(std::mem::replace(old, snapshot)),
            None => {
                self.list.push(snapshot);
                None
            }
        }
    }

    /// Gives one another name, which no other has; true where there was one.
    pub fn rename(&mut self, profile: &str, name: &str, to: &str) -> bool {
        let found = self.list.iter_mut().find(|snapshot| snapshot.profile == profile && snapshot.name == name);
        found.map(|snapshot| to.clone_into(&mut snapshot.name)).is_some()
    }

    /// Takes one out; true where there was one.
    pub fn delete(&mut self, profile: &str, name: &str) -> bool {
        let before = self.list.len();
        self.list.retain(|snapshot| snapshot.profile != profile || snapshot.name != name);
        self.list.len() < before
    }

    /// Reads the file; where there is none, the library is empty.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn load(path: &Path) -> Result<Snapshots, Vec<Fault>> {
        if !path.exists() {
            return Ok(Snapshots::default());
        }
        let text = yaml::read(path).map_err(|fault| vec![fault])?;
        Snapshots::from_yaml(&path.display().to_string(), &text)
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// See [`NotKept`]; the old file stands.
    pub fn save(&self, path: &Path) -> Result<(), NotKept> {
        let text = self.to_yaml();
        if text.len() > FILE_BYTES_MAX {
            return Err(NotKept::Full);
        }
        Ok(files::replace(path, text.as_bytes())?)
    }

    /// Checks a text; `file` is only named in the faults.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn from_yaml(file: &str, text: &str) -> Result<Snapshots, Vec<Fault>> {
        yaml::check(file, text, |reader, root| {
            if !root.is_given() {
                return Some(Snapshots::default());
            }
            let map = reader.mapping(root, &["snapshots"])?;
            let mut snapshots = Snapshots::default();
            for item in reader.items(&map.field("snapshots")) {
                if let Some(snapshot) = read_snapshot(reader, &item)
                    && let Some(twice) = snapshots.put(snapshot)
                {
                    reader.fault(&item, format!("{} has two snapshots '{}', allowed one", twice.profile, twice.name));
                }
            }
            Some(snapshots)
        })
    }

    fn to_yaml(&self) -> String {
        let mut text = "# Where the knobs stood: `snapshot.save` adds to it.\n".to_owned();
        text += if self.list.is_empty() { "snapshots: []\n" } else { "snapshots:\n" };
        for Snapshot { profile, name, values } in &self.list {
            let values: Vec<String> = values.iter().map(|(name, value)| format!("{}: {value}", quoted(name))).collect();
            let (profile, name, values) = (quoted(profile), quoted(name), values.join(", "));
            text += &format!("  - profile: {profile}\n    name: {name}\n    values: {{ {values} }}\n");
        }
        text
    }
}

fn read_snapshot(reader: &mut Reader<'_>, field: &Field<'_>) -> Option<Snapshot> {
    let map = reader.mapping(field, &["profile", "name", "values"])?;
    let profile = reader.needed(&map, "profile", |reader, profile| reader.text(profile, NAME_CHARS_MAX));
    let name = reader.needed(&map, "name", |reader, name| reader.text(name, NAME_CHARS_MAX));
    if let Some(name) = name.as_ref().filter(|name| name.contains(char::is_whitespace)) {
        reader.fault(&map.field("name"), format!("'{name}' does not fit, allowed one word"));
    }
    let values = reader.needed(&map, "values", |reader, values| {
        let entries = if values.is_given() { reader.entries(values) } else { Vec::new() };
        let read = |(name, value): &(String, Field<'_>)| Some((name.clone(), reader.int(value, 0, VALUE_MAX)? as u16));
        Some(entries.iter().filter_map(read).collect())
    });
    Some(Snapshot { profile: profile?, name: name?, values: values? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(profile: &str, name: &str, values: &[(&str, u16)]) -> Snapshot {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        Snapshot { profile: profile.to_owned(), name: name.to_owned(), values }
    }

    #[test]
    fn the_file_reads_back_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots.yaml");
        let mut snapshots = Snapshots::load(&file).unwrap();
        snapshots.save(&file).unwrap();
        assert_eq!(Snapshots::load(&file), Ok(snapshots.clone()));
        assert_eq!(snapshots.put(snapshot("nts1", "warm", &[("cutoff", 127), ("type", 0)])), None);
        snapshots.put(snapshot("nts1", "1", &[("cutoff", 16_383)]));
        snapshots.put(snapshot("fm: \"x\"", "warm'#\u{e9}", &[]));
        snapshots.save(&file).unwrap();
        assert_eq!(Snapshots::load(&file), Ok(snapshots));
    }

    #[test]
    fn a_name_is_its_own_in_the_profile() {
        let mut snapshots = Snapshots::default();
        snapshots.put(snapshot("a", "warm", &[("x", 1)]));
        snapshots.put(snapshot("b", "warm", &[("x", 2)]));
        assert_eq!(snapshots.put(snapshot("a", "warm", &[("x", 3)])), Some(snapshot("a", "warm", &[("x", 1)])));
        assert!(snapshots.rename("a", "warm", "cold") && !snapshots.rename("a", "warm", "cold"));
        assert_eq!(snapshots.get("a", "cold"), Some(&snapshot("a", "cold", &[("x", 3)])));
        assert!(snapshots.delete("a", "cold") && !snapshots.delete("a", "cold"));
        assert_eq!(snapshots.of("b").count(), 1);
        assert_eq!(snapshots.of("a").count(), 0);
    }

    #[test]
    fn every_fault_of_the_file_is_named_with_its_line() {
        let text = "snapshots:
  - profile: nts1
    name: warm
    values: { cutoff: 20000, type: loud }
  - { profile: nts1, name: two words, values: { a: 1, a: 2 } }
  - { profile: nts1, name: cold }
  - { profile: nts1, name: hot, values: {} }
  - { profile: nts1, name: hot, values: {}, colour: red }
";
        let faults: Vec<String> =
            Snapshots::from_yaml("snapshots.yaml", text).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "snapshots.yaml:4 snapshots.1(warm).values.cutoff: '20000' does not fit, allowed 0 to 16383",
                "snapshots.yaml:4 snapshots.1(warm).values.type: 'loud' does not fit, allowed 0 to 16383",
                "snapshots.yaml:5 snapshots.2.name: 'two words' does not fit, allowed one word",
                "snapshots.yaml:5 snapshots.2.values.a: 'a' stands more than once, allowed once",
                "snapshots.yaml:6 snapshots.3(cold).values: is missing",
                "snapshots.yaml:8 snapshots.5(hot).colour: 'colour' is not a field here, allowed profile, name, values",
                "snapshots.yaml:8 snapshots.5(hot): nts1 has two snapshots 'hot', allowed one",
            ]
        );
    }

    #[test]
    fn a_library_too_long_to_be_read_again_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("snapshots.yaml");
        let mut snapshots = Snapshots::default();
        for n in 0..2000 {
            snapshots.put(snapshot("nts1", &format!("{n:0200}"), &[]));
        }
        assert!(matches!(snapshots.save(&file), Err(NotKept::Full)) && !file.exists());
    }
}
