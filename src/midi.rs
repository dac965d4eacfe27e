//! MIDI messages as values, pure: bytes in, bytes out, no port and no clock.

pub mod message;

pub use message::{Channel, Class, Message};
