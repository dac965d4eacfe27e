//! Makes profiles from a table in the format of midi.guide: a CSV with a row per parameter, of one synth or of several.
//! Pure.
//!
//! From table to profile: text → `table` (rows by column name) → `control` (the checked contents of a row) → `words`
//! (names for scripts) → `written` (YAML), which must pass [`Profile::from_yaml`] before it is returned. Nothing is
//! invented: contents that a profile cannot hold are reported with line and column, and the rest is used.

mod guide_param;
mod naming;
mod table;
mod usage;
mod words;
mod written;

use super::{Profile, Target};
use crate::yaml::Fault;
use guide_param::GuideParam;
use std::collections::HashMap;
use table::{Column, TableRow};

/// The result of an import.
#[derive(Debug, Default)]
pub struct ImportReport {
    /// A profile for each synth of the table with a parameter, in the order of the table.
    pub made: Vec<GuideProfile>,
    /// Contents of the table that could not be used, in the order of the lines.
    pub unused: Vec<Fault>,
    /// Why synths of the table have no profile, one fault each.
    pub failed: Vec<Fault>,
}

/// A profile that passes every check.
#[derive(Debug)]
pub struct GuideProfile {
    /// Its id, which is also its file name.
    pub id: String,
    /// One line that describes it.
    pub summary: String,
    /// The file's text.
    pub yaml: String,
}

/// A synth of the table.
struct Device {
    id: String,
    maker: String,
    name: String,
    controls: Vec<GuideParam>,
    rows_left_out: usize,
    /// Name and line of the parameter on each controller.
    carried: HashMap<Target, (String, usize)>,
}

/// Reads a table. `file` is used in the faults and in the profiles' source.
///
/// # Errors
/// The text is no table of this format, or has no row.
pub fn import(file: &str, text: &str) -> Result<ImportReport, Fault> {
    let rows = table::read(file, text)?;
    let mut imported = ImportReport::default();
    let mut devices: Vec<Device> = Vec::new();
    for row in rows {
        let mut told = RowFaults { file, row: &row, faults: &mut imported.unused };
        row.told(&mut told);
        let Some(device) = device_of(&row, &mut told, &mut devices) else {
            continue;
        };
        match guide_param::read(&row, &mut told).filter(|control| is_free(control, &row, &mut told, device)) {
            Some(control) => device.controls.push(control),
            None => device.rows_left_out += 1,
        }
    }
    for device in &devices {
        match made(file, device) {
            Ok(made) => imported.made.push(made),
            Err(fault) => imported.failed.push(fault),
        }
    }
    Ok(imported)
}

/// Reports contents of a row that could not be used.
struct RowFaults<'a> {
    file: &'a str,
    row: &'a TableRow,
    faults: &'a mut Vec<Fault>,
}

impl RowFaults<'_> {
    fn fault(&mut self, column: &str, message: String) {
        let line = Some(self.row.line);
        self.faults.push(Fault { file: self.file.to_owned(), line, path: column.to_owned(), message });
    }
}

/// The synth of a row; a new one for the first row of a synth.
fn device_of<'d>(row: &TableRow, told: &mut RowFaults<'_>, devices: &'d mut Vec<Device>) -> Option<&'d mut Device> {
    let (maker, name) = (row.cell(Column::Manufacturer), row.cell(Column::Device));
    if name.is_empty() {
        told.fault(Column::Device.name(), "is missing; the row is ignored".to_owned());
        return None;
    }
    let Some(id) = naming::id(maker, name) else {
        let message =
            format!("'{}' cannot form an id, allowed with letters a to z; the row is ignored", naming::shown(name));
        told.fault(Column::Device.name(), message);
        return None;
    };
    let at = devices.iter().position(|device| device.id == id).unwrap_or_else(|| {
        let (maker, name) = (naming::cut(maker), naming::cut(name));
        let device = Device { id, maker, name, controls: Vec::new(), rows_left_out: 0, carried: HashMap::new() };
        devices.push(device);
        devices.len() - 1
    });
    devices.get_mut(at)
}

/// Whether its controllers are free; the first parameter on a controller keeps it.
fn is_free(control: &GuideParam, row: &TableRow, told: &mut RowFaults<'_>, device: &mut Device) -> bool {
    let parts = match control.target {
        Target::Cc14 { msb, lsb } => vec![(Column::CcMsb, Target::Cc(msb)), (Column::CcLsb, Target::Cc(lsb))],
        Target::Cc(_) => vec![(Column::CcMsb, control.target)],
        _ => vec![(Column::NrpnMsb, control.target)],
    };
    for (column, part) in &parts {
        if let Some((first, line)) = device.carried.get(part) {
            let number = row.cell(*column);
            let message = format!("'{number}' already carries '{first}' (line {line}); '{}' is ignored", control.label);
            told.fault(column.name(), message);
            return false;
        }
    }
    let first = (control.label.clone(), row.line);
    device.carried.extend(parts.into_iter().map(|(_, part)| (part, first.clone())));
    true
}

fn made(file: &str, device: &Device) -> Result<GuideProfile, Fault> {
    let synth = format!("{} {}", device.maker, device.name);
    let synth = synth.trim();
    let whole = |message: String| Fault { file: file.to_owned(), line: None, path: String::new(), message };
    if device.controls.is_empty() {
        return Err(whole(format!("{synth} has no usable parameter; no profile is created")));
    }
    let yaml = written::profile(file, device);
    let profile = Profile::from_yaml(&format!("{}.yaml", device.id), &yaml).map_err(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        whole(format!("{synth} gives no valid profile: {}", faults.join(", ")))
    })?;
    let plural = |n: usize, what: &str| if n == 1 { format!("{n} {what}") } else { format!("{n} {what}s") };
    let mut summary = format!("{synth}, {}", plural(profile.params.len(), "parameter"));
    if device.rows_left_out > 0 {
        summary = format!("{summary}, {} ignored", plural(device.rows_left_out, "row"));
    }
    Ok(GuideProfile { id: profile.id, summary, yaml })
}

#[cfg(test)]
mod tests;
