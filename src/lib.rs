//! busker: a performance station for hardware synths that lives in a terminal.
//!
//! The map of the house, from the bottom up; nothing imports from a floor above its own:
//!
//! - [`music`], [`midi`], [`wav`], [`synth`]: the package `sound/`, pure. Units, time, messages, headers, the built-in
//!   synth. They never read a clock.
//! - [`motion`]: LFOs and envelopes that move knobs, pure.
//! - [`yaml`], [`profile`], [`config`], [`script`], [`midi_maps`], [`latencies`], [`snapshots`], [`session`]: what files
//!   say, and what it means once checked. [`stored`] is what they have in common; [`files`] replaces them whole or not at all.
//! - [`taps`]: the places where audio can be recorded, by their names, pure.
//! - [`takes`]: recordings as files: what they are, and what can be made of them.
//! - [`command`], [`status`]: the vocabulary. Everything anyone may ask, and everything the engine says.
//! - [`engine`]: the control thread and the real-time threads it hands work to.
//! - [`nts1`]: what only one synth understands: its dumps and its user units, and the conversation that carries them.
//! - [`keymap`], [`tui`]: the screen, which holds what is looked at and nothing musical.
//! - [`remote`]: the doors: attached screens, OSC, HTTP and WebSocket. They know nothing of their own either.
//! - [`cli`]: the verbs of the command line; [`logging`] is where they write to, [`threads`] how they wait for each other.

pub mod cli;
pub mod command;
pub mod config;
pub mod engine;
pub mod files;
pub mod hints;
pub mod keymap;
pub mod latencies;
pub mod logging;
pub mod midi_maps;
pub mod motion;
pub mod nts1;
pub mod profile;
pub mod remote;
pub mod script;
pub mod session;
pub mod snapshots;
pub mod status;
pub mod stored;
pub mod takes;
pub mod taps;
pub mod threads;
pub mod tui;
pub mod yaml;

pub use busker_sound::{midi, music, synth, wav};

/// Aborts on any allocation where none may be; for the tests beside the code.
#[cfg(all(test, feature = "rt-check"))]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
