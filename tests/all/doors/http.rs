//! HTTP and WebSocket, with the program behind them: recordings from curl and over WebSocket, every refusal, and
//! malicious clients.
//!
//! No test asserts on durations: each step waits for the expected state.

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
