//! What is always on the screen, around the panels: one file each. None of them has keys of its own but the piano.

pub mod hands;
pub mod header;
pub mod keybar;
pub mod message;
pub mod meters;
pub mod record;
