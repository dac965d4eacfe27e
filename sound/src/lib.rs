//! The computations of busker: pure, and in a package of their own so that they are always optimized.
//!
//! - [`music`]: units, the plan from frames to beats, sync, loops. It never reads a clock.
//! - [`midi`]: messages, the parser, Standard MIDI Files.
//! - [`wav`]: headers, samples and notes of WAV files.
//! - [`synth`]: the built-in synth.
//! - [`mixer`]: strips and master, for the callback and for an export.
//! - [`bridge`]: from one sound card's clock to another's.
//! - [`latest`]: the cell in which a level crosses threads: the newest value wins. [`plan_cell`] is such a one for the
//!   plan, [`frame_clock`] for which frame is rendered when.
//! - [`probe`]: measures a delay.
//! - [`varispeed`]: audio at another speed.
//! - [`resampling`], [`spectrum`]: generic code of libraries, compiled once.

/// Maximum frames that are processed at once.
pub const MAX_BLOCK: usize = 1024;

pub mod bridge;
pub mod frame_clock;
pub mod latest;
pub mod midi;
pub mod mixer;
pub mod music;
pub mod plan_cell;
pub mod probe;
pub mod resampling;
pub mod spectrum;
pub mod synth;
pub mod varispeed;
pub mod wav;
