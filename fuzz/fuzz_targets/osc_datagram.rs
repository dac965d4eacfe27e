#![no_main]
//! `osc_datagram` of `entry.rs`, over what libFuzzer comes up with.

#[allow(dead_code, reason = "each target runs one")]
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::osc_datagram(bytes));
