//! Whatever the other end of an HTTP/2 connection sends, it is taken or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mesh_http2::fuzz::receive(bytes));
