//! Doors: ways to the engine from outside its process. Every door speaks through a [`Station`](crate::engine::station)
//! like the screen does, reads commands from the table, and tells what the status and the events say.
//!
//! - [`socket`]: attached screens and one-shot commands, on threads of their own.
//! - [`osc`]: UDP datagrams, on a thread of their own.
//! - [`http`]: HTTP, WebSocket and the page for a phone, on a thread of their own.
//! - [`wire`]: the messages of the socket and of WebSocket. Pure.
//! - [`limit`]: how many commands a door lets in. Pure.

pub mod http;
pub mod limit;
pub mod osc;
pub mod socket;
pub mod wire;
