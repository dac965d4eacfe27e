//! The parts of the screen that are always visible, around the panels: one file each. Only the piano has keys of its
//! own.

pub mod hands;
pub mod header;
pub mod keybar;
pub mod message;
pub mod meters;
pub mod record;
