//! `check { allow … }`: what becomes of findings where a spec says how bad they are.

use std::collections::BTreeMap;

use mesh_compiler::diag::{Severity, code};
use mesh_compiler::rules::{self, ExampleKind};
use mesh_compiler::{Compiled, ObjectOptions, World, check_objects, compile};

use crate::common;

struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is none".to_owned())
    }
}

fn compiled(files: &[(&str, &str)]) -> Compiled {
    let file = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    compile(&Files(files.iter().map(file).collect()), files[0].0)
}

/// Codes and severities of what is told.
fn told(compiled: &Compiled) -> Vec<(&str, Severity)> {
    let found = compiled.diagnostics.iter();
    found.map(|found| (found.code.slug, found.severity)).collect()
}

/// A mesh with two groups that nobody probes; `mesh`, `namespace` and `cart` are said in their braces.
fn unprobed(mesh: &str, namespace: &str, cart: &str) -> String {
    let service = |name: &str, inner: &str, at: u8| {
        format!(
            "service {name} {{\n{inner}\nport 80 http\nvms network=vm {{ vm {name}-1 address=\"10.10.0.{at}\"; vm {name}-2 address=\"10.10.0.{}\"; }} }}\n",
            at + 1
        )
    };
    format!(
        "mesh m {{ {mesh} }}\nnetwork kube\nnetwork vm cidr=\"10.10.0.0/24\"\ncluster c network=kube {{ gateway address=\"203.0.113.1\"; }}\nnamespace a {{\n{namespace}\n{}{}}}\n",
        service("cart", cart, 5),
        service("shop", "", 7),
    )
}

const WARNING: (&str, Severity) = ("no-probe", Severity::Warning);
const ERROR: (&str, Severity) = ("no-probe", Severity::Error);

#[test]
fn the_innermost_level_wins_and_holds_for_its_braces_alone() {
    for (mesh, namespace, cart, expected) in [
        ("", "", "", vec![WARNING, WARNING]),
        ("", "", "check { allow no-probe \"r\"; }", vec![WARNING]),
        ("", "check { allow MC-V016 \"r\"; }", "", vec![]),
        ("check { allow no-probe \"r\"; }", "", "", vec![]),
        ("check { deny no-probe; }", "", "", vec![ERROR, ERROR]),
        (
            "check { deny no-probe; }",
            "",
            "check { warn no-probe; }",
            vec![WARNING, ERROR],
        ),
        (
            "check { allow no-probe \"r\"; }",
            "check { deny no-probe; }",
            "check { allow no-probe \"r\"; }",
            vec![ERROR],
        ),
    ] {
        let compiled = compiled(&[("spec.kdl", &unprobed(mesh, namespace, cart))]);
        let mut found = told(&compiled);
        // In the last case, nothing is left for the outermost `allow`; that is told only where nothing is wrong.
        found.retain(|(slug, _)| *slug != "allow-unused");
        assert_eq!(found, expected, "{mesh} {namespace} {cart}");
        assert_eq!(compiled.allowed.len(), 2 - expected.len());
        assert!(compiled.allowed.iter().all(|one| one.reason == "r"));
    }
}

#[test]
fn mistakes_in_levels_are_told() {
    for (check, expected) in [
        ("check { allow no-probe; }", "missing"),
        ("check { allow no-prob \"r\"; }", "unknown-reference"),
        ("check { allow unknown-reference \"r\"; }", "level-refused"),
        ("check { warn port-conflict; }", "level-refused"),
        ("check { allow no-probe \"r\"; deny no-probe; }", "duplicate"),
        ("check { allow ssh-capturable \"r\"; }", "allow-unused"),
    ] {
        let compiled = compiled(&[("spec.kdl", &unprobed("", "", check))]);
        let slugs: Vec<_> = told(&compiled).into_iter().map(|(slug, _)| slug).collect();
        assert!(slugs.contains(&expected), "{check}: {slugs:?}");
    }
}

/// What a node has from `defaults` stands elsewhere, and others have it too; its machines of inventories are its own.
#[test]
fn defaults_stand_elsewhere_and_inventories_do_not() {
    let spec = "mesh m\nnetwork kube\nnetwork vm cidr=\"10.10.0.0/24\"\ncluster c network=kube { gateway address=\"203.0.113.1\"; }\ndefaults { vms { capture exclude-inbound=9100; health tcp=80 every=\"5s\"; } }\nnamespace a {\n    service cart {\n        check { allow exclude-ineffective \"r\"; allow address-conflict \"they move next week\"; }\n        port 80 http\n        vms network=vm { inventory vms.csv; }\n    }\n}\n";
    let csv = "name,address\ncart-1,10.99.0.1\ncart-2,10.10.0.2\n";
    let compiled = compiled(&[("spec.kdl", spec), ("vms.csv", csv)]);
    assert!(compiled.model.is_some(), "{:#?}", compiled.diagnostics);
    let allowed: Vec<_> = compiled
        .allowed
        .iter()
        .map(|one| one.diagnostic.code.slug)
        .collect();
    assert_eq!(allowed, ["address-conflict"]);
    assert!(
        told(&compiled)
            .iter()
            .all(|(slug, _)| *slug != "address-conflict"),
        "{:#?}",
        compiled.diagnostics
    );
}

#[test]
fn yaml_says_levels_too() {
    let spec = "mesh: {name: m, check: {deny: tracing-unset}}\nnetwork: kube\ncluster: {name: c, network: kube}\nnamespace:\n  name: a\n  service:\n    name: web\n    check: {allow: [{code: dry-run-open, reason: we look first}]}\n    port: {number: 80, protocol: http}\n    allow: {from: web, dry-run: true}\n";
    let compiled = compiled(&[("spec.yaml", spec)]);
    assert_eq!(told(&compiled), [], "{:#?}", compiled.diagnostics);
    assert_eq!(compiled.allowed[0].reason, "we look first");
}

/// Whatever error can be allowed, a mesh comes of it.
#[test]
fn what_is_allowed_can_be_built() {
    for code in code::ALL
        .iter()
        .filter(|code| code.yields() && code.severity == Severity::Error)
    {
        let page = rules::page(code).unwrap();
        let examples = rules::examples(page).into_iter();
        for example in examples.filter(|one| one.kind == ExampleKind::Spec && !one.passes) {
            let mut text = match example.whole {
                true => example.text.to_owned(),
                false => format!(
                    "mesh frame\nnetwork kube\nnetwork vm cidr=\"10.10.0.0/24\"\ncluster main network=kube {{ gateway address=\"203.0.113.10\"; }}\nnamespace shop {{\n{}\n}}\n",
                    example.text
                ),
            };
            let check = format!("check {{ allow {} \"a test\"; }}", code.slug);
            let line = text
                .lines()
                .find(|line| line.starts_with("mesh "))
                .unwrap()
                .to_owned();
            let with = match line.strip_suffix('}') {
                Some(open) => format!("{open}; {check} }}"),
                None if line.ends_with('{') => format!("{line} {check};"),
                None => format!("{line} {{ {check} }}"),
            };
            text = text.replacen(&line, &with, 1);
            let compiled = compiled(&[("spec.kdl", &text)]);
            let mesh = compiled
                .model
                .as_ref()
                .unwrap_or_else(|| panic!("{}: {text}\n{:#?}", code.slug, compiled.diagnostics));
            assert!(!common::emitted(mesh).is_empty());
        }
    }
}

#[test]
fn objects_allow_by_an_annotation() {
    let object = |allow: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: WorkloadGroup\nmetadata:\n  name: g\n  namespace: a\n  annotations:\n    meshc.dev/allow: \"{allow}\"\nspec:\n  template: {{serviceAccount: g}}\n"
        )
    };
    let checked = |allow: &str| {
        let files = Files(BTreeMap::from([("g.yaml".to_owned(), object(allow))]));
        let checked = check_objects(&files, &["g.yaml".to_owned()], &ObjectOptions::default());
        let slugs: Vec<_> = checked.diagnostics.iter().map(|found| found.code.slug).collect();
        slugs
    };
    assert!(checked("no-prob why").contains(&"unknown-reference"));
    assert!(checked("no-probe").contains(&"missing"));
    assert!(checked("syntax it is fine").contains(&"level-refused"));
    assert!(checked("vip-collision because").contains(&"allow-unused"));
}
