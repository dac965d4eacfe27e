#![no_main]
//! `terminal_bytes` of `entry.rs`, over what libFuzzer comes up with.

#[allow(dead_code, reason = "each target runs one")]
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::terminal_bytes(bytes));
