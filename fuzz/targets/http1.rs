//! Whatever comes on a connection of HTTP/1, it is read alike however it is cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::http1(read));
