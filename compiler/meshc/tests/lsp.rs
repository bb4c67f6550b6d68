//! `meshc lsp` as an editor speaks with it: over standard input and output.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it reads the disk and may panic"
)]

#[path = "common/editor.rs"]
mod client;
mod common;
#[path = "lsp/life.rs"]
mod life;
#[path = "lsp/speed.rs"]
mod speed;

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

/// The names of what is offered.
fn labels(offers: &Value) -> Vec<&str> {
    let items = offers.as_array().unwrap().iter();
    items.map(|item| item["label"].as_str().unwrap()).collect()
}

/// `text` after the edits of a file, the last one first.
fn edited(text: &str, edits: &Value) -> String {
    let mut edits: Vec<_> = edits.as_array().unwrap().clone();
    let start = |edit: &Value| {
        (
            edit["range"]["start"]["line"].as_u64(),
            edit["range"]["start"]["character"].as_u64(),
        )
    };
    edits.sort_by_key(start);
    let offset = |place: &Value| {
        let line = usize::try_from(place["line"].as_u64().unwrap()).unwrap();
        let column = usize::try_from(place["character"].as_u64().unwrap()).unwrap();
        text.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
    };
    let mut after = text.to_owned();
    for edit in edits.iter().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        after.replace_range(range, edit["newText"].as_str().unwrap());
    }
    after
}

#[test]
fn a_spec_of_several_files_is_completed_renamed_and_put_right() {
    let seat = Seat::with_forum();
    let team = "namespace ops {\n  service log account=log {\n    port 90 tcp\n    allow from=\"\"\n  }\n}\n";
    seat.write("team.kdl", team);
    let text = format!("include \"team.kdl\"\n{}", seat.read("spec.kdl"));
    seat.write("spec.kdl", &text);
    let mut editor = start(&seat);
    let (spec, part) = (uri(&seat, "spec.kdl"), uri(&seat, "team.kdl"));
    editor.open(&spec, &text);
    editor.open(&part, team);

    let (line, column) = place(team, "from=\"", 6);
    let offers = editor.at("textDocument/completion", &part, line, column);
    let callers = labels(&offers);
    assert!(
        callers.iter().any(|name| name.ends_with("/webapp")),
        "{callers:?}"
    );

    // Rename the network in the first file: the mistakes go on being told by their new words.
    let (line, column) = place(&text, "vm-network", 3);
    let params = json!({
        "textDocument": {"uri": spec}, "position": {"line": line, "character": column}, "newName": "machines",
    });
    let changes = editor.ask("textDocument/rename", params)["documentChanges"].clone();
    assert_eq!(changes[0]["textDocument"]["uri"], spec);
    assert_eq!(changes[0]["textDocument"]["version"], 1);
    assert_eq!(
        edited(&text, &changes[0]["edits"]),
        text.replace("vm-network", "machines")
    );

    let definition = editor.at("textDocument/definition", &spec, 0, 12);
    assert_eq!(definition[0]["uri"], part);

    // A misspelt word is put right by the fix that the editor offers for it.
    let wrong = text.replace("mtls strict", "mtsl strict");
    let change = json!({"textDocument": {"uri": spec, "version": 2}, "contentChanges": [{"text": wrong}]});
    editor.say("textDocument/didChange", change);
    let marks = editor.marks(&spec, Some(2));
    let mark = marks.iter().find(|mark| mark["code"] == "MC-L002").unwrap();
    let params = json!({
        "textDocument": {"uri": spec}, "range": mark["range"], "context": {"diagnostics": [mark]},
    });
    let actions = editor.ask("textDocument/codeAction", params);
    let fix = &actions[0]["edit"]["documentChanges"][0];
    assert_eq!(edited(&wrong, &fix["edits"]), text, "{actions}");

    let options = json!({"tabSize": 4, "insertSpaces": true});
    let params = json!({"textDocument": {"uri": part}, "options": options});
    let edits = editor.ask("textDocument/formatting", params);
    assert_eq!(edited(team, &edits), team.replace("  ", "    "));

    let symbols = editor.ask("workspace/symbol", json!({"query": "log"}));
    assert!(
        symbols
            .as_array()
            .unwrap()
            .iter()
            .any(|symbol| symbol["name"] == "log"),
        "{symbols}"
    );
    let folds = editor.ask(
        "textDocument/foldingRange",
        json!({"textDocument": {"uri": part}}),
    );
    assert_eq!(folds[0]["endLine"], 5, "{folds}");
}

#[test]
fn inventories_take_part() {
    let seat = Seat::with_forum();
    let forum = seat.read("spec.kdl");
    let vm = forum.find("            vm forum-db-1").unwrap();
    let end = vm + forum[vm..].find('\n').unwrap();
    let spec = format!(
        "{}            inventory \"db.csv\" {{ column host as=name }}{}",
        &forum[..vm],
        &forum[end..]
    );
    let spec = spec.replace(
        "expect allow from=forum-vm-1",
        "expect allow from=forum-vm-1\n        expect deny from=forum-db-1",
    );
    let rows = "host,address,weight\nforum-db-1,10.10.0.30,many\n";
    seat.write("spec.kdl", &spec);
    seat.write("db.csv", rows);
    let mut editor = start(&seat);
    // The mistake is marked in its own document, whose spec is not open.
    let (table, main) = (uri(&seat, "db.csv"), uri(&seat, "spec.kdl"));
    let marks = editor.open(&table, rows);
    assert_eq!(marks.len(), 1, "{marks:?}");
    assert!(marks[0].0 == 1 && marks[0].1.contains("many"), "{marks:?}");
    let right = rows.replace("many", "7");
    let change = json!({"textDocument": {"uri": table, "version": 2}, "contentChanges": [{"text": right}]});
    editor.say("textDocument/didChange", change);
    assert_eq!(editor.marks(&table, Some(2)), [] as [Value; 0]);

    let (line, column) = place(&spec, "from=forum-db-1", 7);
    let found = editor.at("textDocument/definition", &main, line, column);
    assert_eq!(
        (&found[0]["uri"], &found[0]["range"]["start"]["line"]),
        (&json!(table), &json!(1))
    );
    let rename = |editor: &mut Editor, line: usize, column: usize, name: &str| {
        let position = json!({"line": line, "character": column});
        let params = json!({"textDocument": {"uri": table}, "position": position, "newName": name});
        editor.ask("textDocument/rename", params)["documentChanges"].clone()
    };
    let changes = rename(&mut editor, 1, 3, "db");
    assert_eq!(
        edited(&right, &changes[0]["edits"]),
        right.replace("forum-db-1", "db"),
        "{changes}"
    );
    assert_eq!(
        edited(&spec, &changes[1]["edits"]),
        spec.replace("forum-db-1", "db"),
        "{changes}"
    );
    assert_eq!(changes[0]["textDocument"]["version"], 2);
    let changes = rename(&mut editor, 0, 1, "machine");
    assert_eq!(
        edited(&right, &changes[0]["edits"]),
        right.replace("host,", "machine,")
    );
    assert_eq!(
        edited(&spec, &changes[1]["edits"]),
        spec.replace("column host", "column machine")
    );
    // It is no spec: nothing of one is offered, and nobody puts it in order.
    assert_eq!(editor.at("textDocument/completion", &table, 1, 0), Value::Null);
    let params = json!({"textDocument": {"uri": table}, "options": {"tabSize": 4, "insertSpaces": true}});
    assert_eq!(editor.ask("textDocument/formatting", params), Value::Null);
}

#[test]
fn manifests_of_istio_are_checked_and_put_right_and_other_files_left_alone() {
    let seat = Seat::with_forum();
    let mut editor = start(&seat);
    let text = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\nspec:\n  hosts: [web]\n  \
                http:\n  - route:\n    - destination: {host: web}\n      weigth: 10\n";
    let manifest = uri(&seat, "istio/web.yaml");
    seat.write("istio/web.yaml", text);
    let marks = editor.open(&manifest, text);
    assert!(marks[0].1.contains("no field `weigth`"), "{marks:?}");
    let (line, column) = place(text, "weigth", 2);
    let hover = editor.at("textDocument/hover", &manifest, line, column);
    assert!(
        hover["contents"]["value"].as_str().unwrap().starts_with("# MC-"),
        "{hover}"
    );
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}});
    let params = json!({
        "textDocument": {"uri": manifest}, "range": range,
        "context": {"diagnostics": [], "only": ["source.fixAll"]},
    });
    let actions = editor.ask("textDocument/codeAction", params);
    let edits = &actions[0]["edit"]["documentChanges"][0]["edits"];
    assert_eq!(edited(text, edits), text.replace("weigth", "weight"), "{actions}");
    let offers = editor.at("textDocument/completion", &manifest, 4, 2);
    let offers = labels(&offers);
    assert!(
        offers.contains(&"gateways") && !offers.contains(&"mesh"),
        "{offers:?}"
    );

    let json = "{\"apiVersion\": \"networking.istio.io/v1\", \"kind\": \"DestinationRule\",\n\"metadata\": {\"name\": \"web\"},\n\
                \"spec\": {\"host\": \"web\", }}\n";
    let rule = uri(&seat, "json/rule.json");
    editor.open(&rule, json);
    let (line, column) = place(json, "\"web\", ", 7);
    let offers = editor.at("textDocument/completion", &rule, line, column);
    assert!(labels(&offers).contains(&"trafficPolicy"), "{offers}");

    // Somebody else's KDL and YAML.
    for (name, text) in [
        ("layout.kdl", "pane size=1 { plugin }\n"),
        ("values.yaml", "mesh: [\n"),
        ("compose.yaml", "services: {a: 1}\n"),
    ] {
        let other = uri(&seat, name);
        let document = json!({"uri": other, "languageId": "x", "version": 1, "text": text});
        editor.say("textDocument/didOpen", json!({"textDocument": document}));
        assert_eq!(editor.at("textDocument/hover", &other, 0, 1), Value::Null);
        assert_eq!(editor.at("textDocument/completion", &other, 0, 1), Value::Null);
    }
    let change = json!({"textDocument": {"uri": manifest, "version": 2}, "contentChanges": [{"text": text}]});
    editor.say("textDocument/didChange", change);
    assert_eq!(editor.marks(&manifest, Some(2)).len(), 1);
    let others = |message: &&Value| {
        let uri = message["params"]["uri"].as_str();
        uri.is_some_and(|uri| uri != manifest && uri != rule)
    };
    assert_eq!(editor.told.iter().find(others), None);
}
