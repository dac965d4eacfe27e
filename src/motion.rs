//! Modulation and automation of parameters: LFOs, envelopes and recorded automation. Pure: time and song position are
//! arguments, and equal arguments give the same motion.
//!
//! A knob has a base position from 0 to 1. Every [`Modulator`] on it adds to that, and the sum, clamped to 0 to 1, is
//! sent to the synth. To add a kind of modulator: a file here, a [`ModulatorKind`], and its words in `text.rs`.

mod chance;
mod envelope;
mod lane;
mod lfo;
mod modulator;
mod text;

pub use chance::Chance;
pub use envelope::{Envelope, Gate, GatedBy};
pub use lane::Lane;
pub use lfo::{Division, Lfo, LfoRate, LfoShape};
pub use modulator::{ActiveModulator, Modulator, ModulatorKind, ModulatorSlot};
pub use text::{ModulatorRequest, NotAModulator};

/// An instant, with the song position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionTime {
    /// Nanoseconds on the engine's clock.
    pub ns: u64,
    /// The pulse of the song while it plays, else of the clock, with its fraction; 24 to a quarter note.
    pub pulse: f64,
}
