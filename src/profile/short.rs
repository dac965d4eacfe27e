//! Short profiles in the settings: an id, and the controller of each parameter; or, in the old format of the program
//! before busker, an id with a name and its `parameters`.
//!
//! Each profile is checked on its own: one with faults is left out, and the others count. `values` reads a parameter's
//! fields, as it reads those of a whole profile. Pure.

use super::{
    Fault, Profile,
    fields::{NAME_CHARS_MAX, PARAM_FIELDS},
    values::{self, Carriers},
};
use crate::yaml::{self, YamlField, YamlReader};

/// The field of the settings.
pub const SHORT_KEY: &str = "cc_profiles";

/// The `source` of their numbers.
const SOURCE: &str = "the settings file";

/// The one section of their parameters.
const SECTION: &str = "Knobs";

/// The short profiles of one file.
pub(super) struct Short {
    /// The valid profiles.
    pub(super) profiles: Vec<Profile>,
    /// The ids of those with faults.
    pub(super) faulty: Vec<String>,
    /// Every fault, in order of line.
    pub(super) faults: Vec<Fault>,
}

/// Checks the short profiles in a settings text; the other settings are ignored. `taken` gives the file that already
/// has an id.
///
/// # Errors
/// Every fault, if the profiles cannot be separated.
pub(super) fn check<'t>(file: &str, text: &str, taken: impl Fn(&str) -> Option<&'t str>) -> Result<Short, Vec<Fault>> {
    let checked = yaml::check_parts(file, text, |reader, root| read_all(reader, root, taken));
    match checked.map_err(|fault| vec![fault])? {
        (Some((profiles, faulty)), faults) => Ok(Short { profiles, faulty, faults }),
        (None, faults) => Err(faults),
    }
}

/// The valid profiles, and the ids of the others; `None` without a list of them.
fn read_all<'t>(
    reader: &mut YamlReader<'_>,
    root: &YamlField<'_>,
    taken: impl Fn(&str) -> Option<&'t str>,
) -> Option<(Vec<Profile>, Vec<String>)> {
    let (mut profiles, mut faulty): (Vec<Profile>, _) = (Vec::new(), Vec::new());
    if root.is_given() && !root.is_mapping() {
        reader.entries(root);
        return None;
    }
    let list = root.entry(SHORT_KEY);
    if !list.is_given() {
        return Some((profiles, faulty));
    }
    let entries = reader.entries(&list);
    if !list.is_mapping() {
        return None;
    }
    for (key, entry) in entries {
        if profiles.iter().any(|profile| profile.id == key) || faulty.contains(&key) {
            // Already reported: the id is there more than once, and the first one counts.
            continue;
        }
        let before = reader.fault_count();
        let id = reader.key_word(&key, &entry).unwrap_or_default();
        if let Some(first) = taken(&id) {
            reader.fault(&entry, format!("'{id}' is already the id of {first}"));
        }
        let profile = read(reader, id, &entry);
        if reader.fault_count() == before { profiles.push(profile) } else { faulty.push(key) }
    }
    Some((profiles, faulty))
}

fn read(reader: &mut YamlReader<'_>, id: String, entry: &YamlField<'_>) -> Profile {
    let fields: Vec<&str> =
        PARAM_FIELDS.iter().copied().filter(|field| !matches!(*field, "name" | "section")).collect();
    let mut carriers = Carriers::default();
    let mut params = Vec::new();
    let (name, knobs) = read_name(reader, entry);
    let entries = reader.entries(&knobs);
    if knobs.is_mapping() && entries.is_empty() {
        reader.fault(&knobs, "is empty, allowed one or more".to_owned());
    }
    for (key, entry) in entries {
        let name = reader.key_word(&key, &entry).unwrap_or_default();
        if let Some(map) = reader.mapping(&entry, &fields) {
            params.push(values::read(reader, &map, name, 0, &mut carriers));
        }
    }
    carriers.check(reader, &params);
    Profile {
        name: name.unwrap_or_else(|| id.clone()),
        id,
        maker: String::new(),
        source: SOURCE.to_owned(),
        port_hints: Vec::new(),
        channel: 1,
        spacing_ms: None,
        smoothing_ms: None,
        sections: vec![SECTION.to_owned()],
        params,
    }
}

/// The name of a profile, if it has one beside its id, and the field of its parameters. A parameter may be called
/// `name` or `parameters`: then its fields give a controller.
fn read_name<'n>(reader: &mut YamlReader<'_>, entry: &YamlField<'n>) -> (Option<String>, YamlField<'n>) {
    let (name, knobs) = (entry.entry("name"), entry.entry("parameters"));
    let has_knobs = knobs.is_mapping() && !values::is_carried(&knobs);
    if !has_knobs && (!name.is_given() || name.is_mapping()) {
        return (None, entry.clone());
    }
    let Some(map) = reader.mapping(entry, &["name", "parameters"]) else { return (None, entry.clone()) };
    (reader.text(&name, NAME_CHARS_MAX), map.field("parameters"))
}

#[cfg(test)]
mod tests;
