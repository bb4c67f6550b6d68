//! What a real istiod sent to the VM `mysql-1`, translated, against what it means and against what we compile.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: they read the disk and may panic"
)]

mod change;
mod common;
mod reference;
mod sent;

use std::collections::{BTreeMap, BTreeSet};
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

/// Of every field some values are changed: what istiod would have meant is what the snapshot says, or it is told.
#[test]
fn what_istiod_could_have_sent_means_the_same() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let compiled = common::compiled("reference", "forum-mysql", "mysql-1");
    let sent = sent::responses(&folder).map(|response| response.message().clone());
    let mut by_field: BTreeMap<_, Vec<change::Place>> = BTreeMap::new();
    for (index, response) in sent.iter().enumerate() {
        change::places(response, index, &mut |field, place| {
            by_field.entry(field).or_default().push(place);
        });
    }
    let scratch = Scratch::new();
    let (mut compared, mut wrong) = (0, Vec::new());
    let is_alike = |(kind, name): &(String, String)| ALIKE.contains(&(kind.as_str(), name.as_str()));
    for (field, places) in by_field.into_iter().filter(|(field, _)| !is_alike(field)) {
        for place in places.iter().step_by(places.len().div_ceil(TRIED)) {
            let changed = change::changed(&sent, place);
            let translation = translate(changed.iter().cloned().map(Response::of));
            if !translation.unsupported.is_empty() {
                continue;
            }
            scratch.write(&changed);
            // The facts know what istiod sends, not all that Envoy takes.
            let theirs = std::panic::catch_unwind(|| envoy::facts(&scratch.0));
            let Ok(theirs) = theirs else { continue };
            let ours = facts(&translation, &compiled);
            compared += 1;
            let paths: BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
            let differ = |path: &&&String| theirs.get(**path) != ours.get(**path);
            let outside = |path: &&&String| path.starts_with("endpoint/outbound|443||");
            wrong.extend(
                paths
                    .iter()
                    .filter(differ)
                    .filter(|path| !outside(path))
                    .map(|path| {
                        let (theirs, ours) = (theirs.get(*path), ours.get(*path));
                        format!("{field:?}: {path}\n    istiod: {theirs:?}\n    ours:   {ours:?}")
                    }),
            );
        }
    }
    assert!(compared > 150, "{compared}");
    assert!(
        wrong.is_empty(),
        "{} of {compared}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// So many places of a field are changed.
const TRIED: usize = 2;

/// Fields that the facts do not read as Envoy does, since istiod never sends them otherwise: names that it keeps alike in
/// two places, extensions that it always calls the same, weights of places that are the sums of their endpoints', and
/// priorities without a gap.
const ALIKE: [(&str, &str); 8] = [
    ("envoy.config.cluster.v3.Cluster", "name"),
    ("envoy.config.cluster.v3.Cluster.EdsClusterConfig", "service_name"),
    ("envoy.config.cluster.v3.Cluster.TransportSocketMatch", "name"),
    ("envoy.config.endpoint.v3.ClusterLoadAssignment", "cluster_name"),
    ("envoy.config.endpoint.v3.LbEndpoint", "load_balancing_weight"),
    (
        "envoy.config.endpoint.v3.LocalityLbEndpoints",
        "load_balancing_weight",
    ),
    ("envoy.config.endpoint.v3.LocalityLbEndpoints", "priority"),
    ("envoy.config.route.v3.RetryPolicy.RetryHostPredicate", "name"),
];

/// A folder with what istiod could have sent, as JSON.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Self {
        let name = format!("mesh-xds-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, sent: &[mesh_xds::Message]) {
        for (kind, message) in sent::KINDS.iter().zip(sent) {
            let text = message.protobuf_json().to_string();
            std::fs::write(self.0.join(format!("{kind}.json")), text).unwrap();
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
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
