use proptest::prelude::*;

use super::super::{events, manner};
use super::*;
use crate::diag::Sink;

/// What is read at once is read as the parser reads it, in both manners.
fn compare(text: &str) -> bool {
    let read = |manner: &'static Manner| {
        let Some(plain) = parse(text, 0, FileId(0), manner) else {
            return false;
        };
        let mut sink = Sink::default();
        let whole = events(text, FileId(0), manner, &mut sink);
        assert_eq!(whole.ok(), Some(Some(plain)), "{text:?}");
        assert!(sink.finish().is_empty(), "{text:?}");
        true
    };
    let spec = read(&manner::SPEC);
    read(&manner::OBJECTS) || spec
}

#[test]
fn manifests_are_plain() {
    for text in [
        "a: b\n",
        "# why\n\na: b # c\nd:   'e f'   # g\nh:\n  i: \"\"\n  j: {}\nk: []\n",
        "---\nspec:\n  hosts:\n  - a.b.c\n  - \"*.d\"\n  http:\n    - match:\n        - uri: {}\n      route: [\"a\", b/c , 'd']\n    - timeout: 3s\nlast: -1",
        "- a\n- b: 1\n  c: 2\n-\n  d: null\n",
        "8080: a\n'80': b\n\"c/d\": http://e:80/f#g\n",
        "a:\n- b\n\n# c\n  # d\n- e\nf: ~\n",
        "  a: 1\n  b: 0x10\n",
    ] {
        assert!(compare(text), "{text:?}");
    }
}

#[test]
fn what_is_not_plain_is_left_to_the_parser() {
    for text in [
        "",
        "a",
        "a:",
        "a:\nb: 1\n",
        "a: &b c\n",
        "a: *b\n",
        "a: !c d\n",
        "a: |\n  b\n",
        "a: >-\n  b\n",
        "a: b\n  c\n",
        "a: {b: c}\n",
        "a: [b, [c]]\n",
        "a: [b: c]\n",
        "a: [b,\n  c]\n",
        "a: b: c\n",
        "a:\n  b: 1\n c: 2\n",
        "<<: {}\n",
        "a: \"\\n\"\n",
        "a: 'it''s'\n",
        "é: 1\n",
        "a: 1\r\n",
        "a:\t1\n",
        "- - a\n",
        "? a\n",
        "%YAML 1.2\n---\na: 1\n",
        "--- a: 1\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n...\n",
        "a:\n- b\n c\n",
        "a: \"b\nc\"\n",
        "a: \"b\" c\n",
        "a: b:\n",
    ] {
        assert!(!compare(text), "{text:?}");
    }
}

#[test]
fn places_count_from_the_file() {
    let text = "a:\n- b\n";
    let at = |base| parse(text, base, FileId(0), &manner::OBJECTS).unwrap();
    let mut shifted = at(0);
    shifted.shift(7);
    assert_eq!(at(7), shifted);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20000))]
    #[test]
    fn both_ways_of_reading_agree(parts in prop::collection::vec(prop::sample::select(vec![
        "a: ", "b-c:", "d.e/f: ", "8: ", "true: ", "\"g\": ", "'h':", "- ", "-", "- ", "i", "j k", "1", "007", "1.5", "0x1f", "-1", "null", "~",
        "\"l\"", "'m'", "\"n: o\"", "''", "[]", "{}", "[p, \"q\"]", "[r", "{s: t}", "u:v", "http://w", "x#y", ", ", "]", "}",
        "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "\n  - ", "\n- ", "\n   ", " ", " # z", "\n# z", "#", "---", "\n---\n", "...", "|", ">",
        "&a ", "*a", "!t ", "<<: ", "\\", "\"", "'", ":", "?", "%", "@", "`", "\t", "\r\n", "é", "=", "<", "+", "$(b)", "/c", ".", "..",
    ]), 0..24)) {
        compare(&parts.concat());
    }

    #[test]
    fn blocks_agree(lines in prop::collection::vec((0_usize..5, prop::sample::select(vec![
        "a: b", "c:", "d:", "- e", "- f: g", "- h:", "-", "i: []", "j: {}", "k: \"l\" # m", "# n", "", "- o: 1", "-   p: 2", "q: [r, s]", "8: t",
        "- - u", "v", "w: x  y", "- \"z\": 1", "- 'a'", "b : c", "d:e",
    ])), 0..10)) {
        let text: String = lines.iter().map(|(indent, line)| format!("{}{line}\n", " ".repeat(*indent))).collect();
        compare(&text);
    }
}
