//! Any field blocks of HTTP/2 are decoded or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mesh_http2::fuzz::fields(bytes));
