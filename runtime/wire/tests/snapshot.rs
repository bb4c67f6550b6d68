//! What a reader of snapshots may rely on.

use std::collections::BTreeMap;

use mesh_wire::snapshot::{IdentitySource, InvalidSnapshot};
use mesh_wire::{Identity, Node, Snapshot};

/// The VM's own part: who it is, and nothing else.
fn own() -> Snapshot {
    let files = IdentitySource::Files {
        cert_chain: "c".into(),
        key: "k".into(),
        roots: "r".into(),
        crl: None,
    };
    Snapshot {
        format: 1,
        include: vec!["mesh.json".into()],
        node: Some(Node {
            id: "sidecar~10.0.0.1~a.b~b.svc.cluster.local".into(),
            name: "a".into(),
            namespace: "b".into(),
            workload: "w".into(),
            addresses: vec![[10, 0, 0, 1].into()],
            cluster: "c".into(),
            mesh: "m".into(),
            network: "n".into(),
            locality: mesh_wire::cluster::Locality::default(),
            labels: BTreeMap::new(),
        }),
        identity: Some(Identity {
            trust_domain: "cluster.local".into(),
            trust_domain_aliases: vec![],
            service_account: "s".into(),
            spiffe: "spiffe://cluster.local/ns/b/sa/s".into(),
            source: files,
        }),
        ..Snapshot::default()
    }
}

#[test]
fn the_two_parts_of_a_snapshot_become_one() {
    let mut whole = own();
    whole.merge(Snapshot {
        outbound_default: Some("Pass".into()),
        ..Snapshot::default()
    });
    assert_eq!(whole.outbound_default.as_deref(), Some("Pass"));
    assert_eq!(whole.node, own().node, "what the VM's own part says stays");
}

#[test]
fn a_reference_that_leads_nowhere_is_refused() {
    let mut snapshot = own();
    snapshot.outbound_default = Some("BlackHoleCluster".into());
    let refused = snapshot.validate().unwrap_err();
    assert!(matches!(refused, InvalidSnapshot::Dangling { .. }), "{refused}");
}

#[test]
fn a_newer_format_is_refused_with_the_remedy() {
    let snapshot = Snapshot { format: 2, ..own() };
    assert!(
        snapshot
            .validate()
            .unwrap_err()
            .to_string()
            .contains("update meshd")
    );
}

#[test]
fn a_field_that_nobody_knows_is_refused() {
    let unknown = r#"{"format":1,"outbond":[]}"#;
    assert!(serde_json::from_str::<Snapshot>(unknown).is_err());
}

proptest::proptest! {
    /// Whatever a damaged file holds, reading it ends in a value or an error.
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        if let Ok(snapshot) = serde_json::from_str::<Snapshot>(&text) {
            let _ = snapshot.validate();
        }
    }
}
