use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::release::Blob;
use crate::runtime::{Machine, Runtime};

fn release() -> Release {
    let (config, program) = (Sha256::of(b"config"), Sha256::of(b"program"));
    let bundle = serde_json::from_value(serde_json::json!({
        "format": 1, "vm": "v", "namespace": "n", "runtime": "0",
        "files": [{"path": "/etc/systemd/resolved.conf.d/50-meshd.conf", "source": "c", "owner": "root",
            "group": "root", "mode": "0644", "sha256": config}],
        "units": [{"name": "meshd.service", "enable": false}], "checks": [], "ssh": {"host": "h"}
    }))
    .unwrap();
    let blob = |size, program| Blob {
        path: PathBuf::new(),
        size,
        program,
    };
    Release {
        id: Sha256::of(b"release"),
        bundle,
        document: b"release".to_vec(),
        runtime: Runtime {
            path: PathBuf::new(),
            machine: Machine::Only("x86_64".to_owned()),
            sha256: program.clone(),
            size: 10 << 20,
        },
        blobs: BTreeMap::from([(config, blob(6, false)), (program, blob(10 << 20, true))]),
    }
}

/// A fresh machine with all that is needed.
fn facts() -> Facts {
    Facts {
        arch: "x86_64".to_owned(),
        booted_systemd: true,
        units: BTreeMap::from([("systemd-resolved.service".to_owned(), "active".to_owned())]),
        has: ["nft", "tar", "sha256sum", "stub"].map(str::to_owned).into(),
        clock: Some(1000),
        free: Some(1 << 30),
        ..Facts::default()
    }
}

fn code(change: impl FnOnce(&mut Facts)) -> &'static str {
    let mut facts = facts();
    change(&mut facts);
    plan(&release(), &facts, 1000).unwrap_err().code
}

#[test]
fn a_fresh_machine_gets_everything_smallest_first() {
    let plan = plan(&release(), &facts(), 1000).unwrap();
    let Action::Install { send, expect } = &plan.action else {
        panic!("{plan:?}")
    };
    assert_eq!(
        send.iter().map(|blob| blob.size).collect::<Vec<_>>(),
        [6, 10 << 20]
    );
    assert_eq!((expect, plan.changes.len(), plan.warnings.len()), (&None, 1, 0));
}

#[test]
fn what_is_there_is_not_sent_and_a_beginning_is_continued() {
    let mut facts = facts();
    facts.blobs.insert(Sha256::of(b"config"));
    facts.parts.insert(Sha256::of(b"program"), 4 << 20);
    let plan = plan(&release(), &facts, 1000).unwrap();
    assert_eq!(plan.bytes(), 6 << 20);
}

#[test]
fn a_beginning_that_is_too_long_is_sent_anew() {
    let mut facts = facts();
    facts.parts.insert(Sha256::of(b"program"), 11 << 20);
    assert_eq!(plan(&release(), &facts, 1000).unwrap().bytes(), (10 << 20) + 6);
}

#[test]
fn a_machine_that_is_right_is_left_alone_and_one_that_waits_is_confirmed() {
    let mut facts = facts();
    facts.release = Some(release().id);
    facts
        .units
        .insert("meshd.service".to_owned(), "active".to_owned());
    assert_eq!(plan(&release(), &facts, 0).unwrap().action, Action::Nothing);
    facts.unconfirmed = true;
    assert_eq!(plan(&release(), &facts, 0).unwrap().action, Action::Confirm);
    facts.drift.push("/etc/meshd/names.json".to_owned());
    let repaired = plan(&release(), &facts, 1000).unwrap();
    assert_eq!(
        repaired.repairs,
        ["/etc/meshd/names.json was changed on the machine"]
    );
    assert_eq!(
        repaired.action,
        Action::Install {
            send: missing(&release(), &facts),
            expect: Some(release().id)
        }
    );
}

#[test]
fn every_obstacle_has_its_name() {
    assert_eq!(code(|facts| facts.booted_systemd = false), "systemd");
    assert_eq!(code(|facts| facts.has.retain(|tool| tool != "tar")), "tools");
    assert_eq!(code(|facts| facts.units.clear()), "resolver");
    assert_eq!(code(|facts| facts.free = Some(20 << 20)), "disk-full");
    assert_eq!(
        code(|facts| facts.listeners.push((15001, "envoy".to_owned()))),
        "port"
    );
    // Without a release in force, a meshd that listens is somebody else's.
    assert_eq!(
        code(|facts| facts.listeners.push((15001, "meshd".to_owned()))),
        "port"
    );
}

#[test]
fn the_sockets_of_the_release_in_force_are_no_obstacle() {
    let mut facts = facts();
    facts.release = Some(Sha256::of(b"old"));
    facts.listeners.push((15001, "systemd".to_owned()));
    assert!(plan(&release(), &facts, 1000).is_ok());
}

#[test]
fn a_machine_of_another_kind_is_told_which_runtime_it_lacks() {
    let mut facts = facts();
    facts.arch = "aarch64".to_owned();
    let failure = choose(&[release()], &facts).unwrap_err();
    assert_eq!(failure.cause, "it is aarch64, and there is a runtime for x86_64");
    assert!(failure.remedy.contains("meshd-aarch64"));
}

#[test]
fn a_wrong_clock_and_a_resolver_beside_are_told() {
    let mut facts = facts();
    facts.has.remove("stub");
    let plan = plan(&release(), &facts, 1200).unwrap();
    assert_eq!(plan.warnings.len(), 2);
    assert!(plan.warnings[0].starts_with("the machine's clock is 200 s behind"));
}
