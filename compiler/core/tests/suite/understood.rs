//! Existing objects come to a mesh, and the rules of meshes look at it: in Istio's words, each mistake once.

use std::collections::{BTreeMap, BTreeSet};

use mesh_compiler::diag::{Diagnostic, render};
use mesh_compiler::manifest;
use mesh_compiler::manifest::fields::{Fields, Shape, Type, table};
use mesh_compiler::rules::{self, ExampleKind, RULES, TOLD, UNTOLD, Why, page};
use mesh_compiler::{Checked, ObjectOptions, check_objects};

use crate::common;
use crate::import::Memory;

fn checked(texts: &[(&str, &str)]) -> Checked {
    let files: BTreeMap<_, _> = texts
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let paths: Vec<_> = files.keys().cloned().collect();
    check_objects(&Memory(files), &paths, &ObjectOptions::default())
}

fn shown(checked: &Checked) -> String {
    render::short(&checked.diagnostics, &checked.sources)
}

/// A rule that is in no list would be forgotten; one that is in both would be told in spite of a reason.
#[test]
fn every_rule_is_told_of_objects_or_has_a_reason() {
    let mut listed: Vec<&str> = TOLD.iter().map(|told| told.code.id).collect();
    listed.extend(UNTOLD.iter().map(|(code, _)| code.id));
    listed.sort_unstable();
    let mut rules: Vec<&str> = RULES.iter().map(|rule| rule.code.id).collect();
    rules.sort_unstable();
    assert_eq!(listed, rules);
}

/// What a rule of objects speaks of, no rule of meshes does; and where it is said that one does, it does.
#[test]
fn a_mistake_of_objects_is_told_by_one_rule() {
    let of_objects: BTreeSet<_> = manifest::rules::RULES.iter().map(|rule| rule.code.id).collect();
    for told in TOLD {
        assert!(!of_objects.contains(told.code.id), "{}", told.code.slug);
    }
    for (code, _) in UNTOLD.iter().filter(|(_, why)| *why == Why::OfObjects) {
        let examples = rules::examples(page(code).unwrap());
        assert!(
            examples
                .iter()
                .any(|one| one.kind != ExampleKind::Spec && !one.passes),
            "{} is shown with no object",
            code.slug
        );
    }
}

/// The objects of the failing examples of all rules that are told.
fn failing() -> impl Iterator<Item = (&'static str, &'static str)> {
    TOLD.iter().flat_map(|told| {
        let examples = rules::examples(page(told.code).unwrap());
        let own: Vec<_> = examples
            .into_iter()
            .filter(|example| example.kind == ExampleKind::Objects && !example.passes)
            .collect();
        assert!(!own.is_empty(), "{} is shown with no object", told.code.slug);
        own.into_iter().map(|example| (told.code.id, example.text))
    })
}

#[test]
fn each_mistake_is_told_once() {
    for (id, text) in failing() {
        let checked = checked(&[("a.yaml", text)]);
        let ids: Vec<_> = checked.diagnostics.iter().map(|found| found.code.id).collect();
        assert_eq!(ids, [id], "{text}\n{}", shown(&checked));
    }
}

/// Whoever writes objects does not know the words of specs.
#[test]
fn what_is_told_of_objects_is_said_in_their_words() {
    let mut known = BTreeSet::new();
    for kind in &table().kinds {
        known.insert(kind.kind.to_owned());
        words(&kind.fields, &mut known, 0);
    }
    known.extend(["meshConfig", "trustDomainAliases", "percentage"].map(str::to_owned));
    for (id, text) in failing() {
        let checked = checked(&[("a.yaml", text)]);
        for found in checked.diagnostics.iter().filter(|found| found.code.id == id) {
            assert!(found.help.is_some(), "{id}: {}", found.message);
            assert!(found.fixes.is_empty(), "{id}");
            for quoted in texts(found).flat_map(|text| text.split('`').skip(1).step_by(2)) {
                let first = quoted.split(['.', ':', ' ', '=']).next().unwrap_or_default();
                // Words of lists are capitals.
                let capitals = quoted.chars().all(|c| c.is_ascii_uppercase() || c == '_');
                let named = text.contains(quoted) || known.contains(first) || quoted.starts_with('/');
                assert!(named || capitals, "{id} says `{quoted}`");
            }
        }
    }
}

fn texts(found: &Diagnostic) -> impl Iterator<Item = &str> {
    let labels = found.labels.iter().map(|label| label.text.as_str());
    [found.message.as_str(), found.primary.text.as_str()]
        .into_iter()
        .chain(labels)
        .chain(found.help.as_deref())
        .chain(found.note.as_deref())
}

/// The names of fields.
fn words(fields: &Fields, known: &mut BTreeSet<String>, depth: usize) {
    if depth > 12 {
        return;
    }
    for (name, field) in &fields.by_name {
        known.insert((*name).to_owned());
        inner(&field.shape, known, depth);
    }
}

fn inner(shape: &Shape, known: &mut BTreeSet<String>, depth: usize) {
    match &table().resolve(shape).ty {
        Type::Object(fields) => words(fields, known, depth + 1),
        Type::List(of) | Type::Map(of) => inner(of, known, depth + 1),
        _ => {}
    }
}

#[test]
fn what_build_emits_comes_to_the_mesh_that_it_came_from() {
    for name in common::examples() {
        let mesh = common::example(&name);
        for (cluster, texts) in crate::objects::manifests(&common::emitted(&mesh)) {
            let texts: Vec<_> = texts
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_str()))
                .collect();
            let checked = checked(&texts);
            assert_eq!(shown(&checked), "", "{name}/{cluster}");
            let lifted = checked
                .mesh
                .unwrap_or_else(|| panic!("{name}/{cluster} has no mesh"));
            for service in lifted.services.iter().filter(|service| !service.is_external()) {
                let before = mesh.service(&service.namespace, &service.name);
                let before = before.unwrap_or_else(|| panic!("{name} has no {}", service.name));
                assert_eq!(before.host, service.host);
            }
        }
    }
}

const GAP: &str = "
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata:
  name: cart
  namespace: shop
spec:
  selector: {matchLabels: {app: cart}}
  jwtRules: [{issuer: \"https://login.example\", jwksUri: \"https://login.example/keys\"}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules: [{to: [{operation: {methods: [GET]}}]}]
";

/// What was not understood may be what is missing.
#[test]
fn what_is_missing_is_told_where_all_is_understood() {
    assert!(shown(&checked(&[("a.yaml", GAP)])).contains("MC-S024"));
    let some = format!(
        "{GAP}---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n\
         metadata: {{name: pods, namespace: shop}}\nspec:\n  selector: {{matchLabels: {{tier: front}}}}\n  rules: [{{}}]\n"
    );
    let checked = checked(&[("a.yaml", &some)]);
    assert_eq!(shown(&checked), "");
    assert_eq!(checked.unsaid.len(), 1, "{:?}", checked.unsaid);
}

/// What has a mistake of its own is told of that alone, and the rest is looked at.
#[test]
fn what_is_wrong_in_itself_leaves_the_others() {
    let text = GAP.replace("methods: [GET]", "mehtods: [GET]");
    let checked = checked(&[("a.yaml", &text)]);
    let ids: Vec<_> = checked.diagnostics.iter().map(|found| found.code.id).collect();
    assert_eq!(ids, ["MC-T003"], "{}", shown(&checked));
    let mesh = checked.mesh.unwrap();
    assert!(mesh.service("shop", "cart").is_some());
    assert_eq!(checked.unsaid.len(), 1);
}

#[test]
fn a_finding_of_the_mesh_can_be_allowed_in_the_object() {
    let allow = "  namespace: shop\n  annotations: {meshc.dev/allow: \"MC-S024 the application asks\"}\n";
    let text = GAP.replace("  namespace: shop\n", allow);
    let checked = checked(&[("a.yaml", &text)]);
    assert_eq!(shown(&checked), "");
    assert_eq!(checked.allowed.len(), 1);
}
