//! What is written for a Prometheus, as its own tool takes it: alerts, as files and as objects of the operator, and how it
//! finds the VMs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::common;
use serde_json::Value;

/// For a Prometheus that reads files: no example is.
const FILES: &str = r#"
mesh shop { telemetry { metrics prometheus; alerts #true } }
cluster main { gateway address="203.0.113.10" }
namespace shop { service db { port 5432 tcp; vms { health tcp=5432; vm db-1 address="10.0.1.10" } } }
"#;

#[test]
fn prometheus_takes_the_alerts() {
    let Some(tool) = promtool() else {
        return;
    };
    let mut meshes: Vec<_> = common::examples()
        .into_iter()
        .map(|name| (common::example(&name), name))
        .collect();
    meshes.push((common::compile_text(FILES), "files".to_owned()));
    let (mut objects, mut files) = (0, 0);
    for (mesh, name) in meshes {
        for (path, file) in common::emitted(&mesh) {
            if !path.ends_with("/rules.yaml") {
                continue;
            }
            let rules: Value = serde_yaml::from_slice(&file.bytes).unwrap();
            let groups = if rules["kind"] == "PrometheusRule" {
                objects += 1;
                &rules["spec"]
            } else {
                files += 1;
                &rules
            };
            let said = check_rules(&tool, groups);
            assert!(said.status.success(), "{name}, {path}: {}", text(&said));
            // An empty file passes, too.
            assert!(
                groups["groups"][0]["rules"][0]["expr"].is_string(),
                "{name}, {path}"
            );
        }
    }
    assert!(objects > 0 && files > 0, "{objects} objects, {files} files");
}

#[test]
fn prometheus_takes_how_vms_are_found() {
    let Some(tool) = promtool() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let output = common::emitted(&common::compile_text(FILES));
    for (path, file) in output {
        if let Some(name) = path.strip_prefix("prometheus/main/") {
            std::fs::write(folder.path().join(name), &file.bytes).unwrap();
        }
    }
    let said = Command::new(&tool)
        .args(["check", "config"])
        .arg(folder.path().join("scrape.yaml"))
        .output()
        .unwrap();
    assert!(said.status.success(), "{}", text(&said));
}

/// Of a machine whose figures are these for five minutes, the alerts that fire, as `promtool` works them out.
fn fires(tool: &Path, figures: &[(&str, u32)], alert: &str) -> bool {
    let rules = common::emitted(&common::compile_text(FILES))["prometheus/main/rules.yaml"]
        .bytes
        .clone();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules.yaml"), rules).unwrap();
    let series: Vec<_> = figures
        .iter()
        .map(|(name, value)| {
            let series = format!("{name}{{vm=\"db-1\",namespace=\"shop\"}}");
            serde_json::json!({ "series": series, "values": format!("{value}x20") })
        })
        .collect();
    // Nothing is expected: what fires fails, and is named.
    let test = serde_json::json!({
        "rule_files": ["rules.yaml"],
        "evaluation_interval": "15s",
        "tests": [{
            "interval": "15s",
            "input_series": series,
            "alert_rule_test": [{ "eval_time": "5m", "alertname": alert, "exp_alerts": [] }],
        }],
    });
    let file = folder.path().join("test.yaml");
    std::fs::write(&file, serde_yaml::to_string(&test).unwrap()).unwrap();
    let said = Command::new(tool)
        .args(["test", "rules"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(
        said.status.success() || text(&said).contains(alert),
        "{}",
        text(&said)
    );
    !said.status.success()
}

#[test]
fn machines_without_their_rules_are_told_of() {
    let Some(tool) = promtool() else {
        return;
    };
    let told = |up: u32| {
        fires(
            &tool,
            &[("meshd_ready", 1), ("meshd_capture_up", up)],
            "MeshVmNotCaptured",
        )
    };
    assert!(told(0));
    assert!(!told(1));
    // A machine that says nothing of it has no rules to lose.
    assert!(!fires(&tool, &[("meshd_ready", 1)], "MeshVmNotCaptured"));
    assert!(fires(&tool, &[("meshd_ready", 0)], "MeshVmNotReady"));
}

#[test]
fn what_is_wrong_is_found() {
    let Some(tool) = promtool() else {
        return;
    };
    let wrong = serde_json::json!({
        "groups": [{ "name": "a", "rules": [{ "alert": "B", "expr": "sum(up" }] }],
    });
    assert!(!check_rules(&tool, &wrong).status.success());
}

fn check_rules(tool: &Path, groups: &Value) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, serde_yaml::to_string(groups).unwrap()).unwrap();
    let check = ["check", "rules"];
    Command::new(tool).args(check).arg(&file).output().unwrap()
}

fn text(said: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&said.stdout) + &text(&said.stderr)
}

/// `promtool`, where `cargo xtask setup` puts it, or on the PATH.
fn promtool() -> Option<PathBuf> {
    let target =
        std::env::var("CARGO_TARGET_DIR").map_or_else(|_| common::root().join("target"), PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = std::iter::once(target.join("tools")).chain(path.split(':').map(PathBuf::from));
    let tool = folders
        .map(|folder| folder.join("promtool"))
        .find(|path| path.is_file());
    common::present(tool.is_some(), "promtool, get it with `cargo xtask setup`");
    tool
}
