//! What a real istiod sent to the VM `mysql-1`, translated, against what it means and against what we compile.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: they read the disk and may panic"
)]

mod common;
mod reference;
mod sent;

use std::path::Path;

use mesh_wire::{NameTable, Snapshot};
use mesh_xds::{Response, Translation, translate};
use reference::compare::{Deviation, compare};
use reference::facts::Facts;
use reference::{envoy, ours};

fn translated(folder: &Path) -> Translation {
    translate(sent::responses(folder))
}

#[test]
fn every_field_is_read_as_protobufs_json_has_it() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    for (kind, read) in sent::KINDS.iter().zip(sent::responses(&folder)) {
        let text = common::read(&folder.join(format!("{kind}.json")));
        let given: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(Response::from_json(&given), Ok(read.clone()), "{kind}");
        let read = common::digits(read.message().protobuf_json());
        assert_eq!(common::difference(&read, &common::digits(given)), None, "{kind}");
    }
}

#[test]
fn the_snapshot_means_what_istiod_sent() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let compiled = common::compiled("reference", "forum-mysql", "mysql-1");
    let translated = translated(&folder);
    let facts = facts(&translated, &compiled);
    compare(&envoy::facts(&folder), &facts, &[OUTSIDE]);
}

#[test]
fn the_snapshot_means_what_we_compile_for_the_same_mesh() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let (compiled, names) = common::compiled("reference", "forum-mysql", "mysql-1");
    let translated = translated(&folder);
    let theirs = facts(&translated, &(compiled.clone(), names.clone()));
    compare(
        &theirs,
        &ours::facts(&compiled, &names),
        &[OUTSIDE, GATEWAY, HEADLESS],
    );
}

#[test]
fn nothing_that_istiod_sent_is_left_out() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let left: Vec<_> = translated(&folder)
        .unsupported
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(left.is_empty(), "{} left:\n{}", left.len(), left.join("\n"));
}

/// With the node of the compiled one: xDS does not say who asks.
fn facts(translated: &Translation, (compiled, _): &(Snapshot, NameTable)) -> Facts {
    let mut snapshot = translated.snapshot.clone();
    snapshot.node.clone_from(&compiled.node);
    snapshot.identity.clone_from(&compiled.identity);
    snapshot.validate().unwrap();
    ours::facts(&snapshot, &translated.names)
}

const OUTSIDE: Deviation = Deviation::differs(
    "endpoint/outbound|443||api.payments.example.com////api.payments.example.com:443",
    "istiod names what lies outside the mesh for metrics, by the object that it was made of",
);

const GATEWAY: Deviation = Deviation::differs(
    "endpoint/outbound|8080||forum-api.forum.svc.cluster.local/ap-northeast-2/ap-northeast-2a//203.0.113.10:15443",
    "istiod weighs a gateway by the pods behind it, whose number the spec does not say",
);

const HEADLESS: Deviation = Deviation::differs(
    "outbound/10.244.1.13_6379",
    "addresses of pods behind a headless service are not in the spec",
);
