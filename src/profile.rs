//! Synth profiles: what YAML says, and what it means once checked.

mod curve;

pub use curve::Curve;
