//! The parts of the picture, one file each. Every one draws what it is given and keeps nothing.

pub mod hands;
pub mod header;
pub mod help;
pub mod keybar;
pub mod knobs;
pub mod line;
pub mod message;
pub mod meters;
pub mod midi;
pub mod question;
pub mod record;
pub mod rule;
pub mod takes;
pub mod typed;
