use super::*;
use crate::diag::{FileId, Sink};
use crate::syntax::{kdl, print};

fn tree(text: &str) -> Option<String> {
    let mut sink = Sink::default();
    let nodes = kdl::parse(text, FileId(0), &mut sink)?;
    sink.is_empty().then(|| print::kdl(&nodes))
}

/// In order, and what has to hold of every text in order.
fn formatted(text: &str) -> String {
    let once = format(text);
    assert_eq!(format(&once), once, "of {text:?}");
    assert_eq!(tree(&once), tree(text), "{text:?}\n{once}");
    assert_eq!(comments(&once), comments(text), "{text:?}\n{once}");
    once
}

#[test]
fn words_lines_and_braces_are_put_in_order() {
    for (before, after) in [
        ("a   b\t c = d\n", "a b c=d\n"),
        ("a {\nb\n  c\n}", "a {\n    b\n    c\n}\n"),
        ("a{b;c;}", "a { b; c }\n"),
        ("a {}\nb { }", "a {}\nb {}\n"),
        ("a; b ;c", "a\nb\nc\n"),
        ("a { b\n c }", "a {\n    b\n    c\n}\n"),
        ("\n\n\na\n\n\n\nb {\n\n\nc\n\n}\n\n\n", "a\n\nb {\n    c\n}\n"),
        ("\u{feff}a\r\nb\r\n", "a\nb\n"),
        ("a { b { c; d } ; e }", "a { b { c; d }; e }\n"),
        ("", ""),
    ] {
        assert_eq!(formatted(before), after, "{before:?}");
    }
}

#[test]
fn comments_stay_where_they_are() {
    for (before, after) in [
        ("// why\n   // more\na // b\n", "// why\n// more\na // b\n"),
        (
            "a { // why\nb\n// last\n}\n",
            "a { // why\n    b\n    // last\n}\n",
        ),
        ("a /* x */ b/* y */\n", "a /* x */ b /* y */\n"),
        (
            "a {\n\n// first\n\n\n// second\nb\n}",
            "a {\n    // first\n\n    // second\n    b\n}\n",
        ),
        ("/-a b {\nc\n}\nd /- e f", "/-a b {\n    c\n}\nd /-e f\n"),
        ("/-\na\nb", "/-a\nb\n"),
        ("/-\n// why\na\nb", "/-\n// why\na\nb\n"),
        ("a \\  // why\n  b c\nd", "a \\ // why\n    b c\nd\n"),
        ("a; // b\nc", "a // b\nc\n"),
        ("a \\\n\nb", "a\nb\n"),
        ("a \\ // why\n\\\n\nb", "a // why\nb\n"),
        ("/* a\n  b */\nc", "/* a\n  b */\nc\n"),
    ] {
        assert_eq!(formatted(before), after, "{before:?}");
    }
}

#[test]
fn a_backslash_leaves_out_the_end_of_its_line() {
    for (before, after) in [
        ("a \"e f\"\\ // k\nb\nc", "a \"e f\" \\ // k\n    b\nc\n"),
        ("a \\\r\nb\r\nc", "a \\\n    b\nc\n"),
        ("a \\\rb\rc", "a \\\n    b\nc\n"),
        ("a \\ /* x */ // y\nb", "a /* x */ \\ // y\n    b\n"),
        ("a \\/* x\n y */\nb", "a /* x\n y */ \\\n    b\n"),
        ("a \\/* x */", "a /* x */\n"),
        ("\"a\"\\\r\r\n\"b\"", "\"a\"\n\"b\"\n"),
        ("a { b } \\\n/-{ c }", "a { b } \\\n    /-{ c }\n"),
    ] {
        assert_eq!(formatted(before), after, "{before:?}");
    }
}

#[test]
fn what_is_taken_back_stays_so() {
    for (before, after) in [
        ("a { b }/-/* c */{ d }", "a { b } /- /* c */ { d }\n"),
        ("a { b }\n/-\nc", "a { b }\n/-c\n"),
        ("a /-\n b c", "a /-b c\n"),
    ] {
        assert_eq!(formatted(before), after, "{before:?}");
    }
    // No end of a line stands between the two nodes (KDL 2, `node-terminator`).
    for wrong in ["a { b }/-\nc", "a { b } \\\n/-\nc", "a {} \\ /* b */\nc"] {
        assert_eq!(tree(wrong), None, "{wrong:?}");
    }
}

#[test]
fn what_is_in_texts_stays() {
    for text in [
        "a \"  {  }  // no\" b=#\"/* \" \\ \"#\n",
        "a \"\"\"\n      x\n        y\n      \"\"\" b\n",
        "a \"\\\"\" #true -1.5e3\n",
    ] {
        assert_eq!(formatted(text), text);
    }
}

#[test]
fn what_is_taken_back_is_a_comment_as_it_stands() {
    for (text, expected) in [
        ("a\n/-b {\n  c // d\n}\ne // f", &["/-b {\n  c // d\n}", "f"][..]),
        ("a { /-b 1; c }", &["/-b 1"]),
        ("a /-1 2 /-x=3 y=4", &["/-1", "/-x=3"]),
        ("a /-{ b; c } // d", &["/-{ b; c }", "d"]),
        ("/-\n// why\na 1\nb", &["/-\n// why\na 1"]),
        ("a { /-b }", &["/-b"]),
    ] {
        let found: Vec<_> = pieces(text).into_iter().map(|(_, said)| said).collect();
        assert_eq!(found, expected, "{text}");
    }
}

mod any {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_keeps_its_tree_and_its_comments(
            pieces in proptest::collection::vec(
                prop::sample::select(vec![
                    "a", "b", "c=d", "\"e f\"", "#true", "8080", " ", " ", " ", "\n", "\n", "\n\n", ";", "{", "}",
                    "// g\n", "/* h */", "/* i\n j */", "/-", "\\\n", "\\ // k\n", "=", "\t", "\"\"\"\n l\n \"\"\"",
                    "#\"m\"#", "{ n; o }", "p {\n q\n}\n", "\r\n", "\r", "\\", "\\\r\n", "\\ /* r */\n", "//", "\u{85}",
                    "\u{2028}", "\u{feff}", "(s)",
                ]),
                0..20,
            ),
        ) {
            let text = pieces.concat();
            if tree(&text).is_some() {
                formatted(&text);
            }
        }
    }
}
