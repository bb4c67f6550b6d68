//! `meshc import`: from objects to a spec that means the same.

#![allow(clippy::unwrap_used, reason = "a test: it may panic")]

mod common;

use common::Seat;

const OBJECTS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: cart, namespace: shop}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec: {selector: {app: cart}, ports: [{name: http, port: 8080}]}
---
# What it is for.
apiVersion: v1
kind: Service
metadata: {name: guess, namespace: shop}
spec: {selector: {app: guess}, ports: [{port: 80}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules: [{to: [{operation: {methods: [GET]}}]}]
";

const SPEC: &str = "\
mesh mesh {
    mtls permissive
}

namespace shop {
    service cart {
        port 8080 http
        allow methods=GET
    }
}

// What the language does not say.
raw \"raw/*.yaml\"
";

#[test]
fn objects_become_a_spec_and_what_it_does_not_say() {
    let seat = Seat::with_forum();
    seat.write("there/all.yaml", OBJECTS);
    let run = seat.done(&["import", "there", "-o", "mesh/spec.kdl"]);
    assert_eq!(
        run.stdout,
        "\
stay as they are, in raw/:
  Service guess.shop: what is spoken on a port is not said, neither by its protocol nor by its name: Istio looks \
at the first bytes, and the language has no word for that
mesh/spec.kdl: 4 of 5 objects, the others beside it in raw/
"
    );
    assert_eq!(seat.read("mesh/spec.kdl"), SPEC);
    assert!(seat.read("mesh/raw/shop.yaml").contains("name: guess"));
    seat.done(&["check", "mesh/spec.kdl"]);
    // The proof, with other means: nothing but what only a spec has differs.
    let same = seat.done(&["diff", "there", "mesh/spec.kdl"]);
    assert!(
        same.stdout.ends_with("no difference in meaning\n"),
        "{}",
        same.stdout
    );
}

#[test]
fn a_spec_that_is_there_stays() {
    let seat = Seat::with_forum();
    let before = seat.read("spec.kdl");
    seat.write("there/all.yaml", OBJECTS);
    let told = seat.fails(2, &["import", "there"]);
    assert!(
        told.contains("`spec.kdl` cannot be written") && told.contains("--overwrite"),
        "{told}"
    );
    assert_eq!(seat.read("spec.kdl"), before);
    assert!(!seat.path("raw").exists(), "nothing is written");
    seat.done(&["import", "there", "--overwrite"]);
    assert_eq!(seat.read("spec.kdl"), SPEC);
}

#[test]
fn what_was_built_is_imported_as_it_was() {
    let seat = Seat::with_forum();
    seat.done(&["build", "spec.kdl"]);
    let run = seat.done(&["import", "out/kubernetes", "-o", "back/spec.kdl"]);
    assert!(
        run.stdout.ends_with("back/spec.kdl: 22 of 22 objects\n"),
        "{}",
        run.stdout
    );
    seat.done(&["build", "back/spec.kdl"]);
    let same = seat.done(&["diff", "out/kubernetes", "back/out/kubernetes"]);
    assert_eq!(same.stdout, "no difference in meaning\n");
}

#[test]
fn what_is_no_object_is_not_imported() {
    let seat = Seat::with_forum();
    assert!(
        seat.fails(2, &["import", "spec.kdl"])
            .contains("holds no objects of Kubernetes")
    );
    assert!(seat.fails(2, &["import", "nowhere"]).contains("nowhere"));
}
