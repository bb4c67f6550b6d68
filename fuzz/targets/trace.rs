//! Any headers are a place in a trace or none.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::trace(read));
