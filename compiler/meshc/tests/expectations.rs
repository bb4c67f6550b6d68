//! What `meshc test` says, word by word: `test/<case>.kdl` and beside it the transcript.

use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/test")
}

fn transcript(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_meshc"))
        .args(args)
        .current_dir(folder())
        .env_clear()
        .output()
        .expect("meshc starts");
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
fn same(file: &str, args: &[&str]) {
    let now = transcript(args);
    let path = folder().join(file);
    if std::env::var_os("MESHC_UPDATE").is_some() {
        std::fs::write(&path, &now).expect("the transcript can be written");
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let help = "if the new text is right: MESHC_UPDATE=1 cargo test -p meshc --test expectations";
    assert!(
        before == now,
        "{file} says:\n{before}\nmeshc says:\n{now}\n{help}"
    );
}

#[test]
fn an_expectation_that_is_not_met_shows_the_call_that_contradicts_it() {
    same("unmet.txt", &["test", "unmet.kdl"]);
}

#[test]
fn programs_read_json_and_junit() {
    same("unmet.json.txt", &["test", "unmet.kdl", "--format", "json"]);
    same("unmet.junit.txt", &["test", "unmet.kdl", "--format", "junit"]);
}

#[test]
fn some_are_chosen_by_a_text() {
    same("filter.txt", &["test", "unmet.kdl", "--filter", "GET"]);
    same("filter-none.txt", &["test", "unmet.kdl", "--filter", "nowhere"]);
}

#[test]
fn the_examples_do_what_they_expect() {
    for example in ["forum", "canary"] {
        let said = transcript(&["test", &format!("../../../../examples/{example}")]);
        assert!(said.ends_with(" met, 0 not\nexit 0\n"), "{said}");
    }
}
