//! What `build` writes, `check` finds nothing in: for any small spec in which nothing is wrong, not only for the
//! examples.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mesh_compiler::diag::render;
use mesh_compiler::host_files::Kind;
use mesh_compiler::{ObjectOptions, World, check_objects, compile, holds_objects};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::common;

/// Meshes that are tried.
const CASES: u32 = 160;

/// Files by their paths.
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

/// Lines of one place, one or more of which a spec has.
fn some(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(lines.to_vec(), 0..=lines.len().min(4))
}

/// What is said of the whole mesh.
fn mesh() -> impl Strategy<Value = Vec<&'static str>> {
    some(&[
        "mtls strict",
        "outbound registry-only",
        "trust-domain shop.example",
        "telemetry { access-log json; metrics prometheus }",
        "dns ttl=\"10s\"",
        "proxy { metadata SECRET_TTL \"12h\" }",
    ])
}

/// What callers do with a service.
fn traffic() -> impl Strategy<Value = Vec<&'static str>> {
    some(&[
        "balance round-robin",
        "limits connections=100 pending=50 connect-timeout=\"5s\"",
        "eject after=3 every=\"30s\" for=\"30s\" at-most=\"100%\"",
        "mtls strict port=8080",
    ])
}

/// Who may call it.
fn access() -> impl Strategy<Value = Vec<&'static str>> {
    some(&[
        "allow from=web",
        "allow from=\"batch/*\" methods=GET paths=\"/api/*\"",
        "allow from-ip=\"10.99.0.0/16\" ports=8080",
        "deny from=\"batch/batch\" paths=\"/admin/*\"",
    ])
}

/// Where requests go.
fn routes() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "route { timeout \"3s\"; to }",
        "subset v1 version=v1; subset v2 version=v2; route { to v1 weight=90; to v2 weight=10 }",
        "route search { match path-prefix=\"/search\" method=GET; retry 2 per-try=\"1s\" on=\"5xx\"; to }; route rest { to }",
        "route canary { match { header x-canary \"true\" }; rewrite path=\"/new\"; to }; route rest { to }",
    ])
}

/// What stands behind it.
fn behind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "vms network=vm { health tcp=8080; vm api-1 address=\"10.10.0.5\" }",
        "vms network=vm { health http=8080 path=\"/ready\"; vm api-1 address=\"10.10.0.5\" weight=80; vm api-2 address=\"10.10.0.6\" weight=20 }",
        "vms network=vm registration=auto engine=envoy { health tcp=8080; vm api-1 address=\"10.10.0.5\" locality=\"a/b\" }",
        "vms network=vm engine=envoy { health tcp=8080; vm api-1 address=\"10.10.0.5\" }",
        "pods; vms network=vm { health tcp=8080; vm api-1 address=\"10.10.0.5\" }",
    ])
}

/// Services outside, or none.
fn outside() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "external pay host=\"api.payments.example.com\" { port 443 tls }",
        "external old host=\"db.example.com\" resolution=static { port 5432 tcp; endpoint \"192.0.2.7\" }",
    ])
}

fn spec() -> impl Strategy<Value = String> {
    let ports = prop::sample::select(vec![
        "port 8080 http",
        "port 8080 http; port 9000 grpc",
        "port 80 http target=8080",
    ]);
    // Nothing of requests stands where none are known.
    let bytes = (Just("port 8080 tcp"), Just(vec!["allow from=web"]), Just(""));
    let requests = (ports, access(), routes());
    let served = prop_oneof![5 => requests.boxed(), 1 => bytes.boxed()];
    let parts = (mesh(), served, traffic(), behind(), outside(), any::<bool>());
    parts.prop_map(|(mesh, (ports, access, routes), traffic, behind, outside, two)| {
        let mut text = format!("mesh m {{\n    {}\n}}\n", mesh.join("\n    "));
        text.push_str("network kube\nnetwork vm cidr=\"10.10.0.0/24\"\n");
        text.push_str("cluster main network=kube { gateway address=\"203.0.113.10\" }\n");
        if two {
            text.push_str("network far\ncluster other network=far { gateway address=\"203.0.113.11\" }\n");
        }
        let here = if two { "pods cluster=main" } else { "" };
        let behind = if two { behind.replace("pods;", "pods cluster=other;").replace("vms ", "vms cluster=main ") } else { behind.to_owned() };
        let behind = if behind.is_empty() { here.to_owned() } else { behind };
        // Writing into a text never fails.
        let _ = write!(
            text,
            "namespace shop {{\n    service web {{\n        port 8080 http\n        {here}\n    }}\n    service api {{\n        {ports}\n        {}\n        \
             {}\n        {routes}\n        {behind}\n    }}\n    {outside}\n}}\nnamespace batch {{\n    service batch {{ port 8080 http; {here} }}\n}}\n",
            traffic.join("\n        "),
            access.join("\n        "),
        );
        text
    })
}

/// What is found in what is built for `text`, if it is sound; `None` where something is wrong with it.
fn found_in_build(text: &str) -> Option<String> {
    let files = BTreeMap::from([("spec.kdl".to_owned(), text.to_owned())]);
    let compiled = compile(&Files(files), "spec.kdl");
    if !compiled.diagnostics.is_empty() {
        return None;
    }
    let output = common::emitted(compiled.model.as_ref()?);
    let mut clusters: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    for (path, file) in &output {
        let Ok(text) = String::from_utf8(file.bytes.clone()) else {
            continue;
        };
        let mut parts = path.splitn(3, '/');
        match (parts.next(), parts.next()) {
            (Some("kubernetes"), Some(cluster)) if holds_objects(&text) => {
                clusters.entry(cluster).or_default().insert(path.clone(), text);
            }
            (Some("vms"), Some(vm)) if Kind::of(path, &text).is_some() => {
                clusters.entry(vm).or_default().insert(path.clone(), text);
            }
            _ => {}
        }
    }
    let found = clusters.into_values().map(|files| {
        let paths: Vec<_> = files.keys().cloned().collect();
        let checked = check_objects(&Files(files), &paths, &ObjectOptions::default());
        render::short(&checked.diagnostics, &checked.sources)
    });
    Some(found.collect())
}

#[test]
fn what_is_built_for_any_sound_spec_is_clean() {
    let config = Config {
        cases: CASES,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..Config::default()
    };
    let sound = std::cell::Cell::new(0);
    let held = TestRunner::new(config).run(&spec(), |text| {
        if let Some(found) = found_in_build(&text) {
            sound.set(sound.get() + 1);
            prop_assert!(found.is_empty(), "{text}\n{found}");
        }
        Ok(())
    });
    if let Err(broken) = held {
        panic!("{broken}");
    }
    // Most of what is tried has to be of use.
    assert!(
        sound.get() * 3 > CASES,
        "{} of {CASES} specs are sound",
        sound.get()
    );
}
