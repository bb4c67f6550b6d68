//! An editor with the language server that most of them use for YAML, and the schema that `meshc schema` prints:
//! keys and values are completed, explained, and marked where they are wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "common/editor.rs"]
mod client;
mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use client::Editor;
use common::Seat;
use serde_json::{Value, json};

/// Where `cargo xtask setup` installs it.
fn server() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    let program = target.join("npm/node_modules/yaml-language-server/bin/yaml-language-server");
    let there = program.is_file();
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(
        there || !ci,
        "CI needs yaml-language-server: run `cargo xtask setup`"
    );
    if !there {
        println!("skipped: needs yaml-language-server, which `cargo xtask setup` installs");
    }
    there.then_some(program)
}

fn labels(completion: &Value) -> Vec<String> {
    let items = completion.get("items").unwrap_or(completion).as_array().unwrap();
    items
        .iter()
        .map(|item| item["label"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn an_editor_completes_explains_and_marks() {
    let Some(program) = server() else { return };
    let seat = Seat::with_forum();
    seat.write("spec.schema.json", &seat.done(&["schema"]).stdout);
    let head = format!(
        "# yaml-language-server: $schema=file://{}\n",
        seat.path("spec.schema.json").display()
    );
    let uri = |name: &str| format!("file://{}", seat.path(name).display());
    let mut editor = Editor::start(Command::new("node").arg(program).arg("--stdio"), json!({}));
    let settings = json!({"yaml": {"validate": true, "hover": true, "completion": true, "schemaStore": {"enable": false}}});
    editor.say("workspace/didChangeConfiguration", json!({"settings": settings}));

    // What meshc writes has no marks.
    let yaml = seat.done(&["convert", "spec.kdl", "--to", "yaml"]).stdout;
    assert_eq!(editor.open(&uri("right.yaml"), &format!("{head}{yaml}")), []);

    let text = format!("{head}mesh:\n  name: m\n  mtls: stritc\n  tsl: strict\nnamespace:\n  name: a\n");
    let found = editor.open(&uri("wrong.yaml"), &text);
    let marked = |line: u64, part: &str| {
        found
            .iter()
            .any(|(at, message)| *at == line && message.contains(part))
    };
    assert!(marked(3, "strict") && marked(4, "tsl"), "{found:?}");

    // Line 2 is `mesh:`'s first key.
    let text = format!("{head}mesh:\n  \n  mtls: \nnetwork: a\n");
    let half = uri("half.yaml");
    editor.open(&half, &text);
    let keys = labels(&editor.at("textDocument/completion", &half, 2, 2));
    assert!(
        keys.iter().any(|key| key == "trust-domain") && keys.iter().any(|key| key == "name"),
        "{keys:?}"
    );
    let values = labels(&editor.at("textDocument/completion", &half, 3, 8));
    for mode in ["strict", "permissive", "disable"] {
        assert!(values.iter().any(|value| value == mode), "{mode} of {values:?}");
    }

    let hover = editor
        .at("textDocument/hover", &uri("wrong.yaml"), 3, 4)
        .to_string();
    assert!(hover.contains("Mutual TLS of the whole mesh"), "{hover}");
    let hover = editor
        .at("textDocument/hover", &uri("right.yaml"), 2, 4)
        .to_string();
    assert!(hover.contains("Istio's mesh ID"), "{hover}");
}
