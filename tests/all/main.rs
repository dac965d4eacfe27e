//! All tests without an audio server: the program and the library as others use them. One binary, because each one
//! links the whole library. With feature `rt-check`, an allocation in a callback ends the process.

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
    pub mod outcome;
    pub mod program;
    pub mod served;
    pub mod status;
    pub mod terminal;
    pub mod within;
}

mod audition;
mod command_line;
mod doors;
mod flood;
mod fuzz;
mod keymap;
mod manual;
mod motion;
mod names;
mod nts1;
mod profiles;
mod raw_port;
mod recording;
mod screens;
mod station;
mod status;
mod stored;
mod structure;
mod takes;
mod takes_verbs;
mod wav_readers;

#[cfg(feature = "rt-check")]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;
