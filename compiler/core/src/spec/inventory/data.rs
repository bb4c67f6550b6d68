use std::collections::BTreeMap;

use super::columns::{Columns, Target};
use super::row::Row;
use crate::diag::{Diagnostic, FileId, Language, Sink, Span, code};
use crate::syntax::{self, Datum, Document, Entry, Kind, Node, Scalar, Value};

/// The machines of a JSON or YAML text: a list of mappings, whose keys are columns. Nulls say nothing.
pub(super) fn rows(
    text: &str,
    path: &str,
    file: FileId,
    mut columns: Columns<'_>,
    sink: &mut Sink,
) -> Vec<Node> {
    let Some(Document::Data(datum)) = syntax::parse(text, Language::of_path(path), file, sink) else {
        return Vec::new();
    };
    let Kind::List(machines) = &datum.kind else {
        sink.push(no_list(&datum));
        return Vec::new();
    };
    let mut targets: BTreeMap<&str, Option<Target>> = BTreeMap::new();
    let mut nodes = Vec::new();
    for machine in machines {
        let Kind::Mapping(entries) = &machine.kind else {
            let message = format!(
                "a machine is a mapping, and this is {}",
                machine.scalar().describe()
            );
            sink.push(
                Diagnostic::new(&code::INVENTORY, machine.span, message)
                    .help("write {\"name\": \"vm-1\", \"address\": \"10.0.0.1\"}"),
            );
            continue;
        };
        nodes.push(row(entries, machine.span, &mut targets, &mut columns, sink));
    }
    if !machines.is_empty() {
        columns.strays(sink);
    }
    nodes
}

/// The keys of all mappings.
pub(super) fn heads(text: &str, path: &str, file: FileId) -> Vec<Value> {
    let read = syntax::parse(text, Language::of_path(path), file, &mut Sink::default());
    let Some(Document::Data(Datum {
        kind: Kind::List(machines),
        ..
    })) = read
    else {
        return Vec::new();
    };
    let entries = machines.into_iter().flat_map(|machine| match machine.kind {
        Kind::Mapping(entries) => entries,
        _ => Vec::new(),
    });
    entries
        .map(|entry| Value {
            scalar: Scalar::Text(entry.key.value),
            span: entry.key.span,
        })
        .collect()
}

fn no_list(datum: &Datum) -> Diagnostic {
    let span = Span {
        end: datum.span.start,
        ..datum.span
    };
    let message = format!(
        "an inventory is a list of machines, and this is {}",
        datum.scalar().describe()
    );
    Diagnostic::new(&code::INVENTORY, span, message)
        .help("write [{\"name\": \"vm-1\", \"address\": \"10.0.0.1\"}]")
}

fn row<'a>(
    entries: &'a [Entry],
    place: Span,
    targets: &mut BTreeMap<&'a str, Option<Target>>,
    columns: &mut Columns<'_>,
    sink: &mut Sink,
) -> Node {
    // The first line of it is its place.
    let first = entries.first().map_or(place.start, |entry| entry.value.span.end);
    let mut machine = Row::new(Span {
        end: first.clamp(place.start, place.end),
        ..place
    });
    for Entry { key, value } in entries {
        let head = key.value.as_str();
        if !targets.contains_key(head) {
            targets.insert(head, columns.target(head, key.span, sink));
        }
        let Some(Some(target)) = targets.get(head) else {
            continue;
        };
        match (target, &value.kind) {
            (_, Kind::Scalar(Scalar::Null)) => {}
            (Target::Node(spec), _) => machine.node(spec, key.span, value),
            _ => {
                let scalar = Value {
                    scalar: value.scalar(),
                    span: value.span,
                };
                machine.cell(target, key.span, scalar);
            }
        }
    }
    machine.done()
}
