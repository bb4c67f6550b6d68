use super::*;

fn read(text: &str) -> (Option<Datum>, Vec<String>) {
    let mut sink = Sink::default();
    let datum = parse(text, 32, FileId(0), &mut sink);
    (
        datum,
        sink.finish().into_iter().map(|found| found.message).collect(),
    )
}

#[test]
fn values_are_those_of_the_rfc() {
    let text = r#"{"a": [1, -0, 1.50, 1e3, true, null, "\u00e9\ud83d\ude00\n\/"], "b": {}}"#;
    let (datum, said) = read(text);
    assert_eq!(said, Vec::<String>::new());
    let Kind::Mapping(entries) = datum.unwrap().kind else {
        panic!("a mapping")
    };
    let Kind::List(items) = &entries[0].value.kind else {
        panic!("a list")
    };
    let scalars: Vec<_> = items.iter().map(Datum::scalar).collect();
    assert_eq!(
        scalars,
        [
            Scalar::Integer(1),
            Scalar::Integer(0),
            Scalar::Float("1.50".to_owned()),
            Scalar::Float("1e3".to_owned()),
            Scalar::Bool(true),
            Scalar::Null,
            Scalar::Text("é😀\n/".to_owned()),
        ]
    );
    let span = items[2].span;
    assert_eq!(&text[span.start..span.end], "1.50");
}

#[test]
fn what_other_languages_have_is_told_each_by_itself_and_the_rest_is_read() {
    let text = "{\n  // why\n  a: 1,\n  'b': 'x',\n  \"c\": abc\n  \"d\": [1, 2,],\n}";
    let (datum, said) = read(text);
    assert_eq!(
        said,
        [
            "JSON has no comments",
            "keys stand between `\"`",
            "text stands between `\"`, not between `'`",
            "text stands between `\"`, not between `'`",
            "a text stands between `\"`",
            "a comma is missing before this",
            "no comma stands behind the last entry",
            "no comma stands behind the last entry",
        ]
    );
    let Kind::Mapping(entries) = datum.unwrap().kind else {
        panic!("a mapping")
    };
    assert_eq!(entries.len(), 4);
}

#[test]
fn what_is_no_json_at_all_is_told_once() {
    for (text, part) in [
        ("{", "not closed"),
        ("{\"a\"", "`:` is missing"),
        ("{\"a\": ", "a value is missing"),
        ("{\"a\": \"b", "not closed"),
        ("[1]]", "goes on"),
        ("{\"a\": 1]", "no meaning"),
        ("{\"a\": 01}", "between `\"`"),
        ("{\"a\": \"\\x\"}", "no such escape"),
        ("{\"a\": \"\\ud800\"}", "no character"),
        ("{\"a\": \"\t\"}", "control characters"),
        ("{,}", "a key is missing"),
        ("\u{feff}]", "a value is missing"),
    ] {
        let (_, said) = read(text);
        assert!(said.len() == 1 && said[0].contains(part), "{text}: {said:?}");
    }
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000)] {
        assert!(read(&deep).1[0].contains("deeper than 32"));
    }
    let comments = read(&"#\n".repeat(100_000)).1;
    assert_eq!(comments.len(), SHOWN);
    assert!(read("").1.is_empty() && read("\u{feff} \n").0.is_some());
}

#[test]
fn every_entry_that_is_none_is_told_and_leaves_the_others() {
    // The lines of what is told.
    let lines = |text: &str| {
        let mut sink = Sink::default();
        assert!(parse(text, 32, FileId(0), &mut sink).is_none(), "{text}");
        let found = sink.finish();
        let line = |at: usize| text[..at].matches('\n').count() + 1;
        found
            .iter()
            .map(|found| line(found.primary.span.start))
            .collect::<Vec<_>>()
    };
    for (text, expected) in [
        (
            "{\n  \"a\": ,\n  \"b\" 1,\n  \"c\": {\"d\" 2},\n  \"f\": 3\n}\n",
            vec![2, 3, 4],
        ),
        // Quotes and brackets that are not closed end with what is around them.
        (
            "{\n  \"a\": \"x,\n  \"b\": [1, 2,\n  \"c\": {\"d\": \"e}\n}\n",
            vec![2, 3, 4],
        ),
        (
            "{\n  \"a\": {\n    \"b\": [\n      1,\n    \"c\": ,\n    \"d\": 2\n  },\n  \"e\": :\n}\n",
            vec![3, 5, 8],
        ),
        // What is within is right by itself: the mistake is around it.
        (
            "{\n  \"a\":\n    \"b\": 1,\n    \"c\": 2\n  },\n  \"d\": {\n    \"e\": 1,\n    \"f\": 2\n  ],\n  \"g\": 1\n}\n",
            vec![3, 9],
        ),
        // Nobody knows more of one line, or of a text that is not indented.
        ("{\"a\": [1, 2}, \"b\": }", vec![1]),
        ("{\n\"a\": {\n\"b\": ,\n\"c\": 1\n},\n\"d\": ]\n", vec![3]),
    ] {
        assert_eq!(lines(text), expected, "{text}");
    }
    let many = "  \"k\": ,\n".repeat(1000);
    assert_eq!(lines(&format!("{{\n{many}}}")).len(), SHOWN);
}
