//! Any text is an inventory or a list of diagnostics, whatever its ending says that it is.
#![no_main]

mod common;

use mesh_compiler::{World, compile};

struct Beside<'a> {
    spec: String,
    inventory: &'a str,
}

impl World for Beside<'_> {
    fn read(&self, path: &str) -> Result<String, String> {
        Ok(match path {
            "spec.kdl" => self.spec.clone(),
            _ => self.inventory.to_owned(),
        })
    }
}

libfuzzer_sys::fuzz_target!(|inventory: &str| {
    for ending in ["csv", "json", "yaml"] {
        let spec = format!(
            "mesh m\nnetwork vm\ncluster c network=vm\nnamespace n {{\n service s {{\n  port 80 http\n  vms network=vm \
             {{\n   health http=80\n   inventory \"vms.{ending}\" {{ column hostname as=name; ignore owner }}\n  }}\n }}\n}}\n"
        );
        common::sound(&compile(&Beside { spec, inventory }, "spec.kdl"));
    }
});
