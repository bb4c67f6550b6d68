//! KDL 2, read by the `kdl` crate.

use kdl::{KdlDiagnostic, KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::lexical::{self, Repair, SHOWN, Slip};
use super::plain;
use super::repair::Repaired;
use super::tree::{Node, Property, Scalar, Value};
use crate::diag::{Diagnostic, Edit, FileId, Fix, Sink, Span, Spanned, code};

pub(super) fn parse(text: &str, file: FileId, sink: &mut Sink) -> Option<Vec<Node>> {
    plain::parse(text, file).or_else(|| whole(text, file, sink))
}

/// Everything that KDL can say, and what is wrong with a text that is none.
fn whole(text: &str, file: FileId, sink: &mut Sink) -> Option<Vec<Node>> {
    let look = lexical::look(text);
    if look.slips.is_empty() && !look.broken {
        let places = Places { file, repaired: None };
        return match KdlDocument::parse_v2(text) {
            Ok(document) => Some(nodes(&document, &places)),
            Err(error) => {
                let problems = error.diagnostics.iter().take(SHOWN);
                problems.for_each(|problem| sink.push(diagnostic(problem, text, &places)));
                None
            }
        };
    }
    let repaired = Repaired::of(text, &look.slips).filter(|_| !look.broken);
    look.slips
        .into_iter()
        .take(SHOWN)
        .for_each(|slip| sink.push(slipped(slip, file)));
    let repaired = repaired?;
    let document = KdlDocument::parse_v2(&repaired.text).ok()?;
    Some(nodes(
        &document,
        &Places {
            file,
            repaired: Some(&repaired),
        },
    ))
}

/// Where the parser's places are in the user's own text.
struct Places<'a> {
    file: FileId,
    repaired: Option<&'a Repaired>,
}

impl Places<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        let original = |at| self.repaired.map_or(at, |repaired| repaired.original(at));
        Span {
            file: self.file,
            start: original(start),
            end: original(end),
        }
    }

    fn of(&self, place: SourceSpan) -> Span {
        self.span(place.offset(), place.offset() + place.len())
    }

    fn spanned(&self, text: &str, place: SourceSpan) -> Spanned<String> {
        Spanned {
            value: text.to_owned(),
            span: self.of(place),
        }
    }
}

fn slipped(slip: Slip, file: FileId) -> Diagnostic {
    let span = Span {
        file,
        start: slip.start,
        end: slip.end,
    };
    let at = |start, end| Span { file, start, end };
    let edits = match slip.repair {
        Some(Repair::Quotes) => vec![
            Edit::plain(at(slip.start, slip.start), "\""),
            Edit::plain(at(slip.end, slip.end), "\""),
        ],
        Some(Repair::Hash) => vec![Edit::plain(at(slip.start, slip.start), "#")],
        Some(Repair::Comment) => vec![Edit::plain(at(slip.start, slip.start + 1), "//")],
        Some(Repair::DoubleQuotes) => vec![
            Edit::plain(at(slip.start, slip.start + 1), "\""),
            Edit::plain(at(slip.end - 1, slip.end), "\""),
        ],
        None => Vec::new(),
    };
    let fix = (!edits.is_empty()).then(|| Fix::certain(slip.help.clone(), edits));
    Diagnostic::new(&code::SYNTAX, span, slip.message)
        .help(slip.help)
        .fix(fix)
}

fn nodes(document: &KdlDocument, places: &Places<'_>) -> Vec<Node> {
    document
        .nodes()
        .iter()
        .map(|source| node(source, places))
        .collect()
}

fn node(source: &KdlNode, places: &Places<'_>) -> Node {
    let name = places.spanned(source.name().value(), source.name().span());
    let mut end = name.span.end;
    let (mut args, mut props) = (Vec::new(), Vec::new());
    for entry in source.entries() {
        let value = value(entry, places);
        end = end.max(value.span.end);
        match entry.name() {
            Some(key) => props.push(Property {
                key: places.spanned(key.value(), key.span()),
                value,
            }),
            None => args.push(value),
        }
    }
    let span = Span { end, ..name.span };
    let children = source
        .children()
        .map(|children| nodes(children, places))
        .unwrap_or_default();
    Node {
        name,
        args,
        props,
        children,
        span,
    }
}

/// The span of an entry begins with its key and its type; the value's own is the last part of it.
fn value(entry: &KdlEntry, places: &Places<'_>) -> Value {
    let whole = entry.span();
    let (first, end) = (whole.offset(), whole.offset() + whole.len());
    let length = entry.format().map_or(0, |format| format.value_repr.len());
    let start = if length == 0 {
        first
    } else {
        end.saturating_sub(length).max(first)
    };
    let written = entry
        .format()
        .map(|format| format.value_repr.clone())
        .filter(|text| !text.is_empty());
    let scalar = match entry.value() {
        KdlValue::String(text) => Scalar::Text(text.clone()),
        KdlValue::Integer(number) => Scalar::Integer(*number),
        KdlValue::Float(number) => Scalar::Float(written.unwrap_or_else(|| number.to_string())),
        KdlValue::Bool(value) => Scalar::Bool(*value),
        KdlValue::Null => Scalar::Null,
    };
    Value {
        scalar,
        span: places.span(start, end),
    }
}

fn diagnostic(problem: &KdlDiagnostic, text: &str, places: &Places<'_>) -> Diagnostic {
    let mut place = places.of(problem.span);
    place.start = text.floor_char_boundary(place.start.min(text.len()));
    place.end = text.ceil_char_boundary(place.end.clamp(place.start, text.len()));
    // Some span everything from there on: their first line says as much.
    place.end = text[place.start..place.end]
        .find('\n')
        .map_or(place.end, |line| place.start + line);
    let message = problem
        .message
        .clone()
        .unwrap_or_else(|| "this is not KDL".to_owned());
    let mut found = Diagnostic::new(&code::SYNTAX, place, sentence(&message));
    if let Some(label) = &problem.label {
        found = found.here(label.clone());
    }
    match &problem.help {
        Some(help) => found.help(help.clone()),
        None => found,
    }
}

/// Messages of compilers begin in lower case and have no full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.trim_end_matches('.').chars();
    chars
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is read at once is read as the crate reads it.
    fn compare(text: &str) -> bool {
        let Some(plain) = plain::parse(text, FileId(0)) else {
            return false;
        };
        let mut sink = Sink::default();
        let whole = whole(text, FileId(0), &mut sink);
        assert_eq!(Some(plain), whole, "{text:?}");
        assert!(sink.finish().is_empty(), "{text:?}");
        true
    }

    #[test]
    fn specs_are_plain() {
        for text in [
            include_str!("../../../../examples/forum/spec.kdl"),
            include_str!("../../../../examples/reference/spec.kdl"),
            "a b 1 \"c d\" e=f g=\"한글\" h=#false { // why\n  i; j \\\n  k\n}; l { m }",
            "",
        ] {
            assert!(compare(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_crate() {
        for text in [
            "a true",
            "true",
            "a{}",
            "a 1.5",
            "a -1",
            "a 0x1",
            "a \"\\n\"",
            "a #\"b\"#",
            "/-a",
            "a /* b */",
            "(t)a",
            "a b = c",
            "a \"\"\"\n\"\"\"",
            "\"a\" b",
            "a \"b\"c",
            "a 1_0",
            "a =b",
            "a }",
            "a {",
            "a\r\nb",
            "a\u{feff}",
            "a b=true",
            "a \"x\u{2028}\"",
            "// \u{202e}",
            "a\u{a0}b",
            "a #null",
            "a b=",
            "a 00x",
        ] {
            assert!(!compare(text), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20000))]
        #[test]
        fn both_ways_of_reading_agree(parts in prop::collection::vec(prop::sample::select(vec![
            "a", "b-c", "$d", "e.f", "true", "null", "inf", "\"g h\"", "\"\"", "\"i\"", "1", "20", "007", "1x", "#true", "#false", "#null",
            "=", " ", " ", " ", "\t", "\n", "\n", ";", "{", "}", " {\n", "\n}\n", "// j\n", "//", "/", "\\", "\\\n", "\"", "-", "*", ":",
            "k=l", "m=\"n\"", "\"o/p\"=q", "r=1", "é", "\u{85}", "\r", "_", "@", "(", "s=#true",
        ]), 0..24)) {
            compare(&parts.concat());
        }
    }
}
