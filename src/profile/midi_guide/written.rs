//! A synth of the table as the text of a profile. Pure.

use super::{Device, control::Control, naming};
use crate::{profile::Target, yaml::quoted};
use std::path::Path;

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
    lines.push("sections:".to_owned());
    let mut sections: Vec<&str> = Vec::new();
    for control in &device.controls {
        if !sections.contains(&control.section.as_str()) {
            sections.push(&control.section);
        }
    }
    lines.extend(sections.iter().map(|section| format!("  - {}", quoted(section))));
    lines.push("parameters:".to_owned());
    for (control, word) in device.controls.iter().zip(naming::words(&device.controls)) {
        lines.extend(parameter(control, &word));
    }
    lines.join("\n") + "\n"
}

fn parameter(control: &Control, word: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if !control.remark.is_empty() {
        lines.push(format!("  # {}", control.remark));
    }
    lines.push(format!("  - name: {word}"));
    lines.push(format!("    label: {}", quoted(&control.label)));
    lines.push(format!("    section: {}", quoted(&control.section)));
    match control.target {
        Target::Cc(cc) => lines.push(format!("    cc: {cc}")),
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
            format!("      - {{ value: {}, label: {} }}", option.lo, quoted(&option.label))
        };
        lines.extend(control.options.iter().map(option));
    }
    lines
}
