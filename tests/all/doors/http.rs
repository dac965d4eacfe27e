//! The HTTP and WebSocket door, with the program behind it: recordings from curl and over WebSocket, every refusal, and
//! those who mean no good.
//!
//! Nothing asserts on how long anything took: each step waits until what should be is there.

#[path = "http/browser.rs"]
mod browser;
#[path = "http/commands.rs"]
mod commands;
#[path = "http/crowd.rs"]
mod crowd;
#[path = "http/guard.rs"]
mod guard;
#[path = "http/page.rs"]
mod page;
#[path = "http/recording.rs"]
mod recording;
#[path = "http/refusals.rs"]
mod refusals;
#[path = "http/schema.rs"]
mod schema;
#[path = "http/served.rs"]
pub mod served;
#[path = "http/silence.rs"]
mod silence;
