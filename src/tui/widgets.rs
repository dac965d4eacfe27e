//! Widgets of a few cells: they take styles and texts, and know nothing of the station.

pub mod bar;
pub mod rule;
pub mod text;
pub mod typed;
