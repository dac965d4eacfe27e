//! busker: a performance station for hardware synths that lives in a terminal.
//!
//! The modules, from the bottom up; none imports from a module above its own:
//!
//! - [`music`], [`midi`], [`wav`], [`synth`]: the package `sound/`, pure. Units, time, messages, headers, the built-in
//!   synth. They never read a clock.
//! - [`motion`]: LFOs and envelopes that modulate parameters, pure.
//! - [`yaml`], [`profile`], [`config`], [`script`], [`midi_maps`], [`latencies`], [`snapshots`], [`session`]: the formats
//!   of files, read and checked. [`stored`] is shared by those that busker writes; [`files`] replaces files atomically.
//! - [`taps`]: the sources of audio to record, by their names, pure.
//! - [`takes`]: recordings as files: listing, reading, editing and exporting them.
//! - [`command`], [`status`]: the vocabulary: every command and question, and every report of the engine.
//! - [`engine`]: the control thread and the real-time threads it hands work to.
//! - [`nts1`]: MIDI SysEx of the NTS-1: its dumps and user units, and the messages that transfer them.
//! - [`keymap`], [`tui`]: the screen; it holds the state of the view and nothing musical.
//! - [`remote`]: the ways for clients to connect: attached screens, OSC, HTTP and WebSocket; no musical state either.
//! - [`cli`]: the subcommands of the command line; [`logging`] writes their log, [`threads`] waits for threads to end.

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

/// Aborts on any allocation in a section that must not allocate; for the unit tests.
#[cfg(all(test, feature = "rt-check"))]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
