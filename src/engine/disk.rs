//! The disk: takes go out through here.

pub mod writer;
