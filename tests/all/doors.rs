//! The ways for clients to connect, with the program behind them: screens that attach and leave, OSC, HTTP and
//! WebSocket, each with real clients, and with malicious ones.
//!
//! No test asserts on durations: each step waits for the expected state.

use crate::common::{outcome, served, terminal};
mod attach;
mod every;
mod http;
mod osc;
