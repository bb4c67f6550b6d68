//! Any packet is answered, forwarded, refused or dropped.
#![no_main]

libfuzzer_sys::fuzz_target!(|packet: &[u8]| mesh_proxy::fuzz::dns(packet));
