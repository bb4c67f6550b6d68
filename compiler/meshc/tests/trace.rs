//! What `meshc trace` says of the examples, word by word: `trace/<case>.txt`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn meshc(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshc"))
        .args(args)
        .current_dir(folder())
        .env_clear()
        .output()
        .expect("meshc starts")
}

fn transcript(args: &[&str]) -> String {
    let output = meshc(args);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("meshc writes UTF-8");
    let code = output.status.code().expect("meshc ends by itself");
    format!(
        "$ meshc {}\n{}{}exit {code}\n",
        args.join(" "),
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Compares with the file, or writes it where MESHC_UPDATE is set.
fn same(case: &str, args: &[&str]) {
    let now = transcript(args);
    let path = folder()
        .join("compiler/meshc/tests/trace")
        .join(format!("{case}.txt"));
    if std::env::var_os("MESHC_UPDATE").is_some() {
        std::fs::write(&path, &now).expect("the transcript can be written");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let help = "if the new text is right: MESHC_UPDATE=1 cargo test -p meshc --test trace";
    assert!(
        before == now,
        "{case} says:\n{before}\nmeshc says:\n{now}\n{help}"
    );
}

#[test]
fn the_spec_may_stand_first() {
    let catalog = "http://webapp:8080/api/catalog";
    let last = meshc(&["trace", "istioinaction/forum-vm-1", catalog, "examples/forum"]);
    let first = meshc(&["trace", "examples/forum", "istioinaction/forum-vm-1", catalog]);
    assert!(first.status.success(), "{first:?}");
    assert_eq!(first.stdout, last.stdout);
}

#[test]
fn a_call_is_followed_hop_by_hop() {
    let catalog = "http://webapp:8080/api/catalog";
    same(
        "forum",
        &["trace", "istioinaction/forum-vm-1", catalog, "examples/forum"],
    );
    same(
        "forum-json",
        &[
            "trace",
            "istioinaction/forum-vm-1",
            catalog,
            "examples/forum",
            "--format",
            "json",
        ],
    );
}

#[test]
fn the_first_hop_that_does_not_lead_on_is_told_with_its_code() {
    same(
        "refused",
        &["trace", "webapp", "http://forum:8080/admin", "examples/forum"],
    );
    same(
        "unknown-name",
        &["trace", "forum-vm-1", "http://webap:8080/", "examples/forum"],
    );
    same(
        "outside",
        &["trace", "outside", "forum-db:3306", "examples/forum"],
    );
}

#[test]
fn who_is_not_there_cannot_be_asked_about() {
    same(
        "unknown-caller",
        &["trace", "forum-vm-9", "http://webapp:8080/", "examples/forum"],
    );
}
