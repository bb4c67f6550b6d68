//! What is made from the table of the language: the schema for editors and the pages to read.

use std::path::PathBuf;

use crate::common;
use mesh_compiler::diag::{FileId, Language, Sink};
use mesh_compiler::rules::table;
use mesh_compiler::spec::reference::{json_schema, markdown};
use mesh_compiler::spec::schema::{Child, SPEC};
use mesh_compiler::spec::{self};
use mesh_compiler::syntax::print;
use serde_json::Value;

#[test]
fn the_files_in_the_house_are_those_of_the_table() {
    for (file, text) in [
        ("schemas/spec.json", json_schema()),
        ("docs/spec.md", markdown()),
        ("docs/rules.md", table()),
    ] {
        let kept = std::fs::read_to_string(common::root().join(file)).unwrap_or_default();
        assert!(kept == text, "{file} is stale: run `cargo xtask generate`");
    }
}

/// Every spec below `examples/`, as JSON.
fn examples() -> Vec<(PathBuf, Value)> {
    let folders = std::fs::read_dir(common::root().join("examples")).unwrap();
    let mut found = Vec::new();
    for folder in folders {
        for name in ["spec.kdl", "spec.yaml", "spec.json"] {
            let path = folder.as_ref().unwrap().path().join(name);
            if path.is_file() {
                let value = as_json(&common::read(&path), Language::of_path(name));
                found.push((path, value));
            }
        }
    }
    found
}

fn as_json(text: &str, language: Language) -> Value {
    let mut sink = Sink::default();
    let nodes = spec::parse(text, language, FileId(0), &mut sink);
    let text = print::json(&spec::data(&nodes.unwrap_or_else(|| panic!("{sink:?}"))));
    serde_json::from_str(&text).unwrap()
}

fn schema() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&json_schema()).unwrap();
    jsonschema::draft7::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn every_example_fits_the_schema() {
    let schema = schema();
    let examples = examples();
    assert!(examples.len() > 2);
    for (path, value) in examples {
        let wrong: Vec<_> = schema
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
    }
}

#[test]
fn what_the_language_refuses_does_not_fit_the_schema() {
    let schema = schema();
    let fits = |yaml: &str| {
        let value: Value = serde_yaml::from_str(yaml).unwrap();
        schema.is_valid(&value)
    };
    for (right, wrong) in [
        ("mesh: {name: m, mtls: strict}", "mesh: {name: m, mtls: stritc}"),
        ("mesh: m", "mehs: m"),
        ("network: [a, {name: b}]", "network: [a, {nmae: b}]"),
        (
            "namespace: {name: a, injection: true}",
            "namespace: {name: a, injection: \"yes\"}",
        ),
        (
            "namespace: {name: a, service: {name: b, port: {number: 80, protocol: http}}}",
            "namespace: {name: a, service: {name: b, port: {number: 99999, protocol: http}}}",
        ),
        (
            "namespace: {name: a, service: {name: b, port: {number: $port, protocol: $what}}}",
            "namespace: {name: a, service: {name: b, port: {number: \"80\", protocol: http}}}",
        ),
        (
            "namespace: {name: a, service: {name: b, port: {number: 80, protocol: http}, allow: {from: [a, b]}}}",
            "namespace: {name: a, service: {name: b, port: {number: 80}}}",
        ),
        (
            "namespace: {name: a, service: {name: b, port: {number: 80, protocol: http}, selector: {app: x}}}",
            "namespace: {name: a, service: {name: b, port: {number: 80, protocol: http}, selector: {app: 1}}}",
        ),
        (
            "mesh: {name: m, dns: {ttl: 30s}}",
            "mesh: {name: m, dns: {ttl: 30 s}}",
        ),
        (
            "mesh: {name: m, dns: {virtual-ips: [240.240.0.0/16]}}",
            "mesh: {name: m, dns: {virtual-ips: {a: b}}}",
        ),
    ] {
        assert!(fits(right), "{right}");
        assert!(!fits(wrong), "{wrong}");
    }
}

/// In YAML and JSON all parts of a node are keys of one mapping: no two of them may have one name.
#[test]
fn no_key_means_two_things() {
    fn visit(children: &'static [Child], place: &str, depth: usize) {
        for child in children {
            let spec = child.node;
            let place = format!("{place} {}", spec.name);
            let fields = spec.args.iter().chain(spec.props).map(|field| field.name);
            let labels =
                (spec.labels && !(spec.args.is_empty() && spec.props.is_empty())).then_some("labels");
            let mut keys: Vec<_> = fields
                .chain(spec.children.iter().map(|child| child.node.name))
                .chain(labels)
                .collect();
            keys.sort_unstable();
            let before = keys.len();
            keys.dedup();
            assert_eq!(keys.len(), before, "{place}: {keys:?}");
            assert!(spec.about.ends_with(['.', '`', '"']), "{place}: {}", spec.about);
            if depth < 8 {
                visit(spec.children, &place, depth + 1);
            }
        }
    }
    visit(SPEC, "", 0);
}

/// Every link of the page leads to a section of it.
#[test]
fn the_page_leads_nowhere_else() {
    let page = markdown();
    for link in page.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        assert!(page.contains(&format!("<a id=\"{anchor}\"></a>")), "#{anchor}");
    }
    assert!(page.contains("## `vms`") && page.contains("| `address` | property, needed |"));
}
