//! The disk: takes and small files go out through here, and takes come back to be heard.

pub mod keeper;
pub mod librarian;
pub mod reader;
pub mod writer;

/// Something that is asked of one of these threads and answered when it is done, counted from 1 over the life of the
/// engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ErrandId(u32);

impl ErrandId {
    /// The one after this.
    pub fn next(self) -> ErrandId {
        ErrandId(self.0.wrapping_add(1))
    }
}
