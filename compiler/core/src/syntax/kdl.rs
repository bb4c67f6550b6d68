//! KDL 2, read by the `kdl` crate.

use kdl::{KdlDiagnostic, KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::lexical::{self, SHOWN, Slip};
use super::tree::{Node, Property, Scalar, Value};
use crate::diag::{Diagnostic, FileId, Sink, Span, Spanned, code};

pub(super) fn parse(text: &str, file: FileId, sink: &mut Sink) -> Option<Vec<Node>> {
    let look = lexical::look(text);
    let problems = if look.broken {
        Vec::new()
    } else {
        match KdlDocument::parse_v2(text) {
            Ok(document) => return Some(nodes(&document, file)),
            Err(error) => error.diagnostics,
        }
    };
    if look.slips.is_empty() {
        problems
            .iter()
            .take(SHOWN)
            .for_each(|problem| sink.push(diagnostic(problem, text, file)));
    }
    look.slips
        .into_iter()
        .take(SHOWN)
        .for_each(|slip| sink.push(slipped(slip, file)));
    None
}

fn slipped(slip: Slip, file: FileId) -> Diagnostic {
    let span = Span {
        file,
        start: slip.start,
        end: slip.end,
    };
    Diagnostic::new(&code::SYNTAX, span, slip.message).help(slip.help)
}

fn nodes(document: &KdlDocument, file: FileId) -> Vec<Node> {
    document.nodes().iter().map(|source| node(source, file)).collect()
}

fn node(source: &KdlNode, file: FileId) -> Node {
    let name = spanned(source.name().value(), source.name().span(), file);
    let mut end = name.span.end;
    let (mut args, mut props) = (Vec::new(), Vec::new());
    for entry in source.entries() {
        let value = value(entry, file);
        end = end.max(value.span.end);
        match entry.name() {
            Some(key) => props.push(Property {
                key: spanned(key.value(), key.span(), file),
                value,
            }),
            None => args.push(value),
        }
    }
    let span = Span { end, ..name.span };
    let children = source
        .children()
        .map(|children| nodes(children, file))
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
fn value(entry: &KdlEntry, file: FileId) -> Value {
    let whole = span(entry.span(), file);
    let length = entry.format().map_or(0, |format| format.value_repr.len());
    let start = if length == 0 {
        whole.start
    } else {
        whole.end.saturating_sub(length).max(whole.start)
    };
    let scalar = match entry.value() {
        KdlValue::String(text) => Scalar::Text(text.clone()),
        KdlValue::Integer(number) => Scalar::Integer(*number),
        KdlValue::Float(number) => Scalar::Float(*number),
        KdlValue::Bool(value) => Scalar::Bool(*value),
        KdlValue::Null => Scalar::Null,
    };
    Value {
        scalar,
        span: Span { start, ..whole },
    }
}

fn diagnostic(problem: &KdlDiagnostic, text: &str, file: FileId) -> Diagnostic {
    let mut place = span(problem.span, file);
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

fn spanned(text: &str, place: SourceSpan, file: FileId) -> Spanned<String> {
    Spanned {
        value: text.to_owned(),
        span: span(place, file),
    }
}

fn span(place: SourceSpan, file: FileId) -> Span {
    Span {
        file,
        start: place.offset(),
        end: place.offset() + place.len(),
    }
}
