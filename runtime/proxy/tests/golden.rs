//! What `meshc build` writes for the examples, the proxy takes, and acts on all of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};

use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Shared, unsupported};
use mesh_wire::Snapshot;
use mesh_wire::bundle::Bundle;
use mesh_wire::cluster::Transport;

/// Every `bundle.json` below a folder.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, found);
        } else if path.ends_with("bundle.json") {
            found.push(path);
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    serde_json::from_slice(&std::fs::read(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What meshd makes of a machine's files. `out` is what `meshc build` wrote.
fn snapshot(out: &Path, bundle: &Bundle) -> Snapshot {
    let part = |name: &str| -> Snapshot {
        let path = format!("/etc/meshd/{name}");
        let file = bundle.files.iter().find(|file| file.path == path);
        let file = file.unwrap_or_else(|| panic!("{} has no {path}", bundle.vm));
        read(&out.join(&file.source))
    };
    let mut snapshot = part("snapshot.json");
    for include in snapshot.include.clone() {
        snapshot.merge(part(&include));
    }
    snapshot
}

#[test]
fn every_golden_snapshot_is_taken_whole() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let mut bundles = Vec::new();
    find(&golden, &mut bundles);
    assert!(!bundles.is_empty());
    for path in bundles {
        let example = path.strip_prefix(&golden).unwrap().components().next().unwrap();
        let mut snapshot = snapshot(&golden.join(example), &read(&path));
        let missing = unsupported(&snapshot);
        assert!(missing.is_empty(), "{}: {missing:#?}", path.display());
        // Certificates of the users' own lie on their machines.
        for cluster in snapshot.clusters.values_mut() {
            if let Transport::Tls(tls) = &mut cluster.transport {
                (tls.ca_file, tls.crl_file, tls.client) = (None, None, None);
            }
        }
        Shared::new(Destinations::Socket, LogSink::none())
            .apply(snapshot)
            .unwrap();
    }
}
