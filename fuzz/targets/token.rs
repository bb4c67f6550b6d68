//! Any text is a token or none, and any other a key set or none.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::token(read));
