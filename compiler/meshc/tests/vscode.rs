//! The extension for VS Code is whole: what its manifest names is there, and VS Code can read it.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/vscode")
}

fn json(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder().join(name)).unwrap()).unwrap()
}

/// Every text of `value` whose key is one of `keys`.
fn texts<'a>(value: &'a Value, keys: &[&str], found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if keys.contains(&key.as_str()) => found.push(text),
                    _ => texts(value, keys, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, keys, found)),
        _ => {}
    }
}

#[test]
fn what_the_manifest_names_is_there() {
    let manifest = json("package.json");
    for field in ["name", "version", "publisher", "license", "description"] {
        assert!(manifest[field].is_string(), "{field}");
    }
    assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
    let contributes = &manifest["contributes"];
    let (language, grammar) = (&contributes["languages"][0], &contributes["grammars"][0]);
    assert_eq!(language["id"], grammar["language"]);
    let paths = [&manifest["main"], &language["configuration"], &grammar["path"]];
    for path in paths {
        assert!(folder().join(path.as_str().unwrap()).is_file(), "{path}");
    }
    json(language["configuration"].as_str().unwrap());
    let rules = json(grammar["path"].as_str().unwrap());
    assert_eq!(rules["scopeName"], grammar["scopeName"]);
    let mut names = Vec::new();
    texts(&rules, &["include"], &mut names);
    for name in names {
        let rule = name.strip_prefix('#').unwrap();
        assert!(
            rules["repository"][rule].is_object(),
            "the grammar has no rule {rule}"
        );
    }
    // What the client reads of the settings is declared.
    let client = std::fs::read_to_string(folder().join("extension.js")).unwrap();
    for setting in client.split("settings.get(\"").skip(1) {
        let name = format!("meshc.{}", setting.split('"').next().unwrap());
        assert!(
            contributes["configuration"]["properties"][&name].is_object(),
            "{name}"
        );
    }
}

#[test]
fn the_client_and_the_expressions_of_the_grammar_are_well_formed() {
    let version = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    let there = version.is_ok_and(|status| status.success());
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(there || !ci, "CI needs nodejs: run `cargo xtask setup`");
    if !there {
        println!("skipped: needs nodejs, which `cargo xtask setup` installs");
        return;
    }
    let client = Command::new("node")
        .arg("--check")
        .arg(folder().join("extension.js"))
        .status();
    assert!(client.unwrap().success());
    let rules = json("syntaxes/kdl.tmLanguage.json");
    let mut expressions = Vec::new();
    texts(&rules, &["match", "begin", "end"], &mut expressions);
    assert!(expressions.len() > 10);
    let configuration = json("language-configuration.json");
    texts(
        &configuration,
        &["wordPattern", "increaseIndentPattern", "decreaseIndentPattern"],
        &mut expressions,
    );
    let program = "for (const text of process.argv.slice(1)) new RegExp(text)";
    let read = Command::new("node")
        .args(["-e", program, "--"])
        .args(&expressions)
        .status();
    assert!(read.unwrap().success(), "{expressions:?}");
}
