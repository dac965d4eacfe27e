//! Snapshots: named sets of a synth's parameter values; those of the user's library and those of a session. Pure.
//!
//! A snapshot belongs to a profile by its id. It may name parameters that the profile does not have (any more): they
//! are kept.

use crate::{
    stored::{self, FromYaml, Full, Merge, ToYaml},
    yaml::{self, BRACKETS_MAX, Fault, YamlField, YamlReader, name},
};
use std::{collections::BTreeMap, mem};

/// Maximum length of the name of a snapshot, a profile or a parameter, in characters.
const NAME_CHARS_MAX: usize = 200;
/// The highest value of any parameter: 14 bits.
const VALUE_MAX: i64 = 16_383;
/// Maximum size of one list, in bytes: four hundred snapshots of a synth with a hundred parameters.
pub(crate) const LIST_BYTES_MAX: usize = 1 << 20;
/// Maximum brackets of one list: one for each snapshot, and those in quoted names.
pub(crate) const LIST_BRACKETS_MAX: usize = BRACKETS_MAX / 2;

/// The parameter values of one synth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The profile's id.
    pub profile: String,
    /// One word; unique in the profile.
    pub name: String,
    /// By the parameter's name, in the target's own units.
    pub values: BTreeMap<String, u16>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    list: Vec<Snapshot>,
    /// The size of the list in a file.
    size: Size,
}

/// The size of a text, counted as the limits of a file count it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Size {
    bytes: usize,
    brackets: usize,
}

impl Size {
    fn of(snapshot: &Snapshot) -> Size {
        let text = snapshot.item();
        Size { bytes: text.len(), brackets: yaml::brackets(&text) }
    }

    fn exchange(&mut self, gone: Option<&Snapshot>, new: Option<&Snapshot>) {
        let (gone, new) = (gone.map(Size::of).unwrap_or_default(), new.map(Size::of).unwrap_or_default());
        self.bytes = self.bytes + new.bytes - gone.bytes;
        self.brackets = self.brackets + new.brackets - gone.brackets;
    }
}

impl Snapshots {
    /// The snapshots of a profile, in the order they were first saved.
    pub fn of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Snapshot> {
        self.list.iter().filter(move |snapshot| snapshot.profile == profile)
    }

    /// A snapshot by its name.
    pub fn get(&self, profile: &str, name: &str) -> Option<&Snapshot> {
        self.list.iter().find(|snapshot| snapshot.profile == profile && snapshot.name == name)
    }

    /// The index of a snapshot in the list.
    pub fn place(&self, profile: &str, name: &str) -> Option<usize> {
        self.list.iter().position(|snapshot| snapshot.profile == profile && snapshot.name == name)
    }

    /// Puts a snapshot into its place; returns the one it replaces.
    pub fn put(&mut self, snapshot: Snapshot) -> Option<Snapshot> {
        self.put_at(self.list.len(), snapshot)
    }

    /// As [`put`](Snapshots::put); a new one goes to this index of the list, or to its end.
    pub fn put_at(&mut self, place: usize, snapshot: Snapshot) -> Option<Snapshot> {
        let known = self.place(&snapshot.profile, &snapshot.name).and_then(|at| self.list.get_mut(at));
        self.size.exchange(known.as_deref(), Some(&snapshot));
        match known {
            Some(old) => Some(mem::replace(old, snapshot)),
            None => {
                self.list.insert(place.min(self.list.len()), snapshot);
                None
            }
        }
    }

    /// Renames a snapshot, to a name that no other has; true if it exists.
    pub fn rename(&mut self, profile: &str, name: &str, to: &str) -> bool {
        let Some(at) = self.place(profile, name) else { return false };
        let Some(mut snapshot) = self.delete(profile, name) else { return false };
        to.clone_into(&mut snapshot.name);
        self.put_at(at, snapshot);
        true
    }

    /// Removes a snapshot.
    pub fn delete(&mut self, profile: &str, name: &str) -> Option<Snapshot> {
        let gone = self.list.remove(self.place(profile, name)?);
        self.size.exchange(Some(&gone), None);
        Some(gone)
    }

    /// Whether the file can be read again with this snapshot in place of the one named `before`.
    ///
    /// # Errors
    /// It cannot.
    pub fn has_room_for(&self, before: &str, snapshot: &Snapshot) -> Result<(), Full> {
        let mut size = self.size;
        size.exchange(self.get(&snapshot.profile, before), Some(snapshot));
        match size {
            Size { bytes, .. } if bytes > LIST_BYTES_MAX => {
                Err(Full::new(format!("'{bytes}' bytes of snapshots, allowed at most {LIST_BYTES_MAX}"), Self::ROOM))
            }
            Size { brackets, .. } if brackets > LIST_BRACKETS_MAX => {
                let too_much = format!("'{brackets}' snapshots and brackets, allowed at most {LIST_BRACKETS_MAX}");
                Err(Full::new(too_much, Self::ROOM))
            }
            _ => Ok(()),
        }
    }

    /// Reads the items of a list.
    pub(crate) fn read(reader: &mut YamlReader<'_>, list: &YamlField<'_>) -> Snapshots {
        let mut snapshots = Snapshots::default();
        for item in reader.items(list) {
            if let Some(snapshot) = read_snapshot(reader, &item)
                && let Some(twice) = snapshots.put(snapshot)
            {
                reader.fault(&item, format!("{} has two snapshots '{}', allowed one", twice.profile, twice.name));
            }
        }
        snapshots
    }

    /// The field `snapshots` of a file, which [`read`](Snapshots::read) understands.
    pub(crate) fn field(&self) -> String {
        let mut text = if self.list.is_empty() { "snapshots: []\n" } else { "snapshots:\n" }.to_owned();
        text.extend(self.list.iter().map(Snapshot::item));
        text
    }
}

impl Snapshot {
    /// A snapshot as an item of the list in a file.
    fn item(&self) -> String {
        let values = |(param, value): (&String, &u16)| format!("{}: {value}", name(param));
        let values = self.values.iter().map(values).collect::<Vec<_>>().join(", ");
        let (profile, called) = (name(&self.profile), name(&self.name));
        format!("  - profile: {profile}\n    name: {called}\n    values: {{ {values} }}\n")
    }
}

impl FromIterator<Snapshot> for Snapshots {
    fn from_iter<T: IntoIterator<Item = Snapshot>>(snapshots: T) -> Snapshots {
        let mut all = Snapshots::default();
        for snapshot in snapshots {
            all.put(snapshot);
        }
        all
    }
}

impl FromYaml for Snapshots {
    /// The largest list and the text before it, and the same again for additions of others to the same file.
    const BYTES_MAX: usize = 2 * LIST_BYTES_MAX;

    fn from_yaml(file: &str, text: &str) -> Result<Snapshots, Vec<Fault>> {
        yaml::check_within(Self::BYTES_MAX, file, text, |reader, root| {
            if !root.is_given() {
                return Some(Snapshots::default());
            }
            let map = reader.versioned(root, &["snapshots"])?;
            Some(Snapshots::read(reader, &map.field("snapshots")))
        })
    }
}

impl ToYaml for Snapshots {
    const LOSS: &'static str = "the snapshots work now, but new ones are lost when busker ends";
    const ROOM: &'static str = "delete some snapshots first";

    fn to_yaml(&self) -> String {
        format!("# Snapshots of parameter values: `snapshot.save` adds one.\n{}", self.field())
    }
}

impl Merge for Snapshots {
    fn merge(base: &Snapshots, ours: &Snapshots, theirs: &Snapshots) -> (Snapshots, bool) {
        let is_same = |a: &Snapshot, b: &Snapshot| a.profile == b.profile && a.name == b.name;
        let (list, is_lossy) = stored::merge_by((&base.list, &ours.list, &theirs.list), is_same);
        (list.into_iter().collect(), is_lossy)
    }
}

fn read_snapshot(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<Snapshot> {
    let map = reader.mapping(field, &["profile", "name", "values"])?;
    let profile = reader.needed(&map, "profile", |reader, profile| reader.text(profile, NAME_CHARS_MAX));
    let name = reader.needed(&map, "name", |reader, name| reader.text(name, NAME_CHARS_MAX));
    if let Some(name) = name.as_ref().filter(|name| name.contains(char::is_whitespace)) {
        reader.fault(&map.field("name"), format!("'{name}' does not fit, allowed one word"));
    }
    let values = reader.needed(&map, "values", |reader, values| {
        let entries = if values.is_given() { reader.entries(values) } else { Vec::new() };
        let read =
            |(name, value): &(String, YamlField<'_>)| Some((name.clone(), reader.int(value, 0, VALUE_MAX)? as u16));
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
    fn the_file_reads_back_unchanged() {
        let read = |snapshots: &Snapshots| Snapshots::from_yaml("snapshots.yaml", &snapshots.to_yaml());
        let mut snapshots = Snapshots::default();
        assert_eq!(read(&snapshots), Ok(snapshots.clone()));
        assert_eq!(snapshots.put(snapshot("nts1", "warm", &[("cutoff", 127), ("type", 0)])), None);
        for name in ["1", "y", "null", "1e3", "on", "~", "-", "a:b", "warm'#\u{e9}"] {
            snapshots.put(snapshot("fm: \"x\"", name, &[(name, 16_383)]));
        }
        assert_eq!(read(&snapshots), Ok(snapshots));
    }

    #[test]
    fn a_name_is_unique_in_the_profile() {
        let mut snapshots = Snapshots::default();
        snapshots.put(snapshot("a", "warm", &[("x", 1)]));
        snapshots.put(snapshot("b", "warm", &[("x", 2)]));
        assert_eq!(snapshots.put(snapshot("a", "warm", &[("x", 3)])), Some(snapshot("a", "warm", &[("x", 1)])));
        assert!(snapshots.rename("a", "warm", "cold") && !snapshots.rename("a", "warm", "cold"));
        assert_eq!(snapshots.get("a", "cold"), Some(&snapshot("a", "cold", &[("x", 3)])));
        assert!(snapshots.delete("a", "cold").is_some() && snapshots.delete("a", "cold").is_none());
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
                "snapshots.yaml:5 snapshots.2.values.a: 'a' appears more than once, allowed once",
                "snapshots.yaml:6 snapshots.3(cold).values: is missing",
                "snapshots.yaml:8 snapshots.5(hot).colour: 'colour' is not a field here, allowed profile, name, values",
                "snapshots.yaml:8 snapshots.5(hot): nts1 has two snapshots 'hot', allowed one",
            ]
        );
    }
}
