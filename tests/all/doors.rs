//! The doors, with the program behind them: screens that come and go, OSC, HTTP and WebSocket, each with real clients, and
//! those who mean no good.
//!
//! Nothing asserts on how long anything took: each step waits until what should be is there.

use crate::common::{outcome, served, terminal};
mod attach;
mod every;
mod http;
mod osc;
