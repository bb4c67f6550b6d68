//! The units of `templates/` are what systemd understands.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a test: a failure shall end it, and it says what it skips"
)]

use std::path::Path;
use std::process::Command;

const UNITS: [&str; 4] = [
    "meshd.target",
    "meshd.socket",
    "meshd.service",
    "meshd-capture.service",
];

#[test]
fn systemd_finds_no_fault_in_the_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        let line = "needs systemd-analyze, install with `apt-get install systemd`";
        assert!(std::env::var("CI").is_err(), "{line}");
        println!("skipped: {line}");
        return;
    }
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    let folder = tempfile::tempdir().unwrap();
    let units = UNITS.map(|unit| {
        let text = std::fs::read_to_string(templates.join(format!("{unit}.j2"))).unwrap();
        let path = folder.path().join(unit);
        // The program is not installed where tests run.
        std::fs::write(&path, text.replace("/usr/local/bin/meshd", "/bin/true")).unwrap();
        path
    });
    let output = Command::new("systemd-analyze")
        .arg("verify")
        .args(&units)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("meshd")).collect();
    assert!(ours.is_empty(), "{}", ours.join("\n"));
}
