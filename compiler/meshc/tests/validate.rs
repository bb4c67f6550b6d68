//! Every manifest and every rule of every example, as the tools take them that it is written for.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Kinds whose schemas neither Kubernetes nor Istio publish: those of the Prometheus operator.
const WITHOUT_SCHEMA: &[&str] = &["monitoring.coreos.com/"];

#[test]
fn kubernetes_and_istio_take_the_manifests() {
    let (Some(crds), Some(tool)) = (reference(), validator()) else {
        return;
    };
    for Example { name, out } in examples() {
        let folder = tempfile::tempdir().unwrap();
        let mut number = 0;
        for (path, document) in manifests(out.path()) {
            // One object a file: what the tool says is then about one.
            let file = folder.path().join(format!("{number:05}-{path}"));
            std::fs::write(file, document).unwrap();
            number += 1;
        }
        assert!(number > 0, "{name} has no manifests");
        let said = Command::new(&tool)
            .arg(folder.path())
            .arg("--local-crds")
            .arg(&crds)
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let found = text(&said.stdout) + &text(&said.stderr);
        let wrong: Vec<_> = found
            .lines()
            .filter(|line| !line.contains("OK") && !line.is_empty())
            .collect();
        assert!(said.status.success(), "{name}:\n{}", wrong.join("\n"));
        assert!(
            found.matches("OK").count() >= number,
            "{name}: not all were looked at\n{found}"
        );
    }
}

#[test]
fn what_is_wrong_is_found() {
    let (Some(crds), Some(tool)) = (reference(), validator()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let wrong = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a, namespace: b}\n\
        spec: {host: a, trafficPolicy: {connectionPool: {tcp: {keepAlive: {}}}}}\n";
    std::fs::write(folder.path().join("wrong.yaml"), wrong).unwrap();
    let said = Command::new(&tool)
        .arg(folder.path())
        .arg("--local-crds")
        .arg(&crds)
        .output()
        .unwrap();
    assert!(
        !said.status.success(),
        "{}",
        String::from_utf8_lossy(&said.stdout)
    );
}

#[test]
fn the_kernels_tools_take_the_rules() {
    let tools = ["iptables-restore", "ip6tables-restore", "nft", "unshare"];
    let there = tools.iter().all(|tool| found(tool).is_some());
    if !present(there, "apt-get install iptables nftables util-linux") {
        return;
    }
    for Example { name, out } in examples() {
        let rules = files(out.path())
            .into_iter()
            .filter_map(|path| Some((test_of(&path)?, path)));
        for (test, path) in rules {
            let said = in_own_network().args(test).arg(&path).output().unwrap();
            let complaint = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success(), "{name}, {}: {complaint}", path.display());
        }
    }
}

/// What asks the kernel whether it would take these rules.
fn test_of(path: &Path) -> Option<&'static [&'static str]> {
    match path.file_name()?.to_str()? {
        "capture.v4.rules" => Some(&["iptables-restore", "--test", "--noflush"]),
        "capture.v6.rules" => Some(&["ip6tables-restore", "--test", "--noflush"]),
        "capture.nft" => Some(&["nft", "--check", "-f"]),
        _ => None,
    }
}

fn in_own_network() -> Command {
    let mut command = Command::new("unshare");
    command.arg("--net");
    let id = Command::new("id").arg("-u").output().unwrap();
    if id.stdout != b"0\n" {
        command.arg("--map-root-user");
    }
    command
}

/// What is built from an example.
struct Example {
    name: String,
    out: tempfile::TempDir,
}

fn examples() -> Vec<Example> {
    let entries = std::fs::read_dir(root().join("examples")).unwrap();
    let specs = ["spec.kdl", "spec.yaml", "spec.json"];
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap())
        .filter(|entry| specs.iter().any(|spec| entry.path().join(spec).is_file()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.into_iter().map(build).collect()
}

fn build(name: String) -> Example {
    let out = tempfile::tempdir().unwrap();
    let built = Command::new(env!("CARGO_BIN_EXE_meshc"))
        .arg("build")
        .arg(root().join("examples").join(&name))
        .arg("-o")
        .arg(out.path().join("out"))
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&built.stderr)
    );
    Example { name, out }
}

/// All files below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

/// The objects for the cluster, each with the name of its file; neither values for Helm nor lists of files.
fn manifests(out: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for path in files(&out.join("out/kubernetes")) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.ends_with(".yaml") || name.ends_with(".values.yaml") || name == "kustomization.yaml" {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let documents = text
            .split("\n---\n")
            .filter(|document| !document.trim().is_empty());
        let checked = documents.filter(|document| {
            let mut groups = WITHOUT_SCHEMA.iter();
            !groups.any(|group| document.contains(&format!("apiVersion: {group}")))
        });
        all.extend(checked.map(|document| (name.clone(), document.to_owned())));
    }
    all
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The definitions of Istio's resources.
fn reference() -> Option<PathBuf> {
    let path = root().join("../shared/reference/crds");
    let lies = format!("{}, which lies beside the checkout", path.display());
    present(path.is_dir(), &lies).then_some(path)
}

/// Whether a test that needs `what` can run. Where it cannot, CI fails and people are told.
fn present(is: bool, what: &str) -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(is || !ci, "CI needs {what}");
    if !is {
        println!("skipped: needs {what}");
    }
    is
}

/// `kubectl-validate`, on the PATH or where `cargo xtask setup` builds it.
fn validator() -> Option<PathBuf> {
    let target = std::env::var("CARGO_TARGET_DIR").map_or_else(|_| root().join("target"), PathBuf::from);
    let built = target.join("tools/kubectl-validate");
    let tool = found("kubectl-validate").or_else(|| built.is_file().then_some(built));
    present(
        tool.is_some(),
        "kubectl-validate, install with `cargo xtask setup`",
    );
    tool
}

fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/sbin"]);
    folders
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
}
