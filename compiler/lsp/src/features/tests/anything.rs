use proptest::prelude::*;

use super::*;
use crate::tree::Range;

/// Asks everything at every place of a text.
fn ask_all(path: &str, text: &str) {
    let mut desk = Desk::new(Arc::new(Disk::default()));
    desk.put(path, Document::new(1, text));
    let shelf = Shelf::default();
    let Some(project) = Project::around(path, &desk, &shelf) else {
        return;
    };
    let file = Arc::clone(project.file());
    let inside = |range: Range| {
        assert!(
            range.start <= range.end && range.end <= text.len(),
            "{range:?} of {text:?}"
        );
        assert!(
            text.is_char_boundary(range.start) && text.is_char_boundary(range.end),
            "{range:?} of {text:?}"
        );
    };
    for symbol in outline(&file) {
        inside(symbol.whole);
        inside(symbol.place);
    }
    folding(&file).into_iter().for_each(inside);
    format(&file).into_iter().for_each(|(range, _)| inside(range));
    for (at, _) in text.char_indices().chain([(text.len(), ' ')]) {
        complete(&project, at, &desk)
            .iter()
            .for_each(|offer| inside(offer.range));
        hover(&project, at).iter().for_each(|hover| inside(hover.word));
        definition(&project, at, &desk, &shelf)
            .iter()
            .for_each(|target| inside(target.name));
        references(&project, at, true)
            .iter()
            .for_each(|target| inside(target.name));
        if let Ok(replacements) = rename(&project, at, "new") {
            replacements
                .iter()
                .for_each(|replacement| inside(replacement.range));
        }
    }
}

const KDL: &[&str] = &[
    "mesh ",
    "m",
    " {",
    "}",
    "\n",
    "\n",
    "namespace ",
    "service ",
    "port 80 http",
    "allow from=",
    "\"",
    "a,b",
    "a/b",
    "$p",
    "${p}",
    "vms network=",
    "vm ",
    "address=",
    "route { to ",
    "subset v1 ",
    "=",
    ";",
    "//",
    "/*",
    "*/",
    "/-",
    "é",
    "𝕏",
    "\r\n",
    " ",
    "include ",
    "param p",
    "#\"",
    "\"\"\"",
    "\\",
];

const YAML: &[&str] = &[
    "mesh:",
    "name: ",
    "m",
    "\n",
    "\n  ",
    "\n    ",
    "- ",
    "namespace:",
    "service:",
    "port: ",
    "{",
    "}",
    "[",
    "]",
    ",",
    ": ",
    "\"",
    "'",
    "allow: {from: ",
    "a/b",
    "$p",
    "#",
    "é",
    "𝕏",
    "\r\n",
    " ",
    "vms:",
    "network: kube",
    "*a",
    "&a ",
    "|",
    "---",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn nothing_in_kdl_makes_it_panic(parts in prop::collection::vec(prop::sample::select(KDL), 0..30)) {
        ask_all("/x/spec.kdl", &parts.concat());
    }

    #[test]
    fn nothing_in_yaml_makes_it_panic(parts in prop::collection::vec(prop::sample::select(YAML), 0..24)) {
        ask_all("/x/spec.yaml", &parts.concat());
    }

    #[test]
    fn nothing_in_json_makes_it_panic(parts in prop::collection::vec(prop::sample::select(YAML), 0..24)) {
        ask_all("/x/spec.json", &parts.concat().replace("mesh:", "{\"mesh\": "));
    }

    #[test]
    fn nothing_in_any_text_makes_it_panic(text in "\\PC{0,60}") {
        ask_all("/x/spec.kdl", &text);
        ask_all("/x/spec.yaml", &text);
    }
}

#[test]
fn a_spec_that_is_cut_anywhere_makes_nothing_panic() {
    let spec = include_str!("../../../../../examples/yaml/spec.yaml");
    let forum = include_str!("../../../../../examples/forum/spec.kdl");
    for (path, text) in [("/x/spec.kdl", forum), ("/x/spec.yaml", spec)] {
        for end in (0..text.len()).step_by(97) {
            let cut = &text[..text.floor_char_boundary(end)];
            let mut desk = Desk::new(Arc::new(Disk::default()));
            desk.put(path, Document::new(1, cut));
            let project = Project::around(path, &desk, &Shelf::default()).unwrap();
            complete(&project, cut.len(), &desk);
            hover(&project, cut.len());
        }
    }
}
