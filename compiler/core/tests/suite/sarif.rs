//! SARIF is what readers of it take, and says what was found.

use std::collections::BTreeMap;

use mesh_compiler::diag::render;
use mesh_compiler::{Compiled, World, compile, rules};
use serde_json::Value;

use crate::common;

struct Text(&'static str);

impl World for Text {
    fn read(&self, _: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fn sarif(compiled: &Compiled) -> Value {
    let allowed = compiled
        .allowed
        .iter()
        .map(|one| (&one.diagnostic, one.reason.as_str()));
    let text = render::sarif(&compiled.diagnostics, allowed, &compiled.sources, rules::page);
    serde_json::from_str(&text).unwrap()
}

/// The schema of OASIS, as `cargo xtask setup` fetches it.
fn schema() -> Option<jsonschema::Validator> {
    let path = common::root()
        .join("target/npm/node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");
    common::present(path.is_file(), "SARIF's schema: `cargo xtask setup`").then(|| {
        // One pattern of it (of languages, which we do not say) is no regular expression but to JavaScript.
        let text = common::read(&path).replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
        let schema: Value = serde_json::from_str(&text).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    })
}

/// Findings with labels, fixes, other files and reasons.
fn specs() -> Vec<Compiled> {
    let mut specs: Vec<_> = [
        "mesh m\nnetwrok kube\nnetwork b x=1 x=1\ncluster c network=kueb\n",
        "mesh m\nnetwork kube\nnetwork vm cidr=\"10.10.0.0/24\"\ncluster c network=kube { gateway address=\"203.0.113.1\"; }\nnamespace a {\n check { allow no-probe \"why\"; }\n service s {\n port 80 http\n vms network=vm { vm a address=\"10.10.0.2\"; vm b address=\"10.10.0.3\"; }\n }\n}\n",
        "",
    ]
    .into_iter()
    .map(|text| compile(&Text(text), "teams/a b.kdl"))
    .collect();
    let gone = BTreeMap::<String, String>::new();
    specs.push(compile(&Nothing(gone), "/none/spec.kdl"));
    specs
}

struct Nothing(BTreeMap<String, String>);

impl World for Nothing {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "gone".to_owned())
    }
}

#[test]
fn what_is_written_fits_the_schema() {
    let Some(schema) = schema() else { return };
    for compiled in specs() {
        let document = sarif(&compiled);
        let wrong: Vec<_> = schema
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}\n{document:#}");
    }
}

#[test]
fn rules_places_fixes_and_reasons_are_said() {
    let specs = specs();
    let first = &sarif(&specs[0])["runs"][0];
    let results = first["results"].as_array().unwrap();
    let result = results.iter().find(|one| one["ruleId"] == "MC-L002").unwrap();
    let rule = &first["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
    assert_eq!(rule["id"], "MC-L002");
    assert!(
        rule["help"]["markdown"]
            .as_str()
            .unwrap()
            .starts_with("# MC-L002")
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "teams/a%20b.kdl");
    assert_eq!(place["region"]["startLine"], 2);
    let change = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(change["insertedContent"]["text"], "network");
    assert_eq!(change["deletedRegion"]["endColumn"], 8);

    let allowed = &sarif(&specs[1])["runs"][0]["results"][0];
    assert_eq!(allowed["suppressions"][0]["justification"], "why");
}
