//! What the VMs of the examples are given: every list leads to files that are there, and every document is one
//! that the runtime accepts.

use std::collections::{BTreeMap, BTreeSet};

use crate::common;
use mesh_compiler::emit::Output;
use mesh_wire::bundle::{Bundle, Check};
use mesh_wire::snapshot::NameTable;
use mesh_wire::{Sha256, Snapshot};

#[test]
fn every_file_of_a_bundle_is_in_the_output() {
    for (path, bundle, output) in bundles() {
        assert!(!bundle.files.is_empty());
        for file in &bundle.files {
            let source = &output[&file.source];
            assert_eq!(file.sha256, Sha256::of(&source.bytes), "{path}: {}", file.path);
            assert!(
                file.source.ends_with(&format!("/rootfs{}", file.path)),
                "{path}: {}",
                file.source
            );
        }
        assert!(bundle.files.is_sorted_by_key(|file| &file.path), "{path}");
    }
}

#[test]
fn every_snapshot_is_one_that_the_runtime_takes() {
    for (path, bundle, output) in bundles() {
        let mut snapshot: Snapshot = document(&bundle, &output, "/etc/meshd/snapshot.json");
        for include in snapshot.include.clone() {
            snapshot.merge(document(&bundle, &output, &format!("/etc/meshd/{include}")));
        }
        snapshot
            .validate()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
    }
}

#[test]
fn the_name_that_is_checked_is_in_the_table() {
    for (path, bundle, output) in bundles() {
        let names: NameTable = document(&bundle, &output, "/etc/meshd/names.json");
        let checked = bundle.checks.iter().find_map(|check| match check {
            Check::Name(name) => Some(name),
            _ => None,
        });
        assert!(names.hosts.contains_key(checked.unwrap()), "{path}");
    }
}

#[test]
fn a_vm_has_few_files_of_its_own() {
    for (path, bundle, _) in bundles() {
        let own = bundle
            .files
            .iter()
            .filter(|file| file.source.starts_with("vms/"))
            .count();
        assert!(
            own <= 1,
            "{path} has {own} files; writing many is the slow part of a big mesh"
        );
    }
}

#[test]
fn systemd_takes_the_units() {
    let found = std::process::Command::new("systemd-analyze")
        .arg("--version")
        .output();
    if !common::present(
        found.is_ok(),
        "systemd-analyze, install with apt-get install systemd",
    ) {
        return;
    }
    // Most machines of a group have the same.
    let mut seen = BTreeSet::new();
    for example in common::examples() {
        let output = common::emitted(&common::example(&example));
        for (path, file) in output.iter().filter(|(path, _)| path.ends_with("/bundle.json")) {
            let bundle = serde_json::from_slice(&file.bytes).unwrap();
            let units = units(&bundle, &output);
            if seen.insert(units.clone()) {
                verify(&format!("{example}: {path}"), &bundle, &units);
            }
        }
    }
    assert!(
        seen.len() > 2,
        "redirection, TPROXY and tuning differ: {}",
        seen.len()
    );
}

/// The units and drop-ins of a bundle, by their names.
fn units(bundle: &Bundle, output: &Output) -> BTreeMap<String, String> {
    let of_systemd = |path: &str| path.strip_prefix("/etc/systemd/system/").map(str::to_owned);
    let units = bundle
        .files
        .iter()
        .filter_map(|file| Some((of_systemd(&file.path)?, &file.path)));
    // The program is not on this machine; everything else of the unit is looked at.
    let written = |path| text(bundle, output, path).replace("/usr/local/bin/meshd", "/bin/true");
    units.map(|(name, path)| (name, written(path))).collect()
}

/// Lays them out, and lets systemd look at them.
fn verify(path: &str, bundle: &Bundle, units: &BTreeMap<String, String>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in units {
        let place = folder.path().join(name);
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(place, text).unwrap();
    }
    let units = bundle.units.iter().map(|unit| folder.path().join(&unit.name));
    let verify = std::process::Command::new("systemd-analyze")
        .arg("verify")
        .args(units)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&verify.stderr);
    let ours: Vec<_> = complaint.lines().filter(|line| line.contains("meshd")).collect();
    assert!(verify.status.success() && ours.is_empty(), "{path}: {complaint}");
}

fn bundles() -> Vec<(String, Bundle, Output)> {
    let mut all = Vec::new();
    for example in ["forum", "reference", "envoy"] {
        let output = common::emitted(&common::example(example));
        for (path, file) in output.iter().filter(|(path, _)| path.ends_with("/bundle.json")) {
            all.push((
                path.clone(),
                serde_json::from_slice(&file.bytes).unwrap(),
                output.clone(),
            ));
        }
    }
    assert_eq!(all.len(), 8);
    all
}

fn document<T: serde::de::DeserializeOwned>(bundle: &Bundle, output: &Output, path: &str) -> T {
    serde_json::from_str(&text(bundle, output, path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn text(bundle: &Bundle, output: &Output, path: &str) -> String {
    let file = bundle.files.iter().find(|file| file.path == path);
    let file = file.unwrap_or_else(|| panic!("{} has no {path}", bundle.vm));
    String::from_utf8(output[&file.source].bytes.clone()).unwrap()
}
