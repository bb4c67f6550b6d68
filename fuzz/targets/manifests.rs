//! Any text is objects of Kubernetes, in YAML and in JSON, or a list of diagnostics, whose places lie in it.
#![no_main]

use mesh_compiler::{ObjectOptions, World, check_objects};

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    for path in ["objects.yaml", "objects.json"] {
        let checked = check_objects(&One(text), &[path.to_owned()], &ObjectOptions::default());
        for found in &checked.diagnostics {
            for label in found.labels.iter().chain([&found.primary]) {
                let source = checked.sources.get(label.span.file).expect("a place is in a file");
                let place = source.text.get(label.span.start..label.span.end);
                assert!(place.is_some(), "{found:?}");
            }
        }
    }
});
