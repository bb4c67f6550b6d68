//! One spec for several environments, in several files, as the user sees it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use common::Seat;

const SPEC: &str = r#"
include "teams/*.kdl"
param gateway type=address about="What VMs dial"
profile prod { set gateway "198.51.100.7" }
mesh m
network kube
cluster main { gateway address=$gateway }
"#;

fn seat() -> Seat {
    let seat = Seat::with_forum();
    seat.write("spec.kdl", SPEC);
    seat.write(
        "teams/shop.kdl",
        "namespace shop { service cart { port 80 http } }\n",
    );
    seat.write(
        "teams/pay.kdl",
        "namespace pay { service bank { port 80 http } }\n",
    );
    seat
}

#[test]
fn a_profile_and_settings_choose_what_is_built() {
    let seat = seat();
    let told = seat.meshc(&["check", "spec.kdl"]);
    assert_eq!(told.code, 1);
    assert!(
        told.stdout.contains("the parameter `gateway` has no value")
            && told.stdout.contains("`--profile prod` or `--set gateway=…`"),
        "{}",
        told.stdout
    );
    seat.done(&["build", "spec.kdl", "--profile", "prod"]);
    let prod = seat.read("out/build.json");
    let values = "out/kubernetes/main/10-istio-system.yaml";
    seat.read(values);
    seat.done(&[
        "build",
        "spec.kdl",
        "--profile",
        "prod",
        "--set",
        "gateway=192.0.2.1",
    ]);
    assert_ne!(seat.read("out/build.json"), prod, "the record tells them apart");
    seat.done(&["build", "spec.kdl", "--profile", "prod"]);
    assert_eq!(seat.read("out/build.json"), prod);
    let wrong = seat.meshc(&["check", "spec.kdl", "--set", "gateway=a b"]);
    assert!(wrong.stdout.contains("--set:1:9"), "{}", wrong.stdout);
    assert_eq!(seat.meshc(&["check", "spec.kdl", "--set", "gateway"]).code, 2);
}

#[test]
fn an_output_has_its_values_already() {
    let seat = seat();
    seat.done(&["build", "spec.kdl", "--profile", "prod"]);
    let told = seat.fails(2, &["apply", "out", "--ssh", "--profile", "prod"]);
    assert!(told.contains("`--profile` and `--set` need a spec"), "{told}");
}

#[test]
fn a_file_that_is_missing_is_named_where_it_is_included() {
    let seat = seat();
    seat.write("spec.kdl", &SPEC.replace("teams/*.kdl", "team/shop.kdl"));
    let told = seat.meshc(&["check", "spec.kdl", "--profile", "prod"]);
    assert_eq!(told.code, 2);
    assert!(
        told.stdout.contains("spec.kdl:2:9") && told.stdout.contains("No such file or directory"),
        "{}",
        told.stdout
    );
}
