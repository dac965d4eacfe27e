#![no_main]
//! `recorder_option` of `entry.rs`, over what libFuzzer comes up with.

#[allow(dead_code, reason = "each target runs one")]
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::recorder_option(bytes));
