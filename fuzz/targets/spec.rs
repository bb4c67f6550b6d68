//! Any text is a spec or a list of diagnostics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh_compiler::World;

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fuzz_target!(|text: &str| {
    let compiled = mesh_compiler::compile(&One(text), "spec.kdl");
    assert!(compiled.model.is_some() || !compiled.diagnostics.is_empty(), "a spec that is refused is told why");
});
