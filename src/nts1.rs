//! MIDI SysEx of the Korg NTS-1 digital kit mkII: its messages, its dumps, its user units.
//!
//! [`message`], [`program`] and [`mod@unit`] are pure; [`session`] sends requests and waits for answers, on the calling
//! thread; [`port`] is the port of a real device and [`device`] a simulated one. Numbers come from Korg's "NTS-1
//! digital kit mkII MIDI Implementation" v1.00 (2024-03-18) unless said otherwise.

pub mod device;
pub mod message;
pub mod port;
pub mod program;
pub mod session;
pub mod unit;

pub use message::{Module, Nts1Message, UnitSlot};
