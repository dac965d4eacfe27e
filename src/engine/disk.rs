//! The disk: takes and small files go out through here, and takes come back to be heard.

pub mod keeper;
pub mod librarian;
pub mod reader;
pub mod writer;
