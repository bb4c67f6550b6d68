//! Any first bytes of a connection are HTTP, TLS or something else.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::sniff(read));
