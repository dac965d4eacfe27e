//! busker: a performance station for hardware synths that lives in a terminal.
//!
//! The map of the house, from the bottom up; nothing imports from a floor above its own:
//!
//! - [`music`], [`midi`]: pure. Units, time, notes, messages. They never read a clock.
//! - [`profile`]: what a synth's YAML says and what it means once checked.
//! - [`engine`]: the control thread and the real-time threads it hands work to.
//! - [`keymap`]: which key does what, as a table.
//! - [`tui`], `cli`: how a person reaches the engine.

pub mod command;
pub mod config;
pub mod engine;
pub mod keymap;
pub mod midi;
pub mod music;
pub mod profile;
pub mod script;
pub mod status;
pub mod tui;
pub mod yaml;
