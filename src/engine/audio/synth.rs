//! The built-in synth.
