//! Laws of the whole synth.
