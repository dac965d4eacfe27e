//! The table as rows whose cells are found by the name of their column. Pure.

use super::RowFaults;
use crate::yaml::Fault;
use csv::{ReaderBuilder, Trim};

/// The columns that a profile can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Manufacturer,
    Device,
    Section,
    ParameterName,
    Description,
    CcMsb,
    CcLsb,
    CcMin,
    CcMax,
    CcDefault,
    NrpnMsb,
    NrpnLsb,
    NrpnMin,
    NrpnMax,
    NrpnDefault,
    Orientation,
    Notes,
    Usage,
}

impl Column {
    /// Each column and its name in the header, in the order of the format.
    const NAMES: [(Column, &str); 18] = [
        (Column::Manufacturer, "manufacturer"),
        (Column::Device, "device"),
        (Column::Section, "section"),
        (Column::ParameterName, "parameter_name"),
        (Column::Description, "parameter_description"),
        (Column::CcMsb, "cc_msb"),
        (Column::CcLsb, "cc_lsb"),
        (Column::CcMin, "cc_min_value"),
        (Column::CcMax, "cc_max_value"),
        (Column::CcDefault, "cc_default_value"),
        (Column::NrpnMsb, "nrpn_msb"),
        (Column::NrpnLsb, "nrpn_lsb"),
        (Column::NrpnMin, "nrpn_min_value"),
        (Column::NrpnMax, "nrpn_max_value"),
        (Column::NrpnDefault, "nrpn_default_value"),
        (Column::Orientation, "orientation"),
        (Column::Notes, "notes"),
        (Column::Usage, "usage"),
    ];

    /// Its name in the header.
    pub(super) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(column, _)| *column == self).map_or("", |(_, name)| name)
    }
}

/// A row of the table.
#[derive(Debug)]
pub(super) struct TableRow {
    /// Its first line in the file, counted from 1.
    pub(super) line: usize,
    cells: Vec<(Column, String)>,
    /// Non-empty cells beyond the last column.
    beyond: usize,
    /// Whether it has an unclosed quote, so that the rest of the file may be in one of its cells.
    open: bool,
}

impl TableRow {
    /// A cell's text without the space around it; empty if there is none.
    pub(super) fn cell(&self, column: Column) -> &str {
        self.cells.iter().find(|(known, _)| *known == column).map_or("", |(_, text)| text)
    }

    /// Reports faults of the row as a whole.
    pub(super) fn told(&self, told: &mut RowFaults<'_>) {
        if self.open {
            told.fault("", "a quote is not closed: the lines after it are read as part of this row".to_owned());
        }
        if self.beyond > 0 {
            told.fault("", format!("'{}' cells beyond the last column are ignored", self.beyond));
        }
    }
}

/// The separator of the cells: where numbers have a decimal comma, spreadsheets write a semicolon or a tab.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |sign: &u8| header.bytes().filter(|byte| byte == sign).count();
    // The last of equals is taken.
    *[b'\t', b';', b','].iter().max_by_key(|sign| count(sign)).unwrap_or(&b',')
}

/// Every row except the header and empty rows.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<TableRow>, Fault> {
    let fault = |line, message: String| Fault { file: file.to_owned(), line, path: String::new(), message };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut header: Option<Vec<Option<Column>>> = None;
    let (mut line, mut counted) = (1, 0);
    let mut records = reader.records();
    loop {
        let record = match records.next() {
            Some(Ok(record)) => record,
            Some(Err(error)) => return Err(fault(None, format!("cannot be read: {error}"))),
            None => break,
        };
        // The position is the end of the row before: line ends and empty lines follow it.
        let after = record.position().map_or(0, |place| place.byte() as usize);
        let rest = text.get(after..).unwrap_or_default();
        let start = after + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        line += text.get(counted..start).unwrap_or_default().matches('\n').count();
        counted = start;
        let Some(columns) = &header else {
            header = Some(read_header(&record).map_err(|message| fault(Some(line), message))?);
            continue;
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let end = records.reader().position().byte() as usize;
        let written = text.get(start..end).unwrap_or_default();
        let cells = columns.iter().zip(&record).filter_map(|(column, cell)| Some(((*column)?, cell.to_owned())));
        rows.push(TableRow {
            line,
            cells: cells.collect(),
            beyond: record.iter().skip(columns.len()).filter(|cell| !cell.is_empty()).count(),
            open: end >= text.len() && written.trim_end().contains('\n') && written.matches('"').count() % 2 == 1,
        });
    }
    if rows.is_empty() {
        return Err(fault(None, "has no row, allowed a header and one row per parameter".to_owned()));
    }
    Ok(rows)
}

/// The column of each cell; `None` for columns that busker does not use.
fn read_header(record: &csv::StringRecord) -> Result<Vec<Option<Column>>, String> {
    let mut columns = Vec::new();
    for cell in record {
        let known = Column::NAMES.iter().find(|(_, name)| cell.eq_ignore_ascii_case(name)).map(|(column, _)| *column);
        if let Some(column) = known.filter(|column| columns.contains(&Some(*column))) {
            return Err(format!("the column '{}' appears more than once, allowed once", column.name()));
        }
        columns.push(known);
    }
    let has = |column| columns.contains(&Some(column));
    let missing = [Column::Device, Column::ParameterName].into_iter().find(|column| !has(*column)).map(Column::name);
    let missing = missing.or((!has(Column::CcMsb) && !has(Column::NrpnMsb)).then_some("cc_msb"));
    match missing {
        Some(missing) => {
            let names = Column::NAMES.map(|(_, name)| name).join(", ");
            Err(format!("the first row has no column '{missing}', allowed a header of {names}"))
        }
        None => Ok(columns),
    }
}
