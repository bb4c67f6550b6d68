use super::*;

/// In order, and what has to hold of every text in order.
fn ordered(text: &str, language: Language) -> String {
    let datum = read(text, language).unwrap_or_else(|| panic!("with mistakes: {text}"));
    let once = order(text, &datum, language);
    let again = read(&once, language).unwrap();
    assert_eq!(bare(&again), bare(&datum), "{text:?}\n{once}");
    assert_eq!(order(&once, &again, language), once, "of {text:?}");
    if language == Language::Yaml {
        assert_eq!(Comments::lines(&once), Comments::lines(text), "{text:?}\n{once}");
    }
    once
}

#[test]
fn keys_dashes_and_lines_are_put_in_order() {
    for (before, after) in [
        ("a:   1\nb :  x\n", "a: 1\nb: x\n"),
        (
            "a:\n    b: 1\n    c:\n        d: 2\n",
            "a:\n  b: 1\n  c:\n    d: 2\n",
        ),
        ("a:\n- x\n-   y\n", "a:\n  - x\n  - y\n"),
        (
            "a:\n   -   b: 1\n       c: 2\n   - d\n",
            "a:\n  - b: 1\n    c: 2\n  - d\n",
        ),
        (
            "-   -  a: 1\n       b: 2\n    - c\n",
            "- - a: 1\n    b: 2\n  - c\n",
        ),
        ("\n\na: 1   \n\n\n\nb: 2\n\n", "a: 1\n\nb: 2\n"),
        ("\u{feff}a:  1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("-\n    a: 1\n    b: 2\n", "-\n  a: 1\n  b: 2\n"),
        ("\"a b\":    'c d'\n", "\"a b\": 'c d'\n"),
        ("a:\n      x\n", "a:\n      x\n"),
        ("a: {  b: 1,\n      c: 2 }\n", "a: {  b: 1,\n      c: 2 }\n"),
        ("a:   &n [1,  2]\nb:  *n\n", "a: &n [1,  2]\nb: *n\n"),
        ("%YAML 1.2\n---\na:  1\n...\n", "%YAML 1.2\n---\na: 1\n...\n"),
    ] {
        assert_eq!(ordered(before, Language::Yaml), after, "{before:?}");
    }
}

#[test]
fn texts_of_several_lines_move_with_their_key_and_say_the_same() {
    for (before, after) in [
        (
            "a:\n    b: |\n        one\n          two\n\n        # three\n    c: 1\n",
            "a:\n  b: |\n      one\n        two\n\n      # three\n  c: 1\n",
        ),
        ("a:\n    b: \"one\n      two\"\n", "a:\n  b: \"one\n    two\"\n"),
        (
            "a:\n    - >-\n      one\n\n\n      two\n",
            "a:\n  - >-\n    one\n\n\n    two\n",
        ),
        ("a:\n    b: |1\n      x\n", "a:\n  b: |1\n    x\n"),
    ] {
        assert_eq!(ordered(before, Language::Yaml), after, "{before:?}");
    }
}

#[test]
fn comments_stay_by_what_they_are_of() {
    for (before, after) in [
        ("# why\na:   1  # b\n", "# why\na: 1  # b\n"),
        (
            "a:\n    # of b\n    b: 1\n    # below b\n# of c\nc: 2\n    # last\n",
            "a:\n  # of b\n  b: 1\n  # below b\n# of c\nc: 2\n# last\n",
        ),
        ("a:   # of a\n    b: 1\n", "a:   # of a\n  b: 1\n"),
        ("a:\n  -   # of b\n      b: 1\n", "a:\n  - # of b\n    b: 1\n"),
    ] {
        assert_eq!(ordered(before, Language::Yaml), after, "{before:?}");
    }
}

#[test]
fn json_has_one_value_a_line() {
    assert_eq!(
        ordered("{\"a\":1,\"b\":[1.50,\"\\u00e9\"],\"c\":{}}", Language::Json),
        "{\n  \"a\": 1,\n  \"b\": [\n    1.50,\n    \"é\"\n  ],\n  \"c\": {}\n}\n"
    );
}

mod any {
    use proptest::prelude::*;

    use super::*;

    const LINES: &[&str] = &[
        "a:",
        "b: 1",
        "c:   x",
        "d: |",
        "e: >-",
        "f: \"x",
        "y\"",
        "- x",
        "-   g: 1",
        "- - h",
        "# why",
        "i: [1,",
        "2]",
        "",
        "j: 'a # b'  # c",
        "-",
        "text",
        "k: &n x",
        "l: *n",
        "  ",
        "m: |+2",
        "\"n o\":  ~",
        "- |",
        "p: {q: 1}  # r",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_yaml_says_the_same_in_order(
            lines in proptest::collection::vec((0_usize..5, 0..LINES.len()), 0..9)
        ) {
            let mut text = String::new();
            for (indent, line) in lines {
                text.push_str(&" ".repeat(indent));
                text.push_str(LINES[line]);
                text.push('\n');
            }
            if read(&text, Language::Yaml).is_some() {
                ordered(&text, Language::Yaml);
            }
        }
    }
}
