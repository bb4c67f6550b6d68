//! How long an editor waits for a key.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::Editor;
use crate::common::Seat;
use crate::{labels, place, start, uri};

/// A text in which somebody types one letter and takes it away again.
struct Typing {
    /// The file that is open.
    path: &'static str,
    text: String,
    /// What stands before the letter.
    before: &'static str,
    letter: &'static str,
    /// Something that is offered there.
    offered: &'static str,
}

/// The teams of a spec of 1,000 machines, as examples/fleet is one.
fn teams() -> [String; 2] {
    [0, 1].map(|team| {
        let mut text = format!("namespace team-{team} {{\n");
        for service in 0..10 {
            text.push_str(&format!(
                "    service s-{service} {{\n        port 8080 http\n        allow from=s-0\n        \
                 vms network=vm {{\n            health tcp=8080\n            ssh user=ops\n"
            ));
            for vm in 0..50 {
                text.push_str(&format!(
                    "            vm t{team}-s{service}-{vm} address=\"10.{team}.{service}.{vm}\" \
                     locality=\"region/zone-{}\"\n",
                    vm % 3
                ));
            }
            text.push_str("        }\n    }\n");
        }
        text.push_str("}\n");
        text
    })
}

const TOP: &str = "mesh fleet { mtls strict }\nnetwork kube\nnetwork vm cidr=\"10.0.0.0/8\"\n\
                   cluster main network=kube { gateway address=\"203.0.113.10\" }\n";

fn in_three_files(seat: &Seat) -> Typing {
    seat.write("spec.kdl", &format!("{TOP}include \"teams/*.kdl\"\n"));
    let [first, second] = teams();
    seat.write("teams/0.kdl", &first);
    seat.write("teams/1.kdl", &second);
    Typing {
        path: "teams/0.kdl",
        text: first,
        before: "allow from=s-0",
        letter: "1",
        offered: "s-9",
    }
}

fn in_one_file(seat: &Seat) -> Typing {
    let [first, second] = teams();
    let text = format!("{TOP}{first}{second}");
    seat.write("spec.kdl", &text);
    Typing {
        path: "spec.kdl",
        text,
        before: "allow from=s-0",
        letter: "1",
        offered: "s-9",
    }
}

fn in_yaml(seat: &Seat) -> Typing {
    in_one_file(seat);
    let text = seat.done(&["convert", "spec.kdl", "--to", "yaml"]).stdout;
    std::fs::remove_file(seat.path("spec.kdl")).unwrap();
    seat.write("spec.yaml", &text);
    Typing {
        path: "spec.yaml",
        text,
        before: "from: s-0",
        letter: "1",
        offered: "s-9",
    }
}

/// 5,000 objects in a folder, four a service, a file each; a tenth of them for a program that is not optimized.
fn manifests(seat: &Seat) -> Typing {
    let mut last = String::new();
    let first = if cfg!(debug_assertions) { 1125 } else { 0 };
    for service in first..1250 {
        let name = format!("s-{service:04}");
        let meta = format!("metadata:\n  name: {name}\n  namespace: shop\n");
        let host = format!("{name}.shop.svc.cluster.local");
        let objects = [
            format!(
                "apiVersion: v1\nkind: Service\n{meta}  labels: {{app: {name}}}\n  annotations: {{networking.istio.io/exportTo: \"*\"}}\n\
                     spec:\n  selector: {{app: {name}}}\n  ports:\n  - name: http\n    port: 80\n"
            ),
            format!(
                "apiVersion: networking.istio.io/v1\nkind: VirtualService\n{meta}spec:\n  hosts: [{host}]\n  http:\n  - route:\n    \
                     - destination:\n        host: {host}\n        subset: v1\n    timeout: 5s\n"
            ),
            format!(
                "apiVersion: networking.istio.io/v1\nkind: DestinationRule\n{meta}spec:\n  host: {host}\n  subsets:\n  - name: v1\n    \
                     labels: {{version: v1}}\n"
            ),
            format!(
                "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\n{meta}spec:\n  address: 10.1.{}.{}\n  \
                     labels: {{app: {name}, version: v1}}\n  serviceAccount: {name}\n",
                service / 250,
                service % 250 + 1
            ),
        ];
        for (at, text) in objects.iter().enumerate() {
            seat.write(&format!("istio/{name}-{at}.yaml"), text);
        }
        last.clone_from(&objects[1]);
    }
    Typing {
        path: "istio/s-1249-1.yaml",
        text: last,
        before: "        subset: v1",
        letter: "2",
        offered: "",
    }
}

/// The middle one.
fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Types 21 keys: how long it takes until what may stand there is offered, and until what is wrong is marked.
fn typed(seat: &Seat, typing: &Typing) -> (Duration, Duration) {
    let mut editor = start(seat);
    let open = uri(seat, typing.path);
    assert_eq!(editor.open(&open, &typing.text), []);
    let (line, column) = place(&typing.text, typing.before, typing.before.len());
    let (mut answered, mut marked) = (Vec::new(), Vec::new());
    for key in 0..21_i64 {
        let wrong = key % 2 == 0;
        let (at, end) = (
            json!({"line": line, "character": column}),
            column + usize::from(!wrong),
        );
        let change = json!({
            "range": {"start": at, "end": {"line": line, "character": end}},
            "text": if wrong { typing.letter } else { "" },
        });
        let began = Instant::now();
        let document = json!({"uri": open, "version": key + 2});
        let params = json!({"textDocument": document, "contentChanges": [change]});
        editor.say("textDocument/didChange", params);
        let end = column + usize::from(wrong);
        let offers = editor.at("textDocument/completion", &open, line, end);
        answered.push(began.elapsed());
        let offered = typing.offered.is_empty() || labels(&offers).contains(&typing.offered);
        assert!(offered, "{offers}");
        let marks = marks(&mut editor, &open, key + 2);
        marked.push(began.elapsed());
        assert_eq!(marks.is_empty(), !wrong, "nobody is called so: {marks:?}");
        editor.told.clear();
    }
    (median(answered), median(marked))
}

/// What is marked in this version of the text, said already or next.
fn marks(editor: &mut Editor, open: &str, version: i64) -> Vec<Value> {
    let told = editor.told.iter();
    let mut told = told.filter(|message| message["params"]["uri"] == open);
    match told.find(|message| message["params"]["version"] == version) {
        Some(message) => message["params"]["diagnostics"].as_array().unwrap().clone(),
        None => editor.marks(open, Some(version)),
    }
}

/// What is measured is what users have: the optimized program.
fn within(milliseconds: u64, what: &str, seat: &Seat, typing: &Typing) {
    let (answered, marked) = typed(seat, typing);
    println!("{what}: completed after {answered:?}, marked after {marked:?}");
    let bound = Duration::from_millis(if cfg!(debug_assertions) {
        10_000
    } else {
        milliseconds
    });
    assert!(answered < bound && marked < bound, "{answered:?} {marked:?}");
}

#[test]
fn a_thousand_machines_are_answered_within_50_ms_after_a_key() {
    let seat = Seat::with_forum();
    let typing = in_three_files(&seat);
    within(50, "1,000 machines in three files", &seat, &typing);
}

#[test]
fn a_thousand_machines_in_one_file_are_too() {
    let seat = Seat::with_forum();
    let typing = in_one_file(&seat);
    within(50, "1,000 machines in one file", &seat, &typing);
}

#[test]
fn a_thousand_machines_in_yaml_are_too() {
    let seat = Seat::with_forum();
    let typing = in_yaml(&seat);
    within(50, "1,000 machines in YAML", &seat, &typing);
}

#[test]
fn five_thousand_manifests_beside_are_looked_at() {
    let seat = Seat::with_forum();
    let typing = manifests(&seat);
    within(500, "5,000 manifests", &seat, &typing);
}
