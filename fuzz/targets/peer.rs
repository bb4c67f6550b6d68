//! Any bytes are what a peer says of itself, or something else.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::peer(read));
