//! Whole runs against a real sshd; only the daemon at the far end is a stand-in.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "helpers of tests"
)]

mod common;

use std::fs;
use std::path::Path;

use common::machine::PROGRAM;
use common::{Machine, Sshd, sshd};
use mesh_apply::deploy::Done;
use mesh_apply::plan::Action;

#[test]
fn the_first_run_sends_all_the_second_does_nothing_and_a_change_sends_one_blob() {
    if !sshd::available() {
        return;
    }
    let (sshd, machine) = (Sshd::start(""), Machine::new());
    let login = sshd.login("");

    let (result, plan) = machine.apply(&login);
    assert_eq!(result, Ok(Done::Applied));
    assert!(plan.unwrap().bytes() > PROGRAM as u64);
    assert_eq!(machine.store().len(), 3);
    assert_eq!(
        fs::read_to_string(machine.root("etc/meshd/names.json")).unwrap(),
        "one\n"
    );
    assert!(machine.home("confirmed").exists());
    assert!(!machine.home("incoming").exists());
    assert_eq!(sshd.logins(), 2, "one to work, one to confirm");

    let (result, plan) = machine.apply(&login);
    assert_eq!(
        (result, plan.unwrap().action),
        (Ok(Done::Unchanged), Action::Nothing)
    );
    assert_eq!(sshd.logins(), 3, "a second run takes one login");

    machine.build("two\n");
    let (result, plan) = machine.apply(&login);
    let plan = plan.unwrap();
    assert_eq!((result, plan.bytes()), (Ok(Done::Applied), 4));
    let changes: Vec<_> = plan.changes.iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["~ /etc/meshd/names.json"]);
    assert_eq!(
        fs::read_to_string(machine.root("etc/meshd/names.json")).unwrap(),
        "two\n"
    );
}

#[test]
fn another_runtime_under_the_same_bundle_is_another_release() {
    if !sshd::available() {
        return;
    }
    let (sshd, machine) = (Sshd::start(""), Machine::new());
    let login = sshd.login("");
    machine.apply(&login).0.unwrap();
    let mut program = fs::read(machine.folder.path().join("runtime/meshd")).unwrap();
    program.push(0);
    machine.put_runtime(&program);
    let (result, plan) = machine.apply(&login);
    assert_eq!(
        (result, plan.unwrap().bytes()),
        (Ok(Done::Applied), program.len() as u64)
    );
    assert_eq!(
        fs::read(machine.home("current/meshd")).unwrap().len(),
        program.len()
    );
}

#[test]
fn what_somebody_changed_on_the_machine_is_put_right() {
    is_put_right(|names| {
        fs::remove_file(names).unwrap();
        fs::write(names, "by hand\n").unwrap();
    });
}

#[test]
fn what_somebody_changed_through_the_link_is_put_right_too() {
    is_put_right(|names| fs::write(names, "by hand\n").unwrap());
}

/// Changes a file that was applied, and applies again.
fn is_put_right(change: impl Fn(&Path)) {
    if !sshd::available() {
        return;
    }
    let (sshd, machine) = (Sshd::start(""), Machine::new());
    let login = sshd.login("");
    machine.apply(&login).0.unwrap();
    let names = machine.root("etc/meshd/names.json");
    change(&names);
    let (result, plan) = machine.apply(&login);
    assert_eq!(result, Ok(Done::Applied));
    assert_eq!(
        plan.unwrap().repairs,
        ["/etc/meshd/names.json was changed on the machine"]
    );
    assert_eq!(fs::read_to_string(names).unwrap(), "one\n");
}
