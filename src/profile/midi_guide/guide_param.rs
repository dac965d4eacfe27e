//! The contents of a row, as far as a profile can hold them. Pure.

use super::{
    RowFaults, naming,
    table::{Column, TableRow},
    usage::{self, Meaning},
};
use crate::profile::Target;

/// A parameter of the table.
#[derive(Debug)]
pub(super) struct GuideParam {
    pub(super) section: String,
    pub(super) label: String,
    pub(super) target: Target,
    pub(super) lo: u16,
    pub(super) hi: u16,
    pub(super) default: Option<u16>,
    pub(super) centered: bool,
    pub(super) options: Vec<Meaning>,
    /// Description and notes.
    pub(super) remark: String,
}

/// Reads a row; `None` if it has no parameter, which is reported.
pub(super) fn read(row: &TableRow, told: &mut RowFaults<'_>) -> Option<GuideParam> {
    let label = row.cell(Column::ParameterName);
    if naming::clean(label).is_empty() {
        told.fault(Column::ParameterName.name(), "is missing; the row is ignored".to_owned());
        return None;
    }
    let section = match naming::clean(row.cell(Column::Section)) {
        section if section.is_empty() => "General".to_owned(),
        section => section,
    };
    for (column, text) in [(Column::ParameterName, label), (Column::Section, &section)] {
        if naming::is_cut(text) {
            told.fault(column.name(), format!("'{}' is too long and cut short", naming::shown(text)));
        }
    }
    let target = read_target(row, told)?;
    let of_nrpn = matches!(target, Target::Nrpn { .. });
    let (min, max, default) = match of_nrpn {
        true => (Column::NrpnMin, Column::NrpnMax, Column::NrpnDefault),
        false => (Column::CcMin, Column::CcMax, Column::CcDefault),
    };
    let lo = int(row, told, min, 0, target.value_max()).unwrap_or(0);
    let hi = int(row, told, max, 0, target.value_max()).unwrap_or(target.value_max());
    if lo >= hi {
        told.fault(max.name(), format!("'{lo}' to '{hi}' is an empty range; the row is ignored"));
        return None;
    }
    let options = usage::read(row.cell(Column::Usage), (lo, hi)).unwrap_or_else(|why| {
        told.fault(Column::Usage.name(), format!("{why}; the options are ignored"));
        Vec::new()
    });
    Some(GuideParam {
        section: naming::cut(&section),
        label: naming::cut(label),
        target,
        lo,
        hi,
        default: read_default(row, told, default, (lo, hi), &options),
        centered: read_orientation(row, told),
        options,
        remark: read_remark(row),
    })
}

/// A controller, else a non-registered parameter.
fn read_target(row: &TableRow, told: &mut RowFaults<'_>) -> Option<Target> {
    let left_out = "; the row is ignored";
    if !row.cell(Column::CcMsb).is_empty() {
        let msb = seven_bits(row, told, Column::CcMsb, left_out)?;
        let lsb_text = row.cell(Column::CcLsb);
        if lsb_text.is_empty() {
            return Some(Target::Cc(msb));
        }
        let wide = row.cell(Column::CcMax).parse::<i64>().is_ok_and(|max| max > 127);
        if !wide {
            let message = format!("'{}' is not used: the values fit in 7 bits", naming::shown(lsb_text));
            told.fault(Column::CcLsb.name(), message);
            return Some(Target::Cc(msb));
        }
        return match seven_bits(row, told, Column::CcLsb, left_out)? {
            lsb if lsb == msb => {
                told.fault(Column::CcLsb.name(), format!("'{lsb}' is also its cc_msb{left_out}"));
                None
            }
            lsb => Some(Target::Cc14 { msb, lsb }),
        };
    }
    if !row.cell(Column::NrpnMsb).is_empty() || !row.cell(Column::NrpnLsb).is_empty() {
        let msb = seven_bits(row, told, Column::NrpnMsb, left_out)?;
        let lsb = seven_bits(row, told, Column::NrpnLsb, left_out)?;
        return Some(Target::Nrpn { msb, lsb });
    }
    let alone = row.cell(Column::CcLsb);
    let message = match alone.is_empty() {
        true => format!("no controller, allowed cc_msb or nrpn_msb and nrpn_lsb{left_out}"),
        false => format!("'{}' without cc_msb{left_out}", naming::shown(alone)),
    };
    told.fault(if alone.is_empty() { Column::CcMsb.name() } else { Column::CcLsb.name() }, message);
    None
}

fn seven_bits(row: &TableRow, told: &mut RowFaults<'_>, column: Column, consequence: &str) -> Option<u8> {
    let number = row.cell(column).parse().ok().filter(|number| *number <= 127);
    if number.is_none() {
        let shown = naming::shown(row.cell(column));
        told.fault(column.name(), format!("'{shown}' does not fit, allowed 0 to 127{consequence}"));
    }
    number
}

/// A number, if there is one and it is in range.
fn int(row: &TableRow, told: &mut RowFaults<'_>, column: Column, lo: u16, hi: u16) -> Option<u16> {
    let text = row.cell(column);
    if text.is_empty() {
        return None;
    }
    let number = text.parse().ok().filter(|number| (lo..=hi).contains(number));
    if number.is_none() {
        let message = format!("'{}' does not fit, allowed {lo} to {hi}; it is ignored", naming::shown(text));
        told.fault(column.name(), message);
    }
    number
}

fn read_default(
    row: &TableRow,
    told: &mut RowFaults<'_>,
    column: Column,
    (lo, hi): (u16, u16),
    options: &[Meaning],
) -> Option<u16> {
    let default = int(row, told, column, lo, hi)?;
    if options.is_empty() {
        return Some(default);
    }
    let option = options.iter().find(|option| (option.lo..=option.hi).contains(&default));
    if option.is_none() {
        told.fault(column.name(), format!("'{default}' is not an option of usage; it is ignored"));
    }
    option.map(Meaning::value)
}

fn read_orientation(row: &TableRow, told: &mut RowFaults<'_>) -> bool {
    match row.cell(Column::Orientation).to_ascii_lowercase().as_str() {
        "centered" => true,
        "0-based" | "" => false,
        other => {
            let message = format!("'{}' is unknown, allowed 0-based, centered; it is ignored", naming::shown(other));
            told.fault(Column::Orientation.name(), message);
            false
        }
    }
}

fn read_remark(row: &TableRow) -> String {
    let texts = [Column::Description, Column::Notes].map(|column| naming::clean(row.cell(column)));
    texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ")
}
