//! `meshc lsp` as an editor speaks with it: over standard input and output.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "common/editor.rs"]
mod client;
mod common;

use std::process::Command;

use client::Editor;
use common::Seat;
use serde_json::{Value, json};

fn start(seat: &Seat) -> Editor {
    let mut meshc = Command::new(env!("CARGO_BIN_EXE_meshc"));
    meshc.arg("lsp").env_clear().env("HOME", seat.path(""));
    Editor::start(&mut meshc, Value::Null)
}

fn uri(seat: &Seat, name: &str) -> String {
    format!("file://{}", seat.path(name).display())
}

/// The place of `part` in `text`, and how many letters behind its beginning.
fn place(text: &str, part: &str, behind: usize) -> (usize, usize) {
    let at = text.find(part).unwrap() + behind;
    let line = text[..at].matches('\n').count();
    (line, at - text[..at].rfind('\n').map_or(0, |end| end + 1))
}

#[test]
fn mistakes_are_marked_as_one_types_and_their_pages_are_at_hand() {
    let seat = Seat::with_forum();
    let mut editor = start(&seat);
    assert_eq!(editor.greeted["serverInfo"]["name"], "meshc");
    let (text, spec) = (seat.read("spec.kdl"), uri(&seat, "spec.kdl"));
    assert_eq!(editor.open(&spec, &text), []);

    // The disk keeps what it has: the buffer counts.
    let (line, column) = place(&text, "network vm", 8);
    let change = json!({
        "range": {"start": {"line": line, "character": column}, "end": {"line": line, "character": column + 2}},
        "text": "vn",
    });
    editor.say(
        "textDocument/didChange",
        json!({"textDocument": {"uri": spec, "version": 2}, "contentChanges": [change]}),
    );
    let marks = editor.marks(&spec, Some(2));
    let lost = marks
        .iter()
        .find(|mark| {
            mark["message"]
                .as_str()
                .unwrap()
                .contains("no network `vm-network`")
        })
        .unwrap();
    assert_eq!(lost["code"], "MC-L007");
    assert_eq!(lost["severity"], 1);
    let related = &lost["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], spec);
    assert_eq!(related["location"]["range"]["start"]["line"], line);
    let page = lost["codeDescription"]["href"].as_str().unwrap();
    let page = std::fs::read_to_string(page.strip_prefix("file://").unwrap()).unwrap();
    assert!(page.starts_with("# MC-L007"), "{page}");

    let (line, column) = place(&text, "mtls", 1);
    let hover = editor.at("textDocument/hover", &spec, line, column);
    let shown = hover["contents"]["value"].as_str().unwrap();
    assert!(shown.contains("Mutual TLS of the whole mesh"), "{shown}");

    editor.ask("shutdown", Value::Null);
    editor.say("exit", Value::Null);
}
