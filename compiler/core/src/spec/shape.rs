//! Mappings to nodes and back, by the table: a node is a mapping whose keys are its arguments by the names of
//! their fields, its properties, and its children by the names of their nodes. What several may be of is a list,
//! a node of one argument and nothing else is that value, and labels are a mapping of their own.
//!
//! What the table does not know becomes a node or a property all the same, for the check to find.

mod write;

use std::collections::{BTreeMap, BTreeSet};

use super::schema::{Child, Field, NodeSpec, SPEC, Times};
use crate::diag::{Diagnostic, Edit, Fix, Sink, Span, Spanned, code, word_meant};
use crate::syntax::{Datum, Entry, Kind, Node, Property, Scalar, Value};

pub use write::data;
pub(super) use write::entry;

/// The key that labels stand under in a node that has something else too.
pub(crate) const LABELS: &str = "labels";

/// The nodes that a text says at its top.
pub fn nodes(datum: &Datum, sink: &mut Sink) -> Option<Vec<Node>> {
    match &datum.kind {
        Kind::Mapping(entries) => {
            twice(datum, sink);
            Some(first_ones(entries).flat_map(top).collect())
        }
        // A text of comments only.
        Kind::Scalar(Scalar::Null) => Some(Vec::new()),
        _ => {
            let message = format!("a spec is a mapping, and this is {}", datum.scalar().describe());
            let end = match datum.kind {
                Kind::Scalar(_) => datum.span.end,
                _ => datum.span.start,
            };
            let span = Span { end, ..datum.span };
            sink.push(Diagnostic::new(&code::SYNTAX, span, message).help("begin with the key `mesh`"));
            None
        }
    }
}

fn top(entry: &Entry) -> Vec<Node> {
    match SPEC.iter().find(|child| child.node.name == entry.key.value) {
        Some(child) => several(entry, child),
        None => vec![unknown(entry)],
    }
}

/// The entries whose key is not there before. [`twice`] tells of the others.
fn first_ones(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    let mut seen = BTreeSet::new();
    entries
        .iter()
        .filter(move |entry| seen.insert(entry.key.value.as_str()))
}

/// Keys that are there twice in one mapping say two things.
fn twice(datum: &Datum, sink: &mut Sink) {
    match &datum.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter().for_each(|item| twice(item, sink)),
        Kind::Mapping(entries) => {
            let mut first: BTreeMap<&str, (Span, &Datum)> = BTreeMap::new();
            for Entry { key, value } in entries {
                match first.get(key.value.as_str()) {
                    Some((before, same)) => {
                        let message = format!("the key `{}` is written twice", key.value);
                        let found = Diagnostic::new(&code::DUPLICATE, key.span, message).here("here again");
                        let help = "keep one of them; of what there may be several, write a list";
                        let single = matches!(value.kind, Kind::Scalar(_)) && value.scalar() == same.scalar();
                        let edit = || Edit::without_property(value.span, &key.value);
                        let fix = single.then(|| Fix::certain("leave the second one out", vec![edit()]));
                        sink.push(found.label(*before, "first here").help(help).fix(fix));
                    }
                    None => {
                        first.insert(&key.value, (key.span, value));
                    }
                }
                twice(value, sink);
            }
        }
    }
}

/// The nodes of one key.
fn several(entry: &Entry, child: &Child) -> Vec<Node> {
    let spec = child.node;
    let alone = matches!(child.times, Times::Optional | Times::Once);
    match &entry.value.kind {
        Kind::List(items) if !alone || items.len() == 1 && !takes_list(spec) => items
            .iter()
            .map(|item| node(&entry.key, item, spec, item.span.start))
            .collect(),
        _ => vec![node(&entry.key, &entry.value, spec, entry.key.span.start)],
    }
}

/// Its only argument may be written several times, or is a list.
fn takes_list(spec: &NodeSpec) -> bool {
    matches!(spec.args, [field] if spec.repeat_last || field.ty.is_list())
}

/// A node, which begins at `start`: its key, or its entry of a list.
pub(super) fn node(key: &Spanned<String>, datum: &Datum, spec: &'static NodeSpec, start: usize) -> Node {
    let mut node = empty(key, datum, start);
    match &datum.kind {
        Kind::Scalar(Scalar::Null) => {}
        Kind::Mapping(entries) => fill(&mut node, entries, spec),
        _ => match spec.args {
            [field, ..] => node.args = args(datum, field, spec.repeat_last && spec.args.len() == 1),
            [] => node.args = vec![value(datum)],
        },
    }
    node
}

/// Of mappings, the first line is the place of the node: what it lacks is said there.
fn empty(key: &Spanned<String>, datum: &Datum, start: usize) -> Node {
    let in_list = start != key.span.start;
    let end = match &datum.kind {
        Kind::Mapping(entries) if in_list => entries.first().map(|first| match &first.value.kind {
            Kind::Scalar(_) => first.value.span.end.max(first.key.span.end),
            _ => first.key.span.end,
        }),
        Kind::Scalar(scalar) if *scalar != Scalar::Null => Some(datum.span.end),
        _ if in_list => Some(start),
        _ => None,
    };
    let end = end.unwrap_or(key.span.end).max(start);
    Node {
        name: key.clone(),
        args: Vec::new(),
        props: Vec::new(),
        children: Vec::new(),
        span: Span {
            start,
            end,
            ..key.span
        },
    }
}

fn fill(node: &mut Node, entries: &[Entry], spec: &'static NodeSpec) {
    if spec.only_labels() {
        node.props = first_ones(entries).map(property).collect();
        return;
    }
    let mut named: BTreeMap<usize, Vec<Value>> = BTreeMap::new();
    for entry in first_ones(entries) {
        let key = entry.key.value.as_str();
        let arg = spec.args.iter().position(|field| field.name == key);
        let prop = spec.props.iter().find(|field| field.name == key);
        let child = spec.children.iter().find(|child| child.node.name == key);
        match (arg, prop, child) {
            (Some(at), ..) => {
                let repeated = spec.repeat_last && at + 1 == spec.args.len();
                named.insert(at, args(&entry.value, &spec.args[at], repeated));
            }
            (_, Some(field), _) => node.props.extend(properties(entry, field)),
            (.., Some(child)) => node.children.extend(several(entry, child)),
            _ if spec.labels && key == LABELS => match &entry.value.kind {
                Kind::Mapping(labels) => node.props.extend(first_ones(labels).map(property)),
                _ => node.props.push(property(entry)),
            },
            _ if spec.labels || is_node(entry, spec) => node.children.push(unknown(entry)),
            _ => node.props.push(property(entry)),
        }
    }
    // What is written behind a gap keeps its place.
    for (at, values) in named {
        let span = node.span;
        let absent = || Value {
            scalar: Scalar::Absent,
            span,
        };
        node.args.resize_with(node.args.len().max(at), absent);
        node.args.extend(values);
    }
}

/// Whether a key that the table does not know was probably meant to be a node.
fn is_node(entry: &Entry, spec: &NodeSpec) -> bool {
    let key = entry.key.value.as_str();
    let fields = spec.args.iter().chain(spec.props).map(|field| field.name);
    let labels = spec.labels.then_some(LABELS);
    if word_meant(key, fields.chain(labels)).is_some() {
        return false;
    }
    let near = word_meant(key, spec.children.iter().map(|child| child.node.name)).is_some();
    let scalar = matches!(entry.value.kind, Kind::Scalar(_));
    let known = || !super::schema::parents_of(key).is_empty();
    near || !scalar || spec.args.is_empty() && spec.props.is_empty() || known()
}

/// A node that the table does not know: what is in it says nothing.
fn unknown(entry: &Entry) -> Node {
    empty(&entry.key, &entry.value, entry.key.span.start)
}

fn value(datum: &Datum) -> Value {
    Value {
        scalar: datum.scalar(),
        span: datum.span,
    }
}

fn property(entry: &Entry) -> Property {
    Property {
        key: entry.key.clone(),
        value: value(&entry.value),
    }
}

/// One property, or one for each value of a list, as in KDL.
fn properties(entry: &Entry, field: &Field) -> Vec<Property> {
    let of = |item: &Datum| Property {
        key: entry.key.clone(),
        value: value(item),
    };
    match &entry.value.kind {
        Kind::List(items) if field.ty.is_list() && !items.is_empty() => items.iter().map(of).collect(),
        _ => vec![property(entry)],
    }
}

/// The values of one argument.
fn args(datum: &Datum, field: &Field, repeated: bool) -> Vec<Value> {
    match &datum.kind {
        Kind::List(items) if repeated && !items.is_empty() => items.iter().map(value).collect(),
        Kind::List(items) if field.ty.is_list() => vec![joined(items).map_or_else(
            || value(datum),
            |text| Value {
                scalar: Scalar::Text(text),
                span: datum.span,
            },
        )],
        _ => vec![value(datum)],
    }
}

/// A list as one text, by comma; `None` if there is more in it than texts and numbers.
fn joined(items: &[Datum]) -> Option<String> {
    let parts: Option<Vec<_>> = items
        .iter()
        .map(|item| match item.scalar() {
            Scalar::Text(text) => Some(text),
            Scalar::Integer(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    parts
        .filter(|parts| !parts.is_empty())
        .map(|parts| parts.join(","))
}
