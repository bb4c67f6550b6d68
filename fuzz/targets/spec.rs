//! Any text is a spec in KDL or a list of diagnostics, and is put in order once and for all.
#![no_main]

mod common;

use mesh_compiler::{format, read};

libfuzzer_sys::fuzz_target!(|text: &str| {
    common::hold(text, "spec.kdl");
    if let Ok(once) = format(text, "spec.kdl") {
        assert_eq!(format(&once, "spec.kdl").ok().as_ref(), Some(&once), "of\n{text}");
        let nodes = |text: &str| {
            read(text, "spec.kdl", Default::default())
                .nodes
                .map(|nodes| mesh_compiler::syntax::print::kdl(&nodes))
        };
        assert_eq!(nodes(&once), nodes(text), "{once}\nof\n{text}");
    }
});
