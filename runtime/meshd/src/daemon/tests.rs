//! Taking over what lies on disk, and refusing what is damaged.

use std::fs;

use mesh_proxy::Destinations;
use mesh_proxy::telemetry::LogSink;

use super::*;
use crate::snapshot::tests::write;

/// A machine with a snapshot and an identity.
fn machine() -> (tempfile::TempDir, Layout) {
    let root = tempfile::tempdir().unwrap();
    let layout = Layout::new(root.path());
    write(&layout);
    identity(&layout, "spiffe://cluster.local/ns/ns/sa/vm");
    (root, layout)
}

/// Mints an identity for this name.
pub(crate) fn identity(layout: &Layout, spiffe: &str) {
    identity_that_holds(layout, spiffe, (1975, 4096));
}

/// Mints one whose certificate holds from the beginning of one year to that of another.
fn identity_that_holds(layout: &Layout, spiffe: &str, (from, to): (i32, i32)) {
    let folder = layout.at("/etc/meshd/identity");
    fs::create_dir_all(&folder).unwrap();
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let root = authority.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::default();
    (leaf.not_before, leaf.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
    leaf.subject_alt_names = vec![rcgen::SanType::URI(spiffe.try_into().unwrap())];
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("cert-chain.pem"), leaf.pem()).unwrap();
    fs::write(folder.join("root-cert.pem"), root.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

fn daemon(layout: &Layout) -> Daemon {
    let shared = Shared::new(Destinations::Socket, LogSink::none());
    let daemon = Daemon::new(layout.clone(), shared, Machine::new(layout.at("/"), Vec::new()));
    daemon.start();
    daemon
}

#[test]
fn a_whole_machine_is_ready() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    assert_eq!(daemon.not_ready(), None);
    let status = daemon.status();
    assert_eq!(status.snapshot, snapshot::digest(&Paths::of(&layout)));
    assert_eq!(
        status.spiffe.as_deref(),
        Some("spiffe://cluster.local/ns/ns/sa/vm")
    );
    assert_eq!(daemon.dns.hosts(), 1);
}

#[test]
fn a_damaged_snapshot_is_refused_and_the_old_one_goes_on() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    let before = daemon.status().snapshot;
    fs::write(layout.at("/etc/meshd/mesh.json"), "{\"format\":1").unwrap();
    daemon.look();
    let status = daemon.status();
    assert!(status.snapshot_error.unwrap().contains("mesh.json"));
    assert_eq!((status.snapshot, status.ready), (before, true));
    fs::write(layout.at("/etc/meshd/mesh.json"), "{\"format\":1} ").unwrap();
    daemon.look();
    let status = daemon.status();
    assert_eq!(
        (status.snapshot_error, status.snapshot),
        (None, snapshot::digest(&Paths::of(&layout)))
    );
}

#[test]
fn a_start_with_a_damaged_snapshot_serves_the_last_one_that_worked() {
    let (_root, layout) = machine();
    let before = daemon(&layout).status().snapshot;
    fs::write(layout.at("/etc/meshd/snapshot.json"), "damaged").unwrap();
    let status = daemon(&layout).status();
    assert_eq!((status.snapshot, status.ready), (before, true));
    assert!(status.snapshot_error.is_some());
}

#[test]
fn without_any_snapshot_it_says_so_and_still_forwards_names() {
    let root = tempfile::tempdir().unwrap();
    let daemon = daemon(&Layout::new(root.path()));
    assert!(daemon.not_ready().unwrap().starts_with("no snapshot"));
    assert_eq!(daemon.dns.hosts(), 0);
}

#[test]
fn an_identity_is_taken_over_when_it_changes_and_that_of_another_is_refused() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    let first = daemon.shared.identity().unwrap();
    identity(&layout, "spiffe://cluster.local/ns/ns/sa/vm");
    daemon.look();
    let second = daemon.shared.identity().unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    identity(&layout, "spiffe://cluster.local/ns/ns/sa/other");
    daemon.look();
    assert!(
        Arc::ptr_eq(&second, &daemon.shared.identity().unwrap()),
        "what worked goes on"
    );
    fs::write(layout.at("/etc/meshd/identity/key.pem"), "damaged").unwrap();
    daemon.look();
    assert_eq!(daemon.not_ready(), None);
}

#[test]
fn a_damaged_identity_is_told_and_the_old_one_goes_on() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    fs::write(layout.at("/etc/meshd/identity/cert-chain.pem"), "damaged").unwrap();
    daemon.look();
    let status = daemon.status();
    assert!(status.identity_error.unwrap().contains("certificate chain"));
    assert_eq!((status.ready, status.reason), (true, None));
}

#[test]
fn a_certificate_that_does_not_hold_is_told_and_never_replaces_one_that_does() {
    let spiffe = "spiffe://cluster.local/ns/ns/sa/vm";
    for (years, words) in [((1975, 1976), "has ended"), ((4095, 4096), "does not hold yet")] {
        let (_root, layout) = machine();
        let running = daemon(&layout);
        identity_that_holds(&layout, spiffe, years);
        running.look();
        let status = running.status();
        assert!(status.ready && status.identity_error.unwrap().contains(words));
        let status = daemon(&layout).status();
        assert!(
            !status.ready && status.reason.unwrap().contains(words),
            "after a start"
        );
    }
}

#[test]
fn an_identity_that_came_before_its_snapshot_is_taken_over_with_it() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    identity(&layout, "spiffe://cluster.local/ns/ns/sa/other");
    daemon.look();
    let file = layout.at("/etc/meshd/snapshot.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("/sa/vm", "/sa/other")).unwrap();
    daemon.look();
    let shown = daemon.shared.identity().unwrap().spiffe().to_owned();
    assert_eq!(shown, "spiffe://cluster.local/ns/ns/sa/other");
}

#[test]
fn while_it_drains_nobody_new_shall_come() {
    let (_root, layout) = machine();
    let daemon = daemon(&layout);
    daemon.begin_drain();
    assert_eq!(daemon.not_ready().as_deref(), Some("draining"));
}

/// Lays the files of a golden bundle out as they lie on its machine.
fn golden(layout: &Layout, vm: &str) {
    let out = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden/forum");
    let bundle = fs::read(out.join("vms").join(vm).join("bundle.json")).unwrap();
    let bundle: mesh_wire::Bundle = serde_json::from_slice(&bundle).unwrap();
    for file in &bundle.files {
        let place = layout.at(&file.path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(out.join(&file.source), place).unwrap();
    }
    fs::create_dir_all(layout.state()).unwrap();
}

#[test]
fn what_the_compiler_wrote_is_taken_over() {
    for vm in ["forum-db-1", "forum-vm-1"] {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        golden(&layout, vm);
        let daemon = daemon(&layout);
        let status = daemon.status();
        assert_eq!(status.snapshot_error, None, "{vm}");
        assert!(status.snapshot.is_some() && daemon.dns.hosts() > 2, "{vm}");
    }
}

#[test]
fn files_that_the_snapshot_names_are_read_again_when_they_change() {
    let (_root, layout) = machine();
    let bundle = layout.at("/etc/meshd/outside.pem");
    let content = fs::read(layout.at("/etc/meshd/identity/root-cert.pem")).unwrap();
    fs::write(&bundle, &content).unwrap();
    let cluster = serde_json::json!({
        "discovery": "listed", "transport": { "tls": { "ca-file": bundle } }, "http": "http1", "balance": "round-robin",
        "locality": "ignore", "connect-timeout": 1000, "limits": {}, "panic-threshold": 0, "warmup": 0,
        "endpoints": [],
    });
    let part = serde_json::json!({ "format": 1, "clusters": { "outside": cluster } });
    fs::write(layout.at("/etc/meshd/mesh.json"), part.to_string()).unwrap();
    let daemon = daemon(&layout);
    let begun = daemon.shared.snapshot().unwrap();
    daemon.look();
    assert!(Arc::ptr_eq(&begun, &daemon.shared.snapshot().unwrap()));
    fs::write(&bundle, [&content[..], &content[..]].concat()).unwrap();
    daemon.look();
    assert!(!Arc::ptr_eq(&begun, &daemon.shared.snapshot().unwrap()));
}
