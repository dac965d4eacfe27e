//! Reads the fields of one parameter, in a whole profile and in the short format of the settings alike.
//!
//! A field with a fault is read as if it were absent, so that one mistake is reported once and the rest is still
//! checked.

use std::collections::HashMap;

use super::{
    Curve, Halves, Param, ParamOption, Target,
    drives::{self, Driven},
    fields::{DRIVES, NAME_CHARS_MAX},
    param::{plain, read_position},
};
use crate::yaml::{Mapping, YamlField, YamlReader, list};

const TARGETS: [&str; 5] = ["cc", "nrpn", "rpn", "pitchbend", "program"];

/// Whether fields give the message of a parameter.
pub(super) fn is_carried(field: &YamlField<'_>) -> bool {
    TARGETS.iter().chain(&[DRIVES]).any(|key| field.entry(key).is_given())
}

/// Maximum length of `unit`, in characters.
const UNIT_CHARS_MAX: usize = 8;

/// Maximum of the numbers of `display`, either side of 0.
const DISPLAY_MAX: i64 = 1_000_000;

/// Maximum of `spacing_ms` and `smoothing_ms`, in ms.
const SPACING_MS_MAX: i64 = 1000;

/// The data that all parameters of a profile share.
#[derive(Default)]
pub(super) struct Carriers<'n> {
    /// The order of the halves of 14 bits.
    order: Halves,
    /// Whether numbered parameters of 7 bits have a lower half, too.
    nrpn_lsb: bool,
    /// The parameter on each message.
    carried: HashMap<Target, String>,
    /// The parameters that macros drive.
    driven: Driven<'n>,
}

impl Carriers<'_> {
    /// The data of a profile with these fields of its own.
    pub(super) fn of(reader: &mut YamlReader<'_>, map: &Mapping<'_>) -> Self {
        let field = map.field("order");
        let order = reader.text(&field, NAME_CHARS_MAX).and_then(|name| {
            let order = Halves::ORDERS.into_iter().find(|(known, _)| *known == name);
            if order.is_none() {
                let allowed = list(&Halves::ORDERS.map(|(known, _)| known));
                reader.fault(&field, format!("'{name}' is not an order of halves, allowed {allowed}"));
            }
            order
        });
        let order = order.map_or_else(Halves::default, |(_, order)| order);
        Carriers { order, nrpn_lsb: reader.flag(&map.field("nrpn_lsb")).unwrap_or_default(), ..Carriers::default() }
    }

    /// How a value up to `hi` is sent.
    fn halves(&self, target: Target, hi: u16) -> Halves {
        match target {
            Target::Nrpn { .. } | Target::Rpn { .. } if hi <= 127 && !self.nrpn_lsb => Halves::MsbOnly,
            _ => self.order,
        }
    }

    /// Reports faults that show only after every parameter is read.
    pub(super) fn check(&self, reader: &mut YamlReader<'_>, params: &[Param]) {
        self.driven.check(reader, params);
    }
}

/// Reads the fields of a parameter, except its name and its section.
pub(super) fn read<'n>(
    reader: &mut YamlReader<'_>,
    map: &Mapping<'n>,
    name: String,
    section: usize,
    carriers: &mut Carriers<'n>,
) -> Param {
    if map.field(DRIVES).is_given() {
        return drives::read(reader, map, &name, section, &mut carriers.driven);
    }
    let target = read_target(reader, map);
    if let Some(target) = target {
        check_carried(reader, map, target, &name, carriers);
    }
    // Without a target the range is checked against the widest, because the narrower one is unknown.
    let target = target.unwrap_or(Target::PitchBend);
    let (lo, hi) = read_range(reader, map, target.value_max());
    let label = reader.text(&map.field("label"), NAME_CHARS_MAX);
    let options = read_options(reader, map, lo, hi);
    let mut param = Param {
        label: label.unwrap_or_else(|| name.clone()),
        name,
        section,
        target: Some(target),
        halves: carriers.halves(target, hi),
        drives: Vec::new(),
        lo,
        hi,
        default: lo,
        curve: read_curve(reader, map),
        options,
        centered: reader.flag(&map.field("centered")).unwrap_or_default(),
        unit: reader.text(&map.field("unit"), UNIT_CHARS_MAX),
        display_ends: reader
            .pair(&map.field("display"), -DISPLAY_MAX, DISPLAY_MAX)
            .map(|(at_lo, at_hi)| (at_lo as i32, at_hi as i32)),
        spacing_ms: read_ms(reader, &map.field("spacing_ms")),
        smoothing_ms: read_ms(reader, &map.field("smoothing_ms")),
        random: reader.flag(&map.field("random")).unwrap_or(target.shapes_the_sound()),
    };
    param.default = match (read_default(reader, map, &param), param.options.first()) {
        (Some(default), _) => default,
        (None, _) if param.centered => param.snap(param.centre()),
        (None, Some(first)) => first.value,
        (None, None) => lo,
    };
    param
}

fn read_target(reader: &mut YamlReader<'_>, map: &Mapping<'_>) -> Option<Target> {
    let given: Vec<&str> = TARGETS.into_iter().filter(|key| map.field(key).is_given()).collect();
    let lsb = map.field("lsb");
    if lsb.is_given() && !given.contains(&"cc") {
        reader.fault(&lsb, format!("'{}' without 'cc', allowed beside it", lsb.shown()));
    }
    let key = match given[..] {
        [key] => key,
        // Already reported.
        [] if lsb.is_given() => return None,
        [] => {
            let allowed = "allowed one of cc, cc + lsb, nrpn, rpn, pitchbend, program, drives";
            reader.fault(map.place(), format!("no controller, {allowed}"));
            return None;
        }
        [_, second, ..] => {
            reader.fault(&map.field(second), format!("'{}' together, allowed only one of them", given.join("' and '")));
            return None;
        }
    };
    let field = map.field(key);
    let seven_bits = |value: i64| value as u8;
    match key {
        "cc" if lsb.is_given() => {
            let bits = map.field("lsb_bits");
            let is_of_ten = match reader.int(&bits, 0, 127) {
                Some(3) => true,
                Some(other) if other != 7 => {
                    reader.fault(&bits, format!("'{other}' lower bits, allowed 3 or 7"));
                    false
                }
                _ => false,
            };
            let msb = reader.int(&field, 0, 127).map(seven_bits);
            let lsb_number = reader.int(&lsb, 0, 127).map(seven_bits)?;
            if msb == Some(lsb_number) {
                reader.fault(&lsb, format!("'{lsb_number}' is also its cc, allowed another controller"));
                return None;
            }
            let msb = msb?;
            Some(if is_of_ten { Target::Cc10 { msb, lsb: lsb_number } } else { Target::Cc14 { msb, lsb: lsb_number } })
        }
        "cc" => reader.int(&field, 0, 127).map(seven_bits).map(Target::Cc),
        "nrpn" | "rpn" => {
            let (msb, lsb) = reader.pair(&field, 0, 127)?;
            let (msb, lsb) = (seven_bits(msb), seven_bits(lsb));
            Some(if key == "nrpn" { Target::Nrpn { msb, lsb } } else { Target::Rpn { msb, lsb } })
        }
        _ => match reader.flag(&field)? {
            true if key == "program" => Some(Target::Program),
            true => Some(Target::PitchBend),
            false => {
                reader.fault(&field, format!("'{}' carries nothing, allowed yes", field.shown()));
                None
            }
        },
    }
}

/// Reports a second parameter on one controller: the two would overwrite each other.
fn check_carried(
    reader: &mut YamlReader<'_>,
    map: &Mapping<'_>,
    target: Target,
    name: &str,
    Carriers { carried, .. }: &mut Carriers<'_>,
) {
    let parts = match target {
        Target::Cc(_) => vec![("cc", target)],
        // Many parameters share the controller of the lower bits.
        Target::Cc10 { msb, .. } => vec![("cc", Target::Cc(msb))],
        Target::Cc14 { msb, lsb } => vec![("cc", Target::Cc(msb)), ("lsb", Target::Cc(lsb))],
        Target::Nrpn { .. } => vec![("nrpn", target)],
        Target::Rpn { .. } => vec![("rpn", target)],
        Target::PitchBend => vec![("pitchbend", target)],
        Target::Program => vec![("program", target)],
    };
    for (key, part) in parts {
        if let Some(first) = carried.get(&part) {
            let field = map.field(key);
            reader.fault(
                &field,
                format!("'{key} {}' already carries {first}, allowed one parameter each", field.shown()),
            );
        } else {
            carried.insert(part, name.to_owned());
        }
    }
}

/// A time of the scheduler, in ms.
pub(super) fn read_ms(reader: &mut YamlReader<'_>, field: &YamlField<'_>) -> Option<u16> {
    reader.int(field, 0, SPACING_MS_MAX).map(|ms| ms as u16)
}

fn read_range(reader: &mut YamlReader<'_>, map: &Mapping<'_>, value_max: u16) -> (u16, u16) {
    let field = map.field("range");
    match reader.pair(&field, 0, i64::from(value_max)) {
        Some((lo, hi)) if lo < hi => (lo as u16, hi as u16),
        Some((lo, hi)) => {
            reader.fault(&field, format!("'{lo}' to '{hi}' is empty, allowed [lowest, highest]"));
            (0, value_max)
        }
        None => (0, value_max),
    }
}

fn read_curve(reader: &mut YamlReader<'_>, map: &Mapping<'_>) -> Curve {
    let field = map.field("curve");
    let has_options = map.field("options").is_given();
    let by_default = if has_options { Curve::Stepped } else { Curve::Linear };
    let Some(name) = reader.text(&field, NAME_CHARS_MAX) else {
        return by_default;
    };
    let Some((_, curve)) = Curve::NAMES.into_iter().find(|(known, _)| *known == name) else {
        let allowed = list(&Curve::NAMES.map(|(known, _)| known));
        reader.fault(&field, format!("'{name}' is not a curve, allowed {allowed}"));
        return by_default;
    };
    if curve == Curve::Stepped && !has_options {
        reader.fault(&field, "'stepped' without options, allowed with a list of value and label".to_owned());
    } else if curve != Curve::Stepped && has_options {
        reader.fault(&field, format!("'{name}' with options, allowed stepped"));
    }
    curve
}

fn read_options(reader: &mut YamlReader<'_>, map: &Mapping<'_>, lo: u16, hi: u16) -> Vec<ParamOption> {
    let items = reader.some_items(&map.field("options")).unwrap_or_default();
    let mut options = Vec::new();
    let (mut values, mut labels) = (HashMap::new(), HashMap::new());
    for item in items {
        let Some(map) = reader.mapping(&item, &["value", "range", "label"]) else {
            continue;
        };
        let value = reader.needed(&map, "value", |reader, field| reader.int(field, i64::from(lo), i64::from(hi)));
        let label = reader.needed(&map, "label", |reader, field| reader.text(field, NAME_CHARS_MAX));
        let (Some(value), Some(label)) = (value, label) else {
            continue;
        };
        let range = read_option_range(reader, &map, value, &options);
        if let Some(first) = values.insert(value, label.clone()) {
            reader.fault(&map.field("value"), format!("'{value}' is already the value of '{first}'"));
            continue;
        }
        if plain(&label).is_empty() {
            reader.fault(&map.field("label"), format!("'{label}' cannot be typed, allowed letters and digits too"));
        } else if read_position(&label).is_some() {
            let advice = "allowed with a word, such as 'type 1'";
            reader.fault(&map.field("label"), format!("'{label}' would be read as a knob position, {advice}"));
        } else if let Some(first) = labels.insert(plain(&label), value) {
            reader.fault(&map.field("label"), format!("'{label}' is already the label of '{first}'"));
        }
        options.push(ParamOption { value: value as u16, range, label });
    }
    options
}

/// The range of values of an option, which holds the value that is sent.
fn read_option_range(reader: &mut YamlReader<'_>, map: &Mapping<'_>, value: i64, before: &[ParamOption]) -> (u16, u16) {
    let field = map.field("range");
    let (lo, hi) = reader.pair(&field, 0, i64::from(u16::MAX)).unwrap_or((value, value));
    if !(lo..=hi).contains(&value) {
        reader.fault(&field, format!("'{lo}' to '{hi}' does not hold its value {value}, allowed [lowest, highest]"));
    }
    let range = (lo as u16, hi as u16);
    if field.is_given()
        && let Some(other) = before.iter().find(|other| range.0 <= other.range.1 && other.range.0 <= range.1)
    {
        reader.fault(&field, format!("'{lo}' to '{hi}' meets that of '{}'", other.label));
    }
    range
}

fn read_default(reader: &mut YamlReader<'_>, map: &Mapping<'_>, param: &Param) -> Option<u16> {
    let field = map.field("default");
    let default = reader.int(&field, i64::from(param.lo), i64::from(param.hi))? as u16;
    if param.snap(default) != default {
        let values: Vec<String> = param.options.iter().map(|option| option.value.to_string()).collect();
        reader.fault(&field, format!("'{default}' is not an option's value, allowed {}", list(&values)));
    }
    Some(default)
}
