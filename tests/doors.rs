//! The doors, with the program behind them: screens that come and go, OSC, HTTP and WebSocket, each with real clients, and
//! those who mean no good.
//!
//! Nothing asserts on how long anything took: each step waits until what should be is there.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what fails here fails the test"
)]

#[path = "doors/attach.rs"]
mod attach;
#[path = "doors/every.rs"]
mod every;
#[path = "doors/http.rs"]
mod http;
#[path = "doors/osc.rs"]
mod osc;
#[path = "common/outcome.rs"]
mod outcome;
#[path = "common/program.rs"]
mod program;
#[path = "common/served.rs"]
mod served;
#[expect(dead_code, reason = "not all that a terminal can do is needed here")]
#[path = "station/terminal.rs"]
mod terminal;
