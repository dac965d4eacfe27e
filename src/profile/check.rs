//! From a tree of YAML to a valid [`Profile`], or to every fault of the tree.
//!
//! A field with a fault is read as if it were absent, so that one mistake is reported once and the rest is still
//! checked.

use std::collections::HashMap;

use super::{
    Fault, Param, Profile,
    fields::{NAME_CHARS_MAX, PARAM_FIELDS},
    values::{self, Carriers, read_ms},
};
use crate::yaml::{self, Mapping, YamlField, YamlReader, list};

const PROFILE_FIELDS: &[&str] = &[
    "id",
    "name",
    "maker",
    "source",
    "port_hints",
    "channel",
    "spacing_ms",
    "smoothing_ms",
    "order",
    "nrpn_lsb",
    "sections",
    "parameters",
];

/// Maximum length of `source`, in characters.
const SOURCE_CHARS_MAX: usize = 400;

/// Checks a whole file.
pub(super) fn check(file: &str, text: &str) -> Result<Profile, Vec<Fault>> {
    yaml::check(file, text, read_profile)
}

fn read_profile(reader: &mut YamlReader<'_>, root: &YamlField<'_>) -> Option<Profile> {
    let map = reader.mapping(root, PROFILE_FIELDS)?;
    let id = reader.needed(&map, "id", YamlReader::word);
    let name = reader.needed(&map, "name", |reader, field| reader.text(field, NAME_CHARS_MAX));
    let maker = reader.text(&map.field("maker"), NAME_CHARS_MAX);
    let source = reader.needed(&map, "source", |reader, field| reader.text(field, SOURCE_CHARS_MAX));
    let hints = reader.items(&map.field("port_hints"));
    let channel = reader.int(&map.field("channel"), 1, 16);
    let sections = read_sections(reader, &map);
    let params = read_params(reader, &map, &sections);
    let sections = sections.into_iter().map(|(section, _)| section).collect();
    Some(Profile {
        id: id.unwrap_or_default(),
        name: name.unwrap_or_default(),
        maker: maker.unwrap_or_default(),
        source: source.unwrap_or_default(),
        port_hints: hints.iter().filter_map(|hint| reader.text(hint, NAME_CHARS_MAX)).collect(),
        channel: channel.unwrap_or(1) as u8,
        spacing_ms: read_ms(reader, &map.field("spacing_ms")),
        smoothing_ms: read_ms(reader, &map.field("smoothing_ms")),
        sections,
        params,
    })
}

/// The title and line of each section.
fn read_sections<'n>(reader: &mut YamlReader<'_>, map: &Mapping<'n>) -> Vec<(String, YamlField<'n>)> {
    let items = reader.needed(map, "sections", YamlReader::some_items).unwrap_or_default();
    let mut sections: Vec<(String, YamlField<'n>)> = Vec::new();
    for item in items {
        let Some(section) = reader.text(&item, NAME_CHARS_MAX) else {
            continue;
        };
        if sections.iter().any(|(known, _)| *known == section) {
            reader.fault(&item, format!("'{section}' is already a section"));
        } else {
            sections.push((section, item));
        }
    }
    sections
}

fn read_params(reader: &mut YamlReader<'_>, profile: &Mapping<'_>, sections: &[(String, YamlField<'_>)]) -> Vec<Param> {
    let items = reader.needed(profile, "parameters", YamlReader::some_items).unwrap_or_default();
    let mut names = HashMap::new();
    let mut carriers = Carriers::of(reader, profile);
    let mut used = vec![false; sections.len()];
    let mut all_placed = true;
    let mut params = Vec::new();
    for (item, number) in items.iter().zip(1..) {
        let Some(map) = reader.mapping(item, PARAM_FIELDS) else {
            all_placed = false;
            continue;
        };
        let name = reader.needed(&map, "name", YamlReader::word);
        if let Some(name) = &name
            && let Some(first) = names.insert(name.clone(), number)
        {
            reader.fault(&map.field("name"), format!("'{name}' is already the name of parameters.{first}"));
        }
        let name = name.unwrap_or_default();
        let section = read_section(reader, &map, sections);
        match section.and_then(|section| used.get_mut(section)) {
            Some(used) => *used = true,
            None => all_placed = false,
        }
        params.push(values::read(reader, &map, name, section.unwrap_or_default(), &mut carriers));
    }
    carriers.check(reader, &params);
    // A parameter without a known section may be the missing one.
    if all_placed && !params.is_empty() {
        for ((section, field), _) in sections.iter().zip(used).filter(|(_, used)| !used) {
            reader.fault(field, format!("'{section}' is empty, allowed with one or more parameters"));
        }
    }
    params
}

fn read_section(reader: &mut YamlReader<'_>, map: &Mapping<'_>, sections: &[(String, YamlField<'_>)]) -> Option<usize> {
    let title = reader.needed(map, "section", |reader, field| reader.text(field, NAME_CHARS_MAX))?;
    let place = sections.iter().position(|(section, _)| *section == title);
    if place.is_none() && !sections.is_empty() {
        let titles: Vec<&str> = sections.iter().map(|(section, _)| section.as_str()).collect();
        reader.fault(&map.field("section"), format!("'{title}' is not a section, allowed {}", list(&titles)));
    }
    place
}
