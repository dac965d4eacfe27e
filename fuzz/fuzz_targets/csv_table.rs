#![no_main]
//! `csv_table` of `entry.rs`, over what libFuzzer comes up with.

#[allow(dead_code, reason = "each target runs one")]
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::csv_table(bytes));
