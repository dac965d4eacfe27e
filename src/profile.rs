//! Synth profiles: what YAML says, and what it means once checked.
