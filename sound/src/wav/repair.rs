//! The size fields that correct a header. Pure over writing and seeking.

use std::io::{self, Seek, SeekFrom, Write};

/// A size in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SizeField {
    /// 32 bits.
    Short(u32),
    /// 64 bits.
    Long(u64),
}

/// The fields to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// Each field with its offset, in bytes from the file's start, in the order they are written. If the later ones
    /// cannot be written, the file can be repaired again.
    pub fields: Vec<(u64, SizeField)>,
}

impl Repair {
    /// Writes only the fields. The caller syncs the file to the disk.
    ///
    /// # Errors
    /// Errors of the disk; the file can be repaired again.
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
