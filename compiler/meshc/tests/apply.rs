//! `meshc apply` and `meshc remove`, as the user sees them, up to the door of the machine. What happens behind it is
//! tested in mesh-apply, and on booted machines by the demo.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod common;
#[path = "common/sshd.rs"]
mod sshd;

use common::{Run, Seat};
use sshd::Sshd;

/// A folder with `out/`, a runtime and an SSH configuration that leads every name to a port where nobody listens.
fn seat() -> Seat {
    let seat = Seat::with_forum();
    seat.done(&["build", "spec.kdl", "-o", "out"]);
    seat.write("runtime/meshd", "#!/bin/sh\n");
    seat.write("closed", "Host *\n  HostName 127.0.0.1\n  Port 1\n");
    seat
}

fn dry_run(seat: &Seat, config: &str) -> Run {
    seat.meshc(&[
        "apply",
        "out",
        "--ssh",
        "--dry-run",
        "--vm",
        "forum-db-1",
        "--runtime",
        "runtime",
        "-F",
        config,
    ])
}

#[test]
fn the_way_to_the_machines_is_asked_for() {
    let seat = seat();
    let said = seat.fails(2, &["apply", "out"]);
    assert!(said.contains("--ssh|--local"), "{said}");
    let said = seat.fails(2, &["apply", "out", "--local", "--runtime", "runtime"]);
    assert_eq!(
        said,
        "error: which VM is this machine?\n  cause: the mesh has several\n  help: name it with `--vm NAME`\n"
    );
}

#[test]
fn machines_with_istios_own_agent_are_left_to_their_operators() {
    let spec = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/envoy/spec.kdl");
    let seat = Seat::with_forum();
    seat.done(&["build", spec, "-o", "out"]);
    let said = seat.fails(1, &["apply", "out", "--ssh", "--vm", "cart-1"]);
    assert!(
        said.starts_with("error: meshc ships nothing to `cart-1`\n")
            && said.contains("/etc/istio/config/mesh"),
        "{said}"
    );
    // The others go on: here, up to a runtime that is not there.
    let said = seat.fails(2, &["apply", "out", "--ssh", "--runtime", "nowhere"]);
    assert!(
        said.starts_with("passed over, since Istio's own agent carries their traffic: cart-1, cart-2\n"),
        "{said}"
    );
}

#[test]
fn a_misspelt_machine_is_answered_with_the_nearest() {
    let seat = seat();
    for command in ["apply", "remove"] {
        let said = seat.fails(2, &[command, "out", "--ssh", "--vm", "forum-vm1"]);
        assert_eq!(
            said,
            "error: no VM is called `forum-vm1`; did you mean `forum-vm-1`?\n"
        );
    }
}

#[test]
fn what_is_neither_spec_nor_output_is_named() {
    let seat = seat();
    let said = seat.fails(2, &["apply", "nowhere", "--ssh"]);
    assert_eq!(
        said,
        "error: `nowhere` is neither a spec nor the output of a build\n  cause: there is no such file or folder\n  \
         help: name a spec, or the folder that `meshc build` wrote\n"
    );
    let said = seat.fails(2, &["apply", "out/vms", "--ssh"]);
    assert!(said.contains("neither a `build.json` nor a `spec.kdl`"), "{said}");
    let said = seat.fails(2, &["apply", "out", "--ssh", "--identity", "ca"]);
    assert!(
        said.contains("name the spec, or run `meshc build --identity` first"),
        "{said}"
    );
}

#[test]
fn an_output_that_somebody_changed_ships_to_nobody() {
    let seat = seat();
    let apply = ["apply", "out", "--ssh", "--runtime", "runtime", "-F", "closed"];
    std::fs::remove_file(seat.path("out/vms/forum-vm-1/bundle.json")).unwrap();
    assert_eq!(
        seat.fails(2, &apply),
        "error: cannot read the output\n  \
         cause: `out/vms/forum-vm-1/bundle.json` is not as `meshc build` wrote it: it is gone\n  \
         help: run `meshc build` again\n"
    );
    seat.done(&["build", "spec.kdl", "-o", "out"]);
    let names = "out/groups/forum/rootfs/etc/meshd/names.json";
    seat.write(names, &format!("{} ", seat.read(names)));
    let said = seat.fails(2, &apply);
    assert!(
        said.contains("names.json` is not as `meshc build` wrote it: it was edited"),
        "{said}"
    );
}

#[test]
fn a_spec_with_mistakes_is_not_shipped() {
    let seat = seat();
    seat.write(
        "spec.kdl",
        &seat.read("spec.kdl").replace("3306 mysql", "3306 mysqk"),
    );
    let run = seat.meshc(&["apply", "spec.kdl", "--ssh", "-F", "closed"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("did you mean `mysql`?"), "{run:?}");
    assert!(run.stdout.ends_with("1 error in spec.kdl\n"), "{run:?}");
}

#[test]
fn a_host_that_is_down_is_named_with_cause_and_help() {
    let seat = seat();
    let run = dry_run(&seat, "closed");
    assert_eq!(run.code, 1, "{run:?}");
    assert_eq!(
        run.stderr,
        "forum-db-1: failed: cannot connect to ubuntu@127.0.0.1:1\n\
         forum-db-1:   cause: nothing listens there\n\
         forum-db-1:   help: is sshd running on the machine, and on this port?\n"
    );
    assert_eq!(
        run.stdout,
        "forum-db-1: failed: cannot connect to ubuntu@127.0.0.1:1: nothing listens there\n"
    );
    let all = seat.meshc(&["remove", "spec.kdl", "--ssh", "-F", "closed"]);
    assert_eq!(all.code, 1, "{all:?}");
    assert!(all.stdout.ends_with("\n4 machines: 4 failed\n"), "{all:?}");
}

#[test]
fn programs_read_one_object_a_line() {
    let seat = seat();
    let run = seat.meshc(&["remove", "out", "--ssh", "-F", "closed", "--format", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    let lines: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.last().unwrap();
    assert_eq!((&last["event"], &last["ok"]), (&"summary".into(), &false.into()));
    let hosts = last["hosts"].as_array().unwrap();
    assert_eq!(hosts.len(), 4);
    assert!(
        hosts.iter().all(|host| host["error"]["code"] == "refused"),
        "{last}"
    );
}

#[test]
fn a_host_key_is_never_taken_on_trust() {
    let seat = seat();
    if !sshd::available() {
        return;
    }
    let sshd = Sshd::start(&seat);
    sshd.config(&seat, "unknown", "");
    let run = dry_run(&seat, "unknown");
    assert_eq!(run.code, 1, "{run:?}");
    for part in [
        "its host key was never seen: ssh-ed25519 SHA256:",
        "compare it with `ssh-keygen -lf",
        "`--accept-new-host-keys`",
    ] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
    sshd.config(&seat, "changed", &sshd.line(&seat.read("client.pub")));
    let run = dry_run(&seat, "changed");
    assert_eq!(run.code, 1, "{run:?}");
    for part in [
        "the machine was set up anew, or somebody is between",
        "forget the old key: `ssh-keygen -f ~/changed.known -R",
    ] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
}

#[test]
fn a_login_that_is_refused_names_the_keys_that_were_tried() {
    let seat = seat();
    if !sshd::available() {
        return;
    }
    let sshd = Sshd::start(&seat);
    sshd.config(&seat, "known", &sshd.line(&seat.read("host.pub")));
    let run = dry_run(&seat, "known");
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stderr.contains("tried ~/client"), "{run:?}");
    assert!(run.stderr.contains("authorized_keys on the machine"), "{run:?}");
}
