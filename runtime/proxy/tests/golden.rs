//! What `meshc build` writes for the examples, the proxy takes, and acts on all of it but what is listed here.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::path::{Path, PathBuf};

use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Shared, unsupported};
use mesh_wire::Snapshot;
use mesh_wire::cluster::Transport;

/// What the examples say and the proxy does not do yet.
const NOT_YET: &[&str] = &[
    "requests of more than 64 KiB are not mirrored",
    "they are not verified; requests that carry one are refused",
    "conditions on JWT claims let nobody in, and a DENY refuses whoever they could mean",
    "the share of new endpoints does not grow slowly",
    "hashing is consistent, but places keys elsewhere than Envoy does",
    "the cookie that is hashed is not set where it is absent",
];

/// Every file of this name below a folder.
fn find(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            find(&path, name, found);
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
}

#[test]
fn every_golden_snapshot_is_taken_whole() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let (mut snapshots, mut shared) = (Vec::new(), Vec::new());
    find(&golden, "snapshot.json", &mut snapshots);
    find(&golden, "mesh.json", &mut shared);
    assert!(!snapshots.is_empty());
    let read = |path: &Path| -> Snapshot {
        serde_json::from_slice(&std::fs::read(path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    for path in snapshots {
        let mut snapshot = read(&path);
        if !snapshot.include.is_empty() {
            let example = path.strip_prefix(&golden).unwrap().components().next().unwrap();
            let own = snapshot.node.as_ref().unwrap().workload.clone();
            let part = shared.iter().find(|part| {
                part.starts_with(golden.join(example))
                    && part.components().any(|part| part.as_os_str() == own.as_str())
            });
            snapshot.merge(read(
                part.unwrap_or_else(|| panic!("no shared part for {}", path.display())),
            ));
        }
        let mut missing = unsupported(&snapshot);
        missing.retain(|part| !NOT_YET.iter().any(|known| part.contains(known)));
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
