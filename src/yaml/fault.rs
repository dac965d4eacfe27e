//! What is wrong with a profile's file, told so that it can be mended: where, which value, what is allowed.

use std::fmt;

/// One fault of one file. A file with any is left out whole; all its faults are reported together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file as the caller named it.
    pub file: String,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The field, such as `parameters.3(filter_cutoff).cc` (list items count from 1); empty when it is the whole file.
    pub path: String,
    /// The value and what is allowed instead.
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
