//! The disk: takes and small files go out through here.

pub mod keeper;
pub mod writer;
