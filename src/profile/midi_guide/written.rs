//! Writes a synth of the table as the text of a profile. Pure.

use super::{Device, guide_param::GuideParam, naming, words::words};
use crate::{
    profile::{Halves, Target},
    yaml::quoted,
};
use std::path::Path;

/// Synths that need the lower half first, by the beginnings of maker and name. Source: Korg's NTS-1 digital kit mkII
/// MIDI Implementation v1.00.
const LSB_FIRST: [(&str, &str); 3] = [("korg", "nts-1 mk"), ("korg", "nts-1 digital kit mk"), ("korg", "nts-1mk")];
/// Synths that split the values of every NRPN over both halves, by the beginnings of maker and name. Source: "NRPN
/// Messages" in the manuals of the Prophet 12 and Prophet X; the OB-6 and the Toraiz AS-1 have Sequential's engine.
const SPLITS_ALL: [(&str, &str); 4] =
    [("sequential", ""), ("dave smith", ""), ("oberheim", "ob-6"), ("pioneer", "toraiz as-1")];

/// The whole file.
pub(super) fn profile(table: &str, device: &Device) -> String {
    let table = Path::new(table).file_name().unwrap_or_default().to_string_lossy();
    let source = format!(
        "imported from {}, a table in the form of midi.guide (its own: Pencil Research, CC BY-SA 4.0)",
        naming::cut(&table)
    );
    let mut lines = vec![format!("id: {}", device.id), format!("name: {}", quoted(&device.name))];
    if !device.maker.is_empty() {
        lines.push(format!("maker: {}", quoted(&device.maker)));
    }
    lines.push(format!("source: {}", quoted(&source)));
    lines.extend(halves(device));
    lines.push("sections:".to_owned());
    let mut sections: Vec<&str> = Vec::new();
    for control in &device.controls {
        if !sections.contains(&control.section.as_str()) {
            sections.push(&control.section);
        }
    }
    lines.extend(sections.iter().map(|section| format!("  - {}", quoted(section))));
    lines.push("parameters:".to_owned());
    for (control, word) in device.controls.iter().zip(words(&device.controls)) {
        lines.extend(parameter(control, &word));
    }
    lines.join("\n") + "\n"
}

/// How values of two halves are sent, which the table does not give: as known of the synth, else as MIDI says. The file
/// states it where it matters, so that a user can change it.
fn halves(device: &Device) -> Vec<String> {
    let is = |known: &[(&str, &str)]| {
        let begins = |text: &str, start: &str| text.to_lowercase().starts_with(start);
        known.iter().any(|(maker, name)| begins(&device.maker, maker) && begins(&device.name, name))
    };
    let numbered = |target| matches!(target, Target::Nrpn { .. } | Target::Rpn { .. });
    let narrow = |control: &&GuideParam| numbered(control.target) && control.hi <= 127;
    let splits = is(&SPLITS_ALL) && device.controls.iter().any(|control| narrow(&control));
    let halved = |control: &GuideParam| match control.target {
        Target::Cc14 { .. } => true,
        target => numbered(target) && (splits || !narrow(&control)),
    };
    let mut lines = Vec::new();
    if device.controls.iter().any(halved) {
        let [(msb_first, _), (lsb_first, _)] = Halves::ORDERS;
        lines.push(format!("order: {}", if is(&LSB_FIRST) { lsb_first } else { msb_first }));
    }
    if splits {
        lines.push("nrpn_lsb: yes".to_owned());
    }
    lines
}

fn parameter(control: &GuideParam, word: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if !control.remark.is_empty() {
        lines.push(format!("  # {}", control.remark));
    }
    lines.push(format!("  - name: {word}"));
    lines.push(format!("    label: {}", quoted(&control.label)));
    lines.push(format!("    section: {}", quoted(&control.section)));
    match control.target {
        Target::Cc(cc) => lines.push(format!("    cc: {cc}")),
        Target::Cc10 { msb, lsb } => {
            lines.extend([format!("    cc: {msb}"), format!("    lsb: {lsb}"), "    lsb_bits: 3".to_owned()]);
        }
        Target::Cc14 { msb, lsb } => lines.extend([format!("    cc: {msb}"), format!("    lsb: {lsb}")]),
        Target::Nrpn { msb, lsb } => lines.push(format!("    nrpn: [{msb}, {lsb}]")),
        Target::Rpn { msb, lsb } => lines.push(format!("    rpn: [{msb}, {lsb}]")),
        Target::PitchBend => lines.push("    pitchbend: yes".to_owned()),
        Target::Program => lines.push("    program: yes".to_owned()),
    }
    if (control.lo, control.hi) != (0, control.target.value_max()) {
        lines.push(format!("    range: [{}, {}]", control.lo, control.hi));
    }
    lines.extend(control.default.map(|default| format!("    default: {default}")));
    if control.centered {
        lines.push("    centered: yes".to_owned());
    }
    if !control.options.is_empty() {
        lines.push("    options:".to_owned());
        let option = |option: &super::usage::Meaning| {
            let range = match option.lo == option.hi {
                true => String::new(),
                false => format!("range: [{}, {}], ", option.lo, option.hi),
            };
            format!("      - {{ value: {}, {range}label: {} }}", option.value(), quoted(&option.label))
        };
        lines.extend(control.options.iter().map(option));
    }
    lines
}
