//! Any text is a file of a machine, of whatever kind its name says, or a list of diagnostics, whose places lie in it.
#![no_main]

use std::collections::BTreeMap;

use mesh_compiler::{ObjectOptions, World, check_objects};

/// A file of every kind, so that rules compare what they say.
const NAMES: &[&str] = &[
    "cluster.env",
    "mesh.yaml",
    "istio.service",
    "resolved.conf",
    "rules.v4",
    "hosts",
    "resolv.conf",
    "nsswitch.conf",
    "setup.sh",
    "queries.promql",
];

struct Files<'a>(BTreeMap<&'a str, &'a str>);

impl World for Files<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        let text = self.0.get(path).ok_or("there is no such file")?;
        Ok((*text).to_owned())
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    // One text for all, or one for each, with a line of a bar between them.
    let parts: Vec<_> = text.split("\n|\n").collect();
    let files = NAMES
        .iter()
        .enumerate()
        .map(|(at, name)| (*name, parts.get(at).copied().unwrap_or(parts[0])));
    let paths: Vec<_> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    let checked = check_objects(&Files(files.collect()), &paths, &ObjectOptions::default());
    for found in &checked.diagnostics {
        for label in found.labels.iter().chain([&found.primary]) {
            let source = checked.sources.get(label.span.file).expect("a place is in a file");
            let place = source.text.get(label.span.start..label.span.end);
            assert!(place.is_some(), "{found:?}");
        }
    }
});
