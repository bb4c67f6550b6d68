//! Any template of paths means what it says, and no path keeps a detour.
#![no_main]

libfuzzer_sys::fuzz_target!(|read: &[u8]| mesh_proxy::fuzz::paths(read));
