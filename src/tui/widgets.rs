//! Things that draw themselves into a few cells and know nothing of busker.

pub mod bar;
pub mod text;
