#![no_main]
//! `yaml_text` of `entry.rs`, over what libFuzzer comes up with.

#[allow(dead_code, reason = "each target runs one")]
#[path = "../entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::yaml_text(bytes));
