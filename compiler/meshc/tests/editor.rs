//! An editor with the language server that most of them use for YAML, and the schema that `meshc schema` prints:
//! keys and values are completed, explained, and marked where they are wrong.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

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

/// One side of the Language Server Protocol.
struct Editor {
    server: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    /// What the server said of its own accord.
    told: Vec<Value>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

impl Editor {
    fn start(program: &Path) -> Self {
        let mut server = Command::new("node")
            .arg(program)
            .arg("--stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = server.stdin.take().unwrap();
        let out = BufReader::new(server.stdout.take().unwrap());
        let (send, from) = channel();
        std::thread::spawn(move || messages(out, |message| send.send(message).is_ok()));
        let mut editor = Self {
            server,
            to,
            from,
            asked: 0,
            told: Vec::new(),
        };
        editor.ask(
            "initialize",
            json!({"processId": null, "rootUri": null, "capabilities": {
                "textDocument": {"hover": {"contentFormat": ["markdown"]}, "completion": {}, "publishDiagnostics": {}},
            }}),
        );
        editor.say("initialized", json!({}));
        let settings = json!({"yaml": {"validate": true, "hover": true, "completion": true, "schemaStore": {"enable": false}}});
        editor.say("workspace/didChangeConfiguration", json!({"settings": settings}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        self.to.flush().unwrap();
    }

    fn say(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.next();
            if message["id"] == id && message.get("method").is_none() {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// The next message; what the server asks is answered with nothing.
    fn next(&mut self) -> Value {
        let message = self
            .from
            .recv_timeout(Duration::from_secs(60))
            .expect("the server answers");
        if message.get("method").is_some() {
            if let Some(id) = message.get("id") {
                let items = message["params"]["items"].as_array().map_or(0, Vec::len);
                let result = if items > 0 {
                    json!(vec![Value::Null; items])
                } else {
                    Value::Null
                };
                self.send(&json!({"jsonrpc": "2.0", "id": id, "result": result}));
            }
            self.told.push(message.clone());
        }
        message
    }

    /// Opens a text; what is marked in it, by line and message.
    fn open(&mut self, uri: &str, text: &str) -> Vec<(u64, String)> {
        self.told.clear();
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.say("textDocument/didOpen", json!({"textDocument": document}));
        loop {
            let message = self.next();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
                let found = message["params"]["diagnostics"].as_array().unwrap().clone();
                return found
                    .iter()
                    .map(|one| {
                        let line = one["range"]["start"]["line"].as_u64().unwrap();
                        (line, one["message"].as_str().unwrap().to_owned())
                    })
                    .collect();
            }
        }
    }

    fn at(&mut self, method: &str, uri: &str, line: usize, character: usize) -> Value {
        let position = json!({"line": line, "character": character});
        self.ask(
            method,
            json!({"textDocument": {"uri": uri}, "position": position}),
        )
    }
}

/// Reads `Content-Length: …` and what follows, until the stream ends or nobody listens.
fn messages(mut out: impl BufRead, mut take: impl FnMut(Value) -> bool) {
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if out.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            match line.trim().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap_or(0),
                None if line.trim().is_empty() => break,
                None => {}
            }
        }
        let mut body = vec![0; length];
        if out.read_exact(&mut body).is_err() {
            return;
        }
        let message = serde_json::from_slice(&body).unwrap();
        if !take(message) {
            return;
        }
    }
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
    let mut editor = Editor::start(&program);

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
