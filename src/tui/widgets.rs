//! Things that draw themselves into a few cells: they know looks and texts, and nothing of what they show.

pub mod bar;
pub mod rule;
pub mod text;
pub mod typed;
