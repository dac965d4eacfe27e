//! MIDI messages as values, pure: bytes in, bytes out, no port and no clock.

mod clock_sends;
pub mod decode;
pub mod held;
pub mod message;
pub mod parser;
pub mod seven_bit;
pub mod smf;
mod wire;

pub use clock_sends::ClockSends;
pub use held::HeldState;
pub use message::{Channel, Class, Message, Rank};
pub use wire::{LONGEST_UNIT_BYTES, Wire};

/// Maximum clock offset of a port, to either side, in ms.
pub const FARTHEST_OFFSET_MS: f64 = 500.0;
