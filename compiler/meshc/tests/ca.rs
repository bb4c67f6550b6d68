//! `meshc ca`, as the user sees it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use common::Seat;

const FOUR: &str = "\
WORD spiffe://cluster.local/ns/istioinaction/sa/forum-db for istioinaction/forum-db-1
WORD spiffe://cluster.local/ns/istioinaction/sa/forum for istioinaction/forum-vm-1
WORD spiffe://cluster.local/ns/istioinaction/sa/forum for istioinaction/forum-vm-2
WORD spiffe://cluster.local/ns/istioinaction/sa/forum for istioinaction/forum-vm-3
";

#[test]
fn a_root_is_made_once_and_certificates_are_kept() {
    let seat = Seat::with_forum();
    assert_eq!(
        seat.done(&["ca", "init", "ca"]).stdout,
        "made a root in ca; keep root-key.pem away from the machines of the mesh\n"
    );
    let root = seat.read("ca/root-cert.pem");
    assert_eq!(
        seat.fails(2, &["ca", "init", "ca"]),
        "error: `ca` has a root already, and it is never overwritten: every certificate of the mesh hangs on it\n"
    );
    assert_eq!(seat.read("ca/root-cert.pem"), root);
    let issue = ["ca", "issue", "ca", "spec.kdl"];
    assert_eq!(seat.done(&issue).stdout, FOUR.replace("WORD", "issued"));
    assert_eq!(seat.done(&issue).stdout, FOUR.replace("WORD", "kept"));
}

#[test]
fn an_output_names_the_same_machines_as_its_spec() {
    let seat = Seat::with_forum();
    seat.done(&["ca", "init", "ca"]);
    seat.done(&["build", "spec.kdl", "-o", "out"]);
    let of_output = seat.done(&["ca", "issue", "ca", "out"]).stdout;
    assert_eq!(of_output, FOUR.replace("WORD", "issued"));
    let of_spec = seat.done(&["ca", "issue", "ca", "spec.kdl"]).stdout;
    assert_eq!(of_spec, FOUR.replace("WORD", "kept"));
}

#[test]
fn another_identity_needs_another_certificate() {
    let seat = Seat::with_forum();
    seat.done(&["ca", "init", "ca"]);
    seat.done(&["ca", "issue", "ca", "spec.kdl"]);
    seat.write(
        "spec.kdl",
        &seat
            .read("spec.kdl")
            .replace("trust-domain cluster.local", "trust-domain example.org"),
    );
    let again = seat.done(&["ca", "issue", "ca", "spec.kdl"]).stdout;
    assert_eq!(
        again.matches("issued spiffe://example.org/").count(),
        4,
        "{again}"
    );
}

#[test]
fn a_cluster_is_given_a_secret_and_told_when() {
    let seat = Seat::with_forum();
    seat.done(&["ca", "init", "ca"]);
    let told = "\
WORD the intermediate of forum-cluster: ca/clusters/forum-cluster
before istiod starts: kubectl apply -f ca/clusters/forum-cluster/cacerts.yaml
";
    let cluster = ["ca", "cluster", "ca", "forum-cluster"];
    assert_eq!(seat.done(&cluster).stdout, told.replace("WORD", "made"));
    assert_eq!(seat.done(&cluster).stdout, told.replace("WORD", "kept"));
    std::fs::remove_file(seat.path("ca/root-key.pem")).unwrap();
    assert_eq!(seat.done(&cluster).stdout, told.replace("WORD", "kept"));
    assert_eq!(
        seat.fails(2, &["ca", "cluster", "ca", "another"]),
        "error: `ca/root-key.pem` is not there, and only with the root's key are intermediates made: \
         bring it back for this\n"
    );
    assert_eq!(
        seat.fails(2, &["ca", "cluster", "ca", "../forum"]),
        "error: `../forum` cannot be a name here: letters, digits and `-` are expected\n"
    );
}

#[test]
fn what_is_no_authority_and_what_is_no_spec_is_named() {
    let seat = Seat::with_forum();
    assert_eq!(
        seat.fails(2, &["ca", "issue", "nowhere", "spec.kdl"]),
        "error: `nowhere` has no root: make one with `meshc ca init`\n"
    );
    seat.done(&["ca", "init", "ca"]);
    // The two in the wrong order.
    assert_eq!(
        seat.fails(2, &["ca", "issue", "spec.kdl", "ca"]),
        "error: `ca` is neither a spec nor the output of a build\n  \
         cause: the folder has neither a `build.json` nor a `spec.kdl`\n  \
         help: name a spec, or the folder that `meshc build` wrote\n"
    );
    seat.write("ca/root-cert.pem", "oops\n");
    let damaged = seat.fails(2, &["ca", "issue", "ca", "spec.kdl"]);
    assert!(
        damaged.starts_with("error: `ca/root-cert.pem` is no certificate or key that can be used: "),
        "{damaged}"
    );
    assert!(!seat.path("ca/issued").exists());
}

#[test]
fn lists_of_what_was_revoked_go_along_and_are_named() {
    let seat = Seat::with_forum();
    seat.done(&["ca", "init", "ca"]);
    seat.done(&["ca", "issue", "ca", "spec.kdl"]);
    let build = ["build", "spec.kdl", "--identity", "ca", "-o", "out"];
    seat.done(&build);
    let own = "out/vms/forum-vm-1/rootfs/etc/meshd/snapshot.json";
    assert!(!seat.read(own).contains("crl"));
    let list = "-----BEGIN X509 CRL-----\nMIIB\n-----END X509 CRL-----\n";
    seat.write("ca/ca-crl.pem", list);
    seat.done(&build);
    assert!(
        seat.read(own)
            .contains(r#""crl": "/etc/meshd/identity/ca-crl.pem""#)
    );
    let bundled = "out/vms/forum-vm-1/rootfs/etc/meshd/identity/ca-crl.pem";
    assert_eq!(seat.read(bundled), list);
    seat.write("ca/ca-crl.pem", "oops\n");
    assert_eq!(
        seat.fails(1, &build),
        "error: `ca/ca-crl.pem` cannot be used\n  cause: there is no list in it\n  \
         help: it is the lists of all authorities of the mesh, one after the other, as PEM\n"
    );
}
