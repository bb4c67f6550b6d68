use super::*;
use crate::diag::Language;
use crate::syntax::{Document, parse as read};

fn data(text: &str) -> Result<Datum, String> {
    let mut sink = Sink::default();
    let document = read(text, Language::Yaml, FileId(0), &mut sink);
    let found: Vec<_> = sink.finish().into_iter().map(|one| one.message).collect();
    match document {
        Some(Document::Data(datum)) if found.is_empty() => Ok(datum),
        _ => Err(found.join("\n")),
    }
}

/// The value of `a` in a text of the one key.
fn value(text: &str) -> Scalar {
    match data(text).unwrap().kind {
        Kind::Mapping(entries) => entries[0].value.scalar(),
        _ => panic!("{text} is a mapping"),
    }
}

#[test]
fn scalars_are_those_of_the_core_schema() {
    for (text, scalar) in [
        ("a: 8080", Scalar::Integer(8080)),
        ("a: 0x1f", Scalar::Integer(31)),
        ("a: -3", Scalar::Integer(-3)),
        ("a: 1.30", Scalar::Float("1.30".to_owned())),
        ("a: 1e3", Scalar::Float("1e3".to_owned())),
        ("a: true", Scalar::Bool(true)),
        ("a: yes", Scalar::Text("yes".to_owned())),
        ("a: 10.0.0.1", Scalar::Text("10.0.0.1".to_owned())),
        ("a: 10:30", Scalar::Text("10:30".to_owned())),
        ("a: '80'", Scalar::Text("80".to_owned())),
        ("a:", Scalar::Null),
        ("a: \"\"", Scalar::Text(String::new())),
        ("a: 1e", Scalar::Text("1e".to_owned())),
        ("a: .", Scalar::Text(".".to_owned())),
        ("a: *x", Scalar::Null),
    ] {
        if text.ends_with("*x") {
            assert!(data(text).unwrap_err().contains("nothing is named"));
        } else {
            assert_eq!(value(text), scalar, "{text}");
        }
    }
}

#[test]
fn places_are_bytes_of_the_text() {
    for text in ["é: \"ö\"\r\nb: [1, c d]\r\n", "\u{feff}é: \"ö\"\nb: [1, c d]\n"] {
        let Kind::Mapping(entries) = data(text).unwrap().kind else {
            panic!("a mapping")
        };
        let cut = |span: Span| &text[span.start..span.end];
        assert_eq!(
            (cut(entries[0].key.span), cut(entries[0].value.span)),
            ("é", "\"ö\"")
        );
        let Kind::List(items) = &entries[1].value.kind else {
            panic!("a list")
        };
        assert_eq!(cut(entries[1].value.span), "[1, c d]");
        assert_eq!(cut(items[1].span), "c d");
    }
}

#[test]
fn blocks_end_with_their_last_value() {
    let text = "a:\n  b: 1\n  c: 2\n\n# why\nd: 3\n";
    let Kind::Mapping(entries) = data(text).unwrap().kind else {
        panic!("a mapping")
    };
    let span = entries[0].value.span;
    assert_eq!(&text[span.start..span.end], "b: 1\n  c: 2");
}

#[test]
fn anchors_stand_for_copies_but_not_for_bombs() {
    let Kind::Mapping(entries) = data("a: &x [1, 2]\nb: *x\n").unwrap().kind else {
        panic!("a mapping")
    };
    assert_eq!(entries[0].value, entries[1].value);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let inner = format!("*a{}, ", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{inner}]\n"));
    }
    assert!(data(&bomb).unwrap_err().contains("far larger"));
}

#[test]
fn what_no_spec_needs_is_refused_in_words() {
    for (text, part) in [
        ("a: 1\n---\nb: 2\n", "second one begins"),
        ("a: !secret x\n", "tag `!secret`"),
        ("<<: {a: 1}\n", "merges nothing"),
        ("1: a\n", "a key is a text"),
        ("[a]: b\n", "a key is a text"),
        ("a:\n\tb: 1\n", "not with tabs"),
        ("a: 'b\n", "not closed"),
        ("a: [b\n", "not closed"),
        ("a: b]\n  c: d: e\n", "a key stands here"),
        ("a: *b\n", "nothing is named"),
        ("a: &b [*b]\n", ""),
        ("a: @b\n", "without quotes"),
    ] {
        let said = data(text).unwrap_err();
        assert!(said.contains(part), "{text}: {said}");
    }
    for deep in ["[".repeat(100_000), "a: {".repeat(100_000), "- ".repeat(100_000)] {
        let said = data(&deep).unwrap_err();
        assert!(said.contains("deeper than 32"), "{said}");
    }
}

#[test]
fn what_is_said_already_is_no_mistake() {
    assert!(data("a: !!str '1'\nb: !!map {}\nc: !!seq []\n").is_ok());
    assert!(data("%YAML 1.2\n---\na: 1\n...\n").is_ok());
    assert!(data("").is_ok() && data("# nothing\n").is_ok());
}
