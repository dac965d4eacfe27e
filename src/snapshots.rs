//! Snapshots: where a synth's knobs stood, by name; those of the user's library and those of a session. Pure.
//!
//! A snapshot belongs to a profile by its id. It may name parameters the profile does not have (any more): they are kept.

use crate::{
    stored::{self, FromYaml, Merge, ToYaml},
    yaml::{self, Fault, Field, Reader, name},
};
use std::collections::BTreeMap;

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

    /// Takes one out.
    pub fn delete(&mut self, profile: &str, name: &str) -> Option<Snapshot> {
        let at = self.list.iter().position(|snapshot| snapshot.profile == profile && snapshot.name == name)?;
        Some(self.list.remove(at))
    }

    /// Reads the items of a list.
    pub(crate) fn read(reader: &mut Reader<'_>, list: &Field<'_>) -> Snapshots {
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
        for Snapshot { profile, name: called, values } in &self.list {
            let values: Vec<String> = values.iter().map(|(param, value)| format!("{}: {value}", name(param))).collect();
            let (profile, called, values) = (name(profile), name(called), values.join(", "));
            text += &format!("  - profile: {profile}\n    name: {called}\n    values: {{ {values} }}\n");
        }
        text
    }
}

impl FromYaml for Snapshots {
    fn from_yaml(file: &str, text: &str) -> Result<Snapshots, Vec<Fault>> {
        yaml::check(file, text, |reader, root| {
            if !root.is_given() {
                return Some(Snapshots::default());
            }
            let map = reader.mapping(root, &["snapshots"])?;
            Some(Snapshots::read(reader, &map.field("snapshots")))
        })
    }
}

impl ToYaml for Snapshots {
    const LOSS: &'static str = "the snapshots work, but what is new is gone with this session";
    const ROOM: &'static str = "delete some snapshots first";

    fn to_yaml(&self) -> String {
        format!("# Where the knobs stood: `snapshot.save` adds to it.\n{}", self.field())
    }
}

impl Merge for Snapshots {
    fn merge(base: &Snapshots, ours: &Snapshots, theirs: &Snapshots) -> (Snapshots, bool) {
        let is_same = |a: &Snapshot, b: &Snapshot| a.profile == b.profile && a.name == b.name;
        let (list, is_lossy) = stored::merge_by((&base.list, &ours.list, &theirs.list), is_same);
        (Snapshots { list }, is_lossy)
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
    fn a_name_is_its_own_in_the_profile() {
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
                "snapshots.yaml:5 snapshots.2.values.a: 'a' stands more than once, allowed once",
                "snapshots.yaml:6 snapshots.3(cold).values: is missing",
                "snapshots.yaml:8 snapshots.5(hot).colour: 'colour' is not a field here, allowed profile, name, values",
                "snapshots.yaml:8 snapshots.5(hot): nts1 has two snapshots 'hot', allowed one",
            ]
        );
    }
}
