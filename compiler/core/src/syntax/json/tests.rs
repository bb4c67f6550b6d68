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
