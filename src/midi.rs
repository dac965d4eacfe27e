//! MIDI messages as values: pure.
