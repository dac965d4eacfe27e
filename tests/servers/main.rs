//! The station on real audio servers. With feature `rt-check`, an allocation in a callback ends the process.

// clippy recognises tests by their attribute, but not the functions they share.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that fails is to panic, and says what it measured"
)]

#[path = "../common"]
mod common {
    pub mod program;
    pub mod within;
}

mod alsa;
mod jack;
mod turn;

#[cfg(feature = "rt-check")]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
