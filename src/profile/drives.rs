//! The parameters that a macro of a profile drives. Pure.
//!
//! ```yaml
//! - { name: bright, section: Macros, drives: [{ param: filter_cutoff, range: [0.2, 1], curve: exponential }] }
//! ```

use super::{
    Curve, Drive, Param,
    fields::{DRIVES, NAME_CHARS_MAX, PARAM_FIELDS},
};
use crate::yaml::{Mapping, YamlField, YamlReader, list};

/// The fields allowed beside `drives`; the others are about messages.
const BESIDE: [&str; 4] = ["name", "label", "section", DRIVES];

/// The names of driven parameters, with their lines: they are looked up after every parameter is read.
#[derive(Default)]
pub(super) struct Driven<'n>(Vec<(YamlField<'n>, String)>);

/// Reads a macro.
pub(super) fn read<'n>(
    reader: &mut YamlReader<'_>,
    map: &Mapping<'n>,
    name: &str,
    section: usize,
    driven: &mut Driven<'n>,
) -> Param {
    for key in PARAM_FIELDS.iter().filter(|key| !BESIDE.contains(key)) {
        if map.field(key).is_given() {
            reader.fault(&map.field(key), format!("'{key}' beside drives, allowed {}", list(&BESIDE)));
        }
    }
    let items = reader.some_items(&map.field(DRIVES)).unwrap_or_default();
    let drives = items.iter().filter_map(|item| read_drive(reader, item, driven)).collect();
    let label = reader.text(&map.field("label"), NAME_CHARS_MAX);
    let param = Param::driving(name, section, drives);
    Param { label: label.unwrap_or(param.label), ..param }
}

fn read_drive<'n>(reader: &mut YamlReader<'_>, item: &YamlField<'n>, driven: &mut Driven<'n>) -> Option<Drive> {
    let map = reader.mapping(item, &["param", "range", "curve"])?;
    let param = reader.needed(&map, "param", YamlReader::word);
    if let Some(param) = &param {
        driven.0.push((map.field("param"), param.clone()));
    }
    let (from, to) = read_range(reader, &map.field("range")).unwrap_or((0.0, 1.0));
    Some(Drive { param: param?, from, to, curve: read_curve(reader, &map.field("curve")) })
}

/// Two positions of the knob.
fn read_range(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<(f64, f64)> {
    let items = reader.items(field);
    match &items[..] {
        [from, to] => Some((reader.number(from, 0.0, 1.0)?, reader.number(to, 0.0, 1.0)?)),
        items => {
            if field.is_list() {
                reader.fault(field, format!("'{}' items, allowed 2", items.len()));
            }
            None
        }
    }
}

fn read_curve(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Curve {
    let Some(name) = reader.text(field, NAME_CHARS_MAX) else { return Curve::default() };
    let known = Curve::NAMES.into_iter().filter(|(_, curve)| *curve != Curve::Stepped);
    match known.clone().find(|(known, _)| *known == name) {
        Some((_, curve)) => curve,
        None => {
            let names: Vec<&str> = known.map(|(known, _)| known).collect();
            reader.fault(field, format!("'{name}' is not a curve, allowed {}", list(&names)));
            Curve::default()
        }
    }
}

impl Driven<'_> {
    /// Reports names that are no parameter of the profile, or are a macro.
    pub(super) fn check(&self, reader: &mut YamlReader<'_>, params: &[Param]) {
        for (field, name) in &self.0 {
            match params.iter().find(|param| param.name == *name) {
                None => reader.fault(field, format!("'{name}' is not a parameter, allowed the name of one")),
                Some(param) if param.target.is_none() => {
                    reader.fault(field, format!("'{name}' is a macro, allowed a parameter that is not a macro"));
                }
                Some(_) => {}
            }
        }
    }
}
