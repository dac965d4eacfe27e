//! The size fields that make a header true. Pure over what can be written and sought.

use std::io::{self, Seek, SeekFrom, Write};

/// A size in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeField {
    /// 32 bits.
    Short(u32),
    /// 64 bits.
    Long(u64),
}

/// What is written where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Each field with its place, in bytes from the file's start, in the order they are written. Whatever keeps the
    /// later ones from being written leaves a file that can be repaired again.
    pub fields: Vec<(u64, SizeField)>,
}

impl Repair {
    /// Writes the fields and nothing else. Whoever owns the file brings it to the disk.
    ///
    /// # Errors
    /// Those of the disk; the file can be repaired again.
    pub fn write(&self, file: &mut (impl Write + Seek)) -> io::Result<()> {
        for (at, field) in &self.fields {
            file.seek(SeekFrom::Start(*at))?;
            match field {
                SizeField::Short(size) => file.write_all(&size.to_le_bytes())?,
                SizeField::Long(size) => file.write_all(&size.to_le_bytes())?,
            }
        }
        file.flush()
    }
}
