//! `meshc build`, as the user sees it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mesh_wire::bundle::Bundle;

/// Of big examples only build.json is kept, which pins every other file by its digest.
#[test]
fn golden_is_what_build_writes() {
    for example in examples() {
        let out = tempfile::tempdir().unwrap();
        let built = build(
            &root().join("examples").join(&example),
            &out.path().join("out"),
            &[],
        );
        assert!(built.status.success(), "{built:?}");
        let golden = root().join("golden").join(&example);
        assert!(
            golden.is_dir(),
            "golden/{example} is missing, run `cargo xtask generate`"
        );
        let (golden, mut ours) = (files(&golden), files(&out.path().join("out")));
        if golden.len() == 1 && ours.len() > 500 {
            ours.retain(|path, _| path == Path::new("build.json"));
        }
        let differ: Vec<_> = golden
            .keys()
            .chain(ours.keys())
            .filter(|path| golden.get(*path) != ours.get(*path))
            .collect();
        assert!(
            differ.is_empty(),
            "golden/{example} is stale, run `cargo xtask generate`: {differ:#?}"
        );
    }
}

#[test]
fn a_second_build_touches_nothing_and_a_third_only_what_changed() {
    let (folder, spec) = copy_of_forum();
    let out = folder.path().join("out");
    assert!(build(&spec, &out, &[]).status.success());
    let (folder_before, snapshot) = (
        inode(&out),
        out.join("vms/forum-vm-1/rootfs/etc/meshd/snapshot.json"),
    );
    let again = build(&spec, &out, &[]);
    assert!(text(&again.stdout).contains("nothing changed"), "{again:?}");
    assert_eq!(inode(&out), folder_before);

    let before = inode(&snapshot);
    let changed = fs::read_to_string(&spec)
        .unwrap()
        .replace("weight=130", "weight=131");
    fs::write(&spec, changed).unwrap();
    assert!(build(&spec, &out, &[]).status.success());
    assert_ne!(inode(&out), folder_before, "the folder was exchanged");
    assert_eq!(
        inode(&snapshot),
        before,
        "the file that did not change was linked"
    );
    let manifest =
        fs::read_to_string(out.join("kubernetes/forum-cluster/30-istioinaction-vms.yaml")).unwrap();
    assert!(manifest.contains("weight: 131"));
    assert_eq!(
        names_in(folder.path()),
        ["out", "spec.kdl"],
        "nothing else is left lying about"
    );
}

#[test]
fn a_spec_with_mistakes_writes_nothing() {
    let (folder, spec) = copy_of_forum();
    let out = folder.path().join("out");
    assert!(build(&spec, &out, &[]).status.success());
    let before = files(&out);
    let broken = fs::read_to_string(&spec)
        .unwrap()
        .replace("network=vm-network {", "network=nowhere {");
    fs::write(&spec, broken).unwrap();
    let built = build(&spec, &out, &[]);
    assert_eq!(built.status.code(), Some(1), "{built:?}");
    assert!(text(&built.stdout).contains("nowhere"), "{built:?}");
    assert_eq!(files(&out), before);
    fs::remove_dir_all(&out).unwrap();
    assert_eq!(build(&spec, &out, &[]).status.code(), Some(1));
    assert!(!out.exists());
}

#[test]
fn somebody_elses_folder_is_left_alone() {
    let (folder, spec) = copy_of_forum();
    let out = folder.path().join("mine");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.txt"), "years of work").unwrap();
    let built = build(&spec, &out, &[]);
    assert_eq!(built.status.code(), Some(2), "{built:?}");
    assert!(text(&built.stderr).contains("no build.json"), "{built:?}");
    assert_eq!(names_in(&out), ["thesis.txt"]);
}

#[test]
fn a_folder_is_a_spec_and_the_output_lies_beside_it() {
    let (folder, _) = copy_of_forum();
    let built = Command::new(env!("CARGO_BIN_EXE_meshc"))
        .arg("build")
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    assert!(folder.path().join("out/build.json").is_file());
    let missing = build(&folder.path().join("none.kdl"), &folder.path().join("out"), &[]);
    assert_eq!(missing.status.code(), Some(2), "{missing:?}");
}

#[test]
fn keys_are_for_their_owner_and_stay_out_of_repositories() {
    let (folder, spec) = copy_of_forum();
    let (out, identity) = (folder.path().join("out"), folder.path().join("ca"));
    let without = build(&spec, &out, &["--identity", identity.to_str().unwrap()]);
    assert_eq!(without.status.code(), Some(1), "{without:?}");
    assert!(text(&without.stderr).contains("meshc ca issue"), "{without:?}");
    for vm in ["forum-vm-1", "forum-vm-2", "forum-vm-3", "forum-db-1"] {
        let place = identity.join("issued/istioinaction").join(vm);
        fs::create_dir_all(&place).unwrap();
        for file in ["key.pem", "cert-chain.pem", "root-cert.pem"] {
            fs::write(place.join(file), format!("{vm} {file}\n")).unwrap();
        }
    }
    let with = build(&spec, &out, &["--identity", identity.to_str().unwrap()]);
    assert!(with.status.success(), "{with:?}");
    let key = out.join("vms/forum-vm-1/rootfs/etc/meshd/identity/key.pem");
    assert_eq!(fs::read_to_string(&key).unwrap(), "forum-vm-1 key.pem\n");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(
        fs::read_to_string(out.join(".gitignore"))
            .unwrap()
            .contains("identity/")
    );
    let bundle = fs::read(out.join("vms/forum-vm-1/bundle.json")).unwrap();
    let bundle: Bundle = serde_json::from_slice(&bundle).unwrap();
    let file = bundle
        .files
        .iter()
        .find(|file| file.path == "/etc/meshd/identity/key.pem")
        .unwrap();
    assert_eq!(
        (file.owner.as_str(), file.mode.as_str(), file.secret),
        ("meshd", "0600", true)
    );
    // Without the flag the keys are gone again.
    assert!(build(&spec, &out, &[]).status.success());
    assert!(!key.exists() && !out.join(".gitignore").exists());
}

#[test]
fn a_file_in_the_way_is_named_and_what_an_interrupted_build_left_is_swept() {
    let (folder, spec) = copy_of_forum();
    fs::write(folder.path().join("thesis"), "years of work").unwrap();
    let built = build(&spec, &folder.path().join("thesis/out"), &[]);
    assert_eq!(built.status.code(), Some(2), "{built:?}");
    assert!(text(&built.stderr).contains("thesis` is a file, and cannot have folders in it"));
    // No process has this number; the other is this test's own.
    let (dead, alive) = (
        ".meshc-4294967295-x".to_owned(),
        format!(".meshc-{}-x", std::process::id()),
    );
    for name in [&dead, &alive] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    assert!(build(&spec, &folder.path().join("out"), &[]).status.success());
    assert_eq!(
        names_in(folder.path()),
        [alive.as_str(), "out", "spec.kdl", "thesis"]
    );
}

#[test]
fn programs_find_one_document_on_standard_output() {
    let (folder, spec) = copy_of_forum();
    let built = build(&spec, &folder.path().join("out"), &["--format", "json"]);
    assert!(built.status.success(), "{built:?}");
    let document: serde_json::Value = serde_json::from_slice(&built.stdout).unwrap();
    assert_eq!(document["errors"], 0);
    assert!(text(&built.stderr).contains("4 bundles"), "{built:?}");
}

fn build(spec: &Path, out: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshc"));
    command
        .env_clear()
        .arg("build")
        .arg(spec)
        .arg("-o")
        .arg(out)
        .args(more);
    command.output().unwrap()
}

fn copy_of_forum() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let spec = folder.path().join("spec.kdl");
    fs::copy(root().join("examples/forum/spec.kdl"), &spec).unwrap();
    (folder, spec)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// All files below `folder`, by path.
/// The names of the folders in `examples/` that hold a spec.
fn examples() -> Vec<String> {
    let folder = root().join("examples");
    let mut names = names_in(&folder);
    names.retain(|name| {
        let specs = ["spec.kdl", "spec.yaml", "spec.json"];
        specs.iter().any(|spec| folder.join(name).join(spec).is_file())
    });
    names
}

fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                all.insert(path.strip_prefix(folder).unwrap().to_owned(), text(&bytes));
            }
        }
    }
    all
}
