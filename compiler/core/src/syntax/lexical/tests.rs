use super::*;

fn slips(text: &str) -> Vec<String> {
    look(text)
        .slips
        .iter()
        .map(|slip| format!("{}..{} {}", slip.start, slip.end, slip.message))
        .collect()
}

#[test]
fn sound_texts_have_no_slips() {
    for text in [
        "a {}\n".repeat(1000).as_str(),
        "a \"{{{\" #\"}\"}\"# // {{\n/* { /* } */ */ b",
        "a 1 -1.5e3 0xff #true x=#null\nb/* c */ d; /-e {\n}",
        "a \"\"\"\n  \" {\n  \"\"\"",
        "a \"x\\\"{\" \\\n  b",
    ] {
        assert_eq!(slips(text), [""; 0], "{text}");
    }
}

#[test]
fn all_slips_are_found_at_their_places() {
    let text = "a ttl=30s on=true\nb 10.0.0.0/8 at=/health place=us/east\n";
    let found = [
        "6..9 `30s` needs quotes",
        "13..17 the word `true` alone is no value",
    ];
    let more = [
        "20..30 `10.0.0.0/8` needs quotes",
        "34..41 `/health` needs quotes",
    ];
    assert_eq!(
        slips(text),
        [&found[..], &more, &["48..55 `us/east` needs quotes"]].concat()
    );
}

#[test]
fn habits_of_other_languages_are_told_apart() {
    let found = [
        "0..1 `#` begins no comment",
        "9..12 text stands between `\"`, not between `'`",
        "15..18 text stands between `\"`, not between `'`",
        "19..20 `#` begins no comment",
        "23..24 `#` begins no comment",
    ];
    assert_eq!(slips("#why {\na 'b' c='d' # {\n# x"), [&found[..]].concat());
    assert_eq!(slips("a don't 'open"), [""; 0]);
}

#[test]
fn the_brace_that_is_not_closed_is_the_one_that_is_out_of_line() {
    assert_eq!(slips("a {\n  b {\n    c\n}\n"), ["8..9 this brace is not closed"]);
    assert_eq!(slips("a }"), ["2..3 this brace closes nothing"]);
    assert_eq!(slips("a \"x\nb"), ["2..4 this text is not closed"]);
}

#[test]
fn depth_is_bounded() {
    assert!(look(&"{".repeat(LIMIT + 1)).broken);
    assert!(look(&"/*".repeat(LIMIT + 1)).broken);
    assert!(look(&"a { b \"}\";".repeat(50)).broken);
}
