//! Any SSH configuration is read or refused.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = mesh_apply::ssh_config::parse(text);
});
