//! The authority's certificates, judged by openssl.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use mesh_apply::ca::{Ca, CaError, Subject};

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .output()
        .expect("needs openssl: apt-get install openssl");
    assert!(
        output.status.success(),
        "openssl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn text(path: &Path) -> String {
    openssl(&["x509", "-noout", "-text", "-in", path.to_str().unwrap()])
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn subject() -> Subject {
    Subject::vm("cluster.local", "istioinaction", "forum-vm-1", "forum")
}

#[test]
fn a_vms_certificate_is_as_istiod_would_sign_it_and_its_chain_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::init(folder.path()).unwrap();
    let issued = ca.issue(&subject(), 365).unwrap().folder;
    let (chain, root) = (issued.join("cert-chain.pem"), issued.join("root-cert.pem"));
    let shown = text(&chain);
    assert!(shown.contains("X509v3 Subject Alternative Name: critical\n                URI:spiffe://cluster.local/ns/istioinaction/sa/forum\n"), "{shown}");
    assert!(
        shown.contains("Subject: \n") && shown.contains("prime256v1") && shown.contains("CA:FALSE"),
        "{shown}"
    );
    assert!(
        shown.contains("TLS Web Server Authentication, TLS Web Client Authentication"),
        "{shown}"
    );
    let (root, chain) = (root.to_str().unwrap(), chain.to_str().unwrap());
    for purpose in ["sslserver", "sslclient"] {
        openssl(&[
            "verify",
            "-x509_strict",
            "-purpose",
            purpose,
            "-CAfile",
            root,
            "-untrusted",
            chain,
            chain,
        ]);
    }
    let of_key = openssl(&["pkey", "-pubout", "-in", issued.join("key.pem").to_str().unwrap()]);
    assert_eq!(of_key, openssl(&["x509", "-pubkey", "-noout", "-in", chain]));
    assert_eq!(
        fs::read_to_string(chain)
            .unwrap()
            .matches("BEGIN CERTIFICATE")
            .count(),
        2
    );
}

#[test]
fn keys_are_secret_and_certificates_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::init(folder.path()).unwrap();
    let cluster = ca.cluster("seoul").unwrap();
    let issued = ca.issue(&subject(), 30).unwrap().folder;
    for secret in [
        folder.path().join("root-key.pem"),
        cluster.folder.join("ca-key.pem"),
        cluster.manifest,
        issued.join("key.pem"),
    ] {
        assert_eq!(mode(&secret), 0o600, "{}", secret.display());
    }
    assert_eq!(mode(&issued.join("cert-chain.pem")) & 0o444, 0o444);
}

#[test]
fn a_clusters_secret_has_istios_four_keys_and_its_chain_verifies() {
    use base64::Engine as _;
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::init(folder.path()).unwrap();
    let cluster = ca.cluster("seoul").unwrap();
    let manifest = fs::read_to_string(&cluster.manifest).unwrap();
    let data = manifest.split_once("\ndata:\n").unwrap().1;
    let keys: Vec<_> = data
        .lines()
        .map(|line| line.trim().split_once(": ").unwrap())
        .collect();
    let names: Vec<_> = keys.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"]
    );
    for (name, value) in keys {
        let bytes = base64::engine::general_purpose::STANDARD.decode(value).unwrap();
        assert_eq!(bytes, fs::read(cluster.folder.join(name)).unwrap(), "{name}");
    }
    let path = |name: &str| cluster.folder.join(name).to_str().unwrap().to_owned();
    openssl(&[
        "verify",
        "-x509_strict",
        "-CAfile",
        &path("root-cert.pem"),
        &path("ca-cert.pem"),
    ]);
    assert!(text(&cluster.folder.join("ca-cert.pem")).contains("CA:TRUE, pathlen:0"));
    assert!(ca.cluster("seoul").unwrap().kept, "a second time changes nothing");
    assert_eq!(fs::read_to_string(&cluster.manifest).unwrap(), manifest);
}

#[test]
fn a_young_certificate_is_kept_and_an_old_or_foreign_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Ca::init(folder.path()).unwrap();
    assert!(!ca.issue(&subject(), 365).unwrap().kept);
    assert!(
        Ca::open(folder.path())
            .unwrap()
            .issue(&subject(), 365)
            .unwrap()
            .kept
    );
    let renamed = Subject {
        spiffe: "spiffe://other/ns/istioinaction/sa/forum".to_owned(),
        ..subject()
    };
    assert!(!ca.issue(&renamed, 365).unwrap().kept, "the name has changed");
    let issued = ca.issue(&subject(), 365).unwrap();
    fs::remove_file(issued.folder.join("key.pem")).unwrap();
    assert!(!ca.issue(&subject(), 365).unwrap().kept, "the key is gone");
    // A life of no days is the two minutes before its making.
    ca.issue(
        &Subject {
            name: "old".to_owned(),
            ..subject()
        },
        0,
    )
    .unwrap();
    assert!(
        !ca.issue(
            &Subject {
                name: "old".to_owned(),
                ..subject()
            },
            0
        )
        .unwrap()
        .kept,
        "it has ended"
    );
}

#[test]
fn a_root_is_never_overwritten_and_a_name_never_leaves_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Ca::open(folder.path()), Err(CaError::Missing(_))));
    let ca = Ca::init(folder.path()).unwrap();
    let before = fs::read(folder.path().join("root-key.pem")).unwrap();
    assert!(matches!(Ca::init(folder.path()), Err(CaError::Exists(_))));
    assert_eq!(fs::read(folder.path().join("root-key.pem")).unwrap(), before);
    for name in ["", "..", "a/b", ".hidden"] {
        assert!(matches!(ca.cluster(name), Err(CaError::Name(_))), "{name}");
    }
}
