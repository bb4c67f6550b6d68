//! Any text is a spec in JSON or a list of diagnostics.
#![no_main]

mod common;

libfuzzer_sys::fuzz_target!(|text: &str| common::hold(text, "spec.json"));
