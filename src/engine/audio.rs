//! What runs in the audio callback.

pub mod synth;
