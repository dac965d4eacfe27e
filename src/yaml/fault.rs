//! A fault of a user's file, with the information to repair it: line, value, allowed values.

use std::fmt;

/// One fault of one file. A file with a fault is left out as a whole; all its faults are reported together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file as the caller named it.
    pub file: String,
    /// The line, from 1, if known.
    pub line: Option<usize>,
    /// The field, such as `parameters.3(filter_cutoff).cc` (list items count from 1); empty for the whole file.
    pub path: String,
    /// The value and the allowed ones.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if !self.path.is_empty() {
            write!(f, " {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for Fault {}
