//! What moves a knob without a hand: LFOs, envelopes, and turns that were recorded. Pure: time and music come in as
//! numbers, and the same numbers give the same motion.
//!
//! A knob stands at a position from 0 to 1. Every [`Modulator`] on it adds to that, and the sum, brought back into 0 to
//! 1, is what the synth gets. To add a kind of modulator: a file here, a [`ModulatorKind`], and its words in `text.rs`.

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

/// An instant, as motion needs it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotionTime {
    /// Nanoseconds on the engine's clock.
    pub ns: u64,
    /// The pulse of the song while it rolls, else of the clock, with its fraction; 24 to a quarter note.
    pub pulse: f64,
}
