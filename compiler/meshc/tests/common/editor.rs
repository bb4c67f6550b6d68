//! An editor that does what a test says: one side of the Language Server Protocol.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// One side of the Language Server Protocol.
pub(crate) struct Editor {
    server: Child,
    to: Option<ChildStdin>,
    from: Receiver<Value>,
    asked: u64,
    /// What the server says that it can.
    pub(crate) greeted: Value,
    /// What the server said of its own accord.
    pub(crate) told: Vec<Value>,
}

impl Drop for Editor {
    fn drop(&mut self) {
        self.server.kill().ok();
        self.server.wait().ok();
    }
}

impl Editor {
    /// Starts the server and greets it. `options` is what it is told of the user's settings.
    pub(crate) fn start(command: &mut Command, options: Value) -> Self {
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = server.stdin.take();
        let out = BufReader::new(server.stdout.take().unwrap());
        let (send, from) = channel();
        std::thread::spawn(move || messages(out, |message| send.send(message).is_ok()));
        let mut editor = Self {
            server,
            to,
            from,
            asked: 0,
            greeted: Value::Null,
            told: Vec::new(),
        };
        let capabilities = json!({
            "general": {"positionEncodings": ["utf-16"]},
            "textDocument": {
                "hover": {"contentFormat": ["markdown"]},
                "completion": {"completionItem": {"snippetSupport": true}},
                "publishDiagnostics": {"relatedInformation": true, "versionSupport": true},
            },
        });
        let greeting = json!({
            "processId": null,
            "rootUri": null,
            "capabilities": capabilities,
            "initializationOptions": options,
        });
        editor.greeted = editor.ask("initialize", greeting);
        editor.say("initialized", json!({}));
        editor
    }

    /// Says its last words and closes the stream; what the program ends with.
    #[allow(dead_code, reason = "some talks are ended by killing the server")]
    pub(crate) fn end(mut self, words: &[&str]) -> Option<i32> {
        for word in words {
            match *word {
                "shutdown" => drop(self.ask("shutdown", Value::Null)),
                word => self.say(word, Value::Null),
            }
        }
        self.to = None;
        self.server.wait().unwrap().code()
    }

    pub(crate) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let to = self.to.as_mut().unwrap();
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        to.flush().unwrap();
    }

    pub(crate) fn say(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    pub(crate) fn ask(&mut self, method: &str, params: Value) -> Value {
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
    pub(crate) fn next(&mut self) -> Value {
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
    pub(crate) fn open(&mut self, uri: &str, text: &str) -> Vec<(u64, String)> {
        self.told.clear();
        let language = uri.rsplit('.').next();
        let document = json!({"uri": uri, "languageId": language, "version": 1, "text": text});
        self.say("textDocument/didOpen", json!({"textDocument": document}));
        let found = self.marks(uri, None);
        let mark = |one: &Value| {
            let line = one["range"]["start"]["line"].as_u64().unwrap();
            (line, one["message"].as_str().unwrap().to_owned())
        };
        found.iter().map(mark).collect()
    }

    /// What the server marks in a text next; in this version of it, if one is named.
    pub(crate) fn marks(&mut self, uri: &str, version: Option<i64>) -> Vec<Value> {
        loop {
            let message = self.next();
            let params = &message["params"];
            let this = message["method"] == "textDocument/publishDiagnostics" && params["uri"] == uri;
            if this && (version.is_none() || params["version"].as_i64() == version) {
                return params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    pub(crate) fn at(&mut self, method: &str, uri: &str, line: usize, character: usize) -> Value {
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
