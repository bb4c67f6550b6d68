//! What `--fix` makes of texts: mistakes go, everything else stays.

use std::collections::BTreeMap;

use mesh_compiler::diag::{Diagnostic, code};
use mesh_compiler::{Fixed, Found, World};
use proptest::prelude::*;

use crate::common;

/// Files in memory.
struct Files(BTreeMap<String, String>);

impl World for Files {
    fn read(&self, path: &str) -> Result<String, String> {
        self.0
            .get(path)
            .cloned()
            .ok_or_else(|| "there is none".to_owned())
    }
}

fn check(world: &dyn World, path: &str) -> Found {
    let compiled = mesh_compiler::compile(world, path);
    (compiled.diagnostics, compiled.sources)
}

fn fixed(path: &str, text: &str) -> Fixed {
    let files = Files(BTreeMap::from([(path.to_owned(), text.to_owned())]));
    mesh_compiler::fix(&files, |world| check(world, path))
}

/// The text after all that is certain.
fn after(path: &str, text: &str) -> String {
    let mut fixed = fixed(path, text);
    fixed
        .files
        .remove(path)
        .map_or_else(|| text.to_owned(), |text| text.after)
}

fn found(path: &str, text: &str) -> Vec<Diagnostic> {
    let files = Files(BTreeMap::from([(path.to_owned(), text.to_owned())]));
    check(&files, path).0
}

/// A mesh in KDL around what stands in a namespace.
fn kdl(inner: &str) -> String {
    format!(
        "mesh m\nnetwork kube\nnetwork vm cidr=\"10.10.0.0/24\"\ncluster c network=kube {{\n    gateway address=\"203.0.113.1\"\n}}\nnamespace a {{\n{inner}}}\n"
    )
}

#[test]
fn mistakes_in_kdl_are_put_right() {
    for (wrong, right) in [
        (
            "    servcie web {\n        port 80 http\n    }\n",
            "    service web {\n        port 80 http\n    }\n",
        ),
        (
            "    service web heedless=#true {\n        port 80 http // why\n    }\n",
            "    service web headless=#true {\n        port 80 http // why\n    }\n",
        ),
        (
            "    service web {\n        port \"80\" htpt\n        headless true\n    }\n",
            "    service web {\n        port 80 http\n        headless #true\n    }\n",
        ),
        (
            "    service web headless=yes {\n        port 80 http\n        warm-up 30s\n    }\n",
            "    service web headless=#true {\n        port 80 http\n        warm-up \"30s\"\n    }\n",
        ),
        (
            "    service web {\n        port 80 http\n        allow from=\"*\" methods=get,POST\n    }\n",
            "    service web {\n        port 80 http\n        allow from=\"*\" methods=GET,POST\n    }\n",
        ),
        (
            "    service web {\n        port 80 http\n        warm-up \"30s\"\n        warm-up \"30s\"\n    }\n",
            "    service web {\n        port 80 http\n        warm-up \"30s\"\n    }\n",
        ),
        (
            "    service web headless=#true headless=#true {\n        port 80 http\n    }\n",
            "    service web headless=#true {\n        port 80 http\n    }\n",
        ),
    ] {
        assert_eq!(after("spec.kdl", &kdl(wrong)), kdl(right));
    }
}

#[test]
fn names_of_the_spec_are_put_right() {
    let wrong = "param gateway default=\"203.0.113.1\"\nparam idle default=1\nmesh m\nnetwork kube\ncluster c network=kueb {\n    gateway address=$gatewya\n}\nnamespace a {\n    service web {\n        port 80 http\n        subset stable v=1\n        route { to stabel; }\n    }\n}\n";
    let right = "param gateway default=\"203.0.113.1\"\nmesh m\nnetwork kube\ncluster c network=kube {\n    gateway address=$gateway\n}\nnamespace a {\n    service web {\n        port 80 http\n        subset stable v=\"1\"\n        route { to stable; }\n    }\n}\n";
    let wrong = wrong.replace("v=1", "v=\"1\"");
    assert_eq!(after("spec.kdl", &wrong), right);
}

#[test]
fn what_has_no_effect_is_left_out() {
    let group = |capture: &str| {
        kdl(&format!(
            "    service web {{\n        port 80 http\n        vms web network=vm {{\n            capture {capture}\n            health tcp=80\n            vm a address=\"10.10.0.2\"\n        }}\n    }}\n"
        ))
    };
    let wrong = group("exclude-inbound=9100 outbound=all");
    assert_eq!(after("spec.kdl", &wrong), group("outbound=all"));
}

#[test]
fn yaml_and_json_keep_their_quotes() {
    let yaml = |service: &str| {
        format!(
            "mesh: m\nnetwork: kube\ncluster: {{name: c, network: kube}}\nnamespace:\n  name: a\n  service:\n    name: web\n{service}"
        )
    };
    for (wrong, right) in [
        (
            "    prot: {number: 80, 'protocol': http}\n",
            "    port: {number: 80, 'protocol': http}\n",
        ),
        (
            "    port: {number: \"80\", \"protocl\": http}\n    headless: \"yes\"\n",
            "    port: {number: 80, \"protocol\": http}\n    headless: true\n",
        ),
        (
            "    port: {number: 80, protocol: http}\n    headless: true\n    headless: true\n",
            "    port: {number: 80, protocol: http}\n    headless: true\n",
        ),
    ] {
        assert_eq!(after("spec.yaml", &yaml(wrong)), yaml(right));
    }
    let json = |port: &str| {
        format!(
            "{{\"mesh\": \"m\", \"network\": \"kube\", \"cluster\": {{\"name\": \"c\", \"network\": \"kube\"}},\n\"namespace\": {{\"name\": \"a\", \"service\": {{\"name\": \"web\", {port}}}}}}}\n"
        )
    };
    assert_eq!(
        after(
            "spec.json",
            &json("\"prot\": {\"number\": \"80\", \"protocol\": \"htp\"}")
        ),
        json("\"port\": {\"number\": 80, \"protocol\": \"http\"}")
    );
}

#[test]
fn what_is_not_certain_stays() {
    for text in [
        // Who may call is nothing to guess.
        kdl("    service web {\n        port 80 http\n        allow from=wbe\n    }\n"),
        // Seconds or minutes?
        kdl("    service web {\n        port 80 http\n        warm-up 30\n    }\n"),
        // Two names are as near.
        "mesh m\nnetwork vm-a\nnetwork vm-b\ncluster c network=vm-c\n".to_owned(),
        // The value comes from elsewhere.
        "param net default=kueb\nmesh m\nnetwork kube\ncluster c network=$net\n".to_owned(),
    ] {
        assert_eq!(after("spec.kdl", &text), text);
        assert!(!found("spec.kdl", &text).is_empty(), "{text}");
    }
}

#[test]
fn several_files_are_put_right_in_one_go() {
    let files = Files(BTreeMap::from([
        (
            "spec.kdl".to_owned(),
            "include teams.yaml\nmesh m\nnetwrok kube\ncluster c network=kube\n".to_owned(),
        ),
        (
            "teams.yaml".to_owned(),
            "namespace:\n  name: a\n  service: {name: web, prot: {number: 80, protocol: http}}\n".to_owned(),
        ),
    ]));
    let fixed = mesh_compiler::fix(&files, |world| check(world, "spec.kdl"));
    let after: Vec<_> = fixed.files.values().map(|text| text.after.as_str()).collect();
    assert!(after[0].contains("\nnetwork kube\n"), "{fixed:#?}");
    assert!(after[1].contains("port: {number"), "{fixed:#?}");
    assert_eq!(fixed.done.len(), 2);
}

/// The examples in one file, as texts with their names.
fn texts() -> Vec<(String, String)> {
    let root = common::root().join("examples");
    let spec = |name: String| {
        let file = ["spec.kdl", "spec.yaml", "spec.json"]
            .into_iter()
            .find(|file| root.join(&name).join(file).is_file())?;
        let text = common::read(&root.join(&name).join(file));
        found(file, &text).is_empty().then_some((file.to_owned(), text))
    };
    common::examples().into_iter().filter_map(spec).collect()
}

/// A slip of the hand at a word of `text`.
fn slip(text: &str, at: usize, kind: usize) -> String {
    let at = text.floor_char_boundary(at % text.len());
    let mut chars: Vec<char> = text.chars().collect();
    let at = text[..at].chars().count().min(chars.len() - 2);
    match kind {
        0 => chars.swap(at, at + 1),
        1 => drop(chars.remove(at)),
        2 => chars.insert(at, chars[at]),
        _ => chars.retain({
            let mut seen = 0;
            // A quote is missing, and its partner.
            move |c| {
                seen += usize::from(*c == '"');
                *c != '"' || !(at / 20 * 2 + 1..at / 20 * 2 + 3).contains(&seen)
            }
        }),
    }
    chars.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    /// Whatever was slipped: what can be fixed is fixed at once, a second time changes nothing, and no text that could
    /// be read ends as one that cannot.
    #[test]
    fn fixes_end_and_break_nothing(which in any::<usize>(), slips in prop::collection::vec((any::<usize>(), 0_usize..4), 1..4)) {
        let texts = texts();
        prop_assume!(!texts.is_empty());
        let (path, text) = &texts[which % texts.len()];
        let wrong = slips.iter().fold(text.clone(), |text, (at, kind)| slip(&text, *at, *kind));
        let once = after(path, &wrong);
        prop_assert_eq!(&after(path, &once), &once);
        let unreadable = |text: &str| found(path, text).iter().filter(|found| found.code == &code::SYNTAX).count();
        prop_assert!(unreadable(&once) <= unreadable(&wrong), "{}", once);
        let left = found(path, &once);
        let certain: Vec<_> = left.iter().filter(|found| found.certain_fix().is_some()).collect();
        prop_assert!(certain.is_empty(), "{:#?}", certain);
    }
}
