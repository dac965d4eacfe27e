//! MIDI messages as values, pure: bytes in, bytes out, no port and no clock.

pub mod decode;
pub mod message;
pub mod parser;

pub use message::{Channel, Class, Message};
