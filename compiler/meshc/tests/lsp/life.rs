//! How an editor comes and goes.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::common::Seat;
use crate::start;

#[test]
fn who_goes_without_a_word_is_told_so() {
    let seat = Seat::with_forum();
    for (words, code) in [
        (&["shutdown", "exit"][..], 0),
        (&["exit"], 1),
        (&[], 1),
        (&["shutdown"], 1),
    ] {
        assert_eq!(start(&seat).end(words), Some(code), "{words:?}");
    }
}

/// What the program answers to messages, and what it ends with.
fn told(messages: &[Value]) -> (Vec<Value>, Option<i32>) {
    let mut server = Command::new(env!("CARGO_BIN_EXE_meshc"))
        .args(["lsp", "--stdio"])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut to = server.stdin.take().unwrap();
    for message in messages {
        let text = message.to_string();
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
    }
    drop(to);
    let output = server.wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let answers = out.split("Content-Length: ").skip(1);
    let read = |answer: &str| serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    (answers.map(read).collect(), output.status.code())
}

#[test]
fn requests_at_the_wrong_time_are_refused() {
    let ask = |id: u32, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": null});
    let tell = |method: &str, params: Value| json!({"jsonrpc": "2.0", "method": method, "params": params});
    let greet =
        |id: u32| json!({"jsonrpc": "2.0", "id": id, "method": "initialize", "params": {"capabilities": {}}});
    let codes = |answers: &[Value]| -> Vec<(u64, i64)> {
        let code = |answer: &Value| {
            (
                answer["id"].as_u64().unwrap(),
                answer["error"]["code"].as_i64().unwrap_or(0),
            )
        };
        answers.iter().map(code).collect()
    };
    let exit = tell("exit", Value::Null);

    // Before the first word.
    let (answers, code) = told(&[
        ask(1, "textDocument/hover"),
        tell("initialized", json!({})),
        exit.clone(),
    ]);
    assert_eq!((codes(&answers), code), (vec![(1, -32002)], Some(1)));
    // Between, and behind the last request.
    let (answers, code) = told(&[
        greet(1),
        tell("initialized", json!({})),
        greet(2),
        ask(3, "x/y"),
        tell("x/z", Value::Null),
        ask(4, "shutdown"),
        tell("x/z", Value::Null),
        ask(5, "textDocument/hover"),
        ask(6, "shutdown"),
        exit,
    ]);
    let mut codes = codes(&answers);
    codes.sort();
    assert_eq!(
        codes,
        [(1, 0), (2, -32600), (3, -32601), (4, 0), (5, -32600), (6, -32600)]
    );
    assert_eq!(code, Some(0));
    // What is no greeting.
    let (answers, code) = told(&[json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": 7})]);
    assert_eq!(
        (answers[0]["error"]["code"].as_i64(), code),
        (Some(-32602), Some(1))
    );
}
