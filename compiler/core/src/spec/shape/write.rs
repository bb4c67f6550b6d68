use super::LABELS;
use crate::diag::{Span, Spanned};
use crate::spec::schema::{Child, NodeSpec, SPEC, Times};
use crate::syntax::{Datum, Entry, Kind, Node, Scalar, Value};

/// The nodes of a spec as a mapping, as YAML and JSON write it.
pub fn data(nodes: &[Node]) -> Datum {
    mapping(children(nodes, SPEC))
}

/// One node with its key.
pub(in crate::spec) fn entry(node: &Node, spec: &NodeSpec) -> Entry {
    keyed(spec.name, datum(node, Some(spec)))
}

/// Nodes of one name stand under one key, in order; what there may be several of is always a list.
fn children(nodes: &[Node], known: &[Child]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for node in nodes {
        let name = node.name.value.as_str();
        if entries.iter().any(|entry| entry.key.value == name) {
            continue;
        }
        let child = known.iter().find(|child| child.node.name == name);
        let spec = child.map(|child| child.node);
        let mut items: Vec<_> = nodes
            .iter()
            .filter(|node| node.name.value == name)
            .map(|node| datum(node, spec))
            .collect();
        let many = child.is_some_and(|child| matches!(child.times, Times::Any | Times::Some));
        if let (false, Some(spec), [alone]) = (many, spec, items.as_mut_slice()) {
            shorten(alone, spec);
        }
        let value = match items.len() {
            1 if !many => items.remove(0),
            _ => list(items),
        };
        entries.push(keyed(name, value));
    }
    entries
}

/// `virtual-ips: [a, b]` instead of `virtual-ips: {range: [a, b]}`.
fn shorten(datum: &mut Datum, spec: &NodeSpec) {
    if let Kind::Mapping(entries) = &datum.kind
        && let ([entry], [field], true) = (entries.as_slice(), spec.args, spec.repeat_last)
        && entry.key.value == field.name
    {
        *datum = Datum {
            span: datum.span,
            ..entry.value.clone()
        };
    }
}

/// What it says stands where it is.
fn datum(node: &Node, spec: Option<&NodeSpec>) -> Datum {
    let mut datum = said(node, spec);
    place(&mut datum, node.span);
    datum
}

/// Places what has no place yet.
fn place(datum: &mut Datum, span: Span) {
    if datum.span != Span::default() {
        return;
    }
    datum.span = span;
    match &mut datum.kind {
        Kind::Scalar(_) => {}
        Kind::List(items) => items.iter_mut().for_each(|item| place(item, span)),
        Kind::Mapping(entries) => entries.iter_mut().for_each(|entry| place(&mut entry.value, span)),
    }
}

fn said(node: &Node, spec: Option<&NodeSpec>) -> Datum {
    let (fields, known) = spec.map_or((&[][..], &[][..]), |spec| (spec.args, spec.children));
    let labels = spec.is_some_and(|spec| spec.labels);
    if spec.is_some_and(NodeSpec::only_labels) {
        return mapping(properties(node, |_| true));
    }
    if node.props.is_empty() && node.children.is_empty() {
        match node.args.as_slice() {
            [] => return scalar(Scalar::Null),
            [arg] if arg.scalar != Scalar::Null => return scalar(arg.scalar.clone()),
            _ => {}
        }
    }
    let mut entries = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let repeated = at + 1 == fields.len() && spec.is_some_and(|spec| spec.repeat_last);
        let end = if repeated {
            node.args.len()
        } else {
            (at + 1).min(node.args.len())
        };
        let written: &[Value] = node.args.get(at..end).unwrap_or_default();
        let mut values: Vec<_> = written
            .iter()
            .filter(|value| value.scalar != Scalar::Absent)
            .map(|value| scalar(value.scalar.clone()))
            .collect();
        match values.len() {
            0 => {}
            1 => entries.push(keyed(field.name, values.remove(0))),
            _ => entries.push(keyed(field.name, list(values))),
        }
    }
    let is_field = |key: &str| spec.is_some_and(|spec| spec.props.iter().any(|field| field.name == key));
    entries.extend(properties(node, |key| !labels || is_field(key)));
    let own = if labels {
        properties(node, |key| !is_field(key))
    } else {
        Vec::new()
    };
    if !own.is_empty() {
        entries.push(keyed(LABELS, mapping(own)));
    }
    entries.extend(children(&node.children, known));
    mapping(entries)
}

/// The properties whose key is `wanted`; a repeated one is a list.
fn properties(node: &Node, wanted: impl Fn(&str) -> bool) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for prop in node.props.iter().filter(|prop| wanted(&prop.key.value)) {
        let value = scalar(prop.value.scalar.clone());
        match entries.iter_mut().find(|entry| entry.key.value == prop.key.value) {
            Some(before) => match &mut before.value.kind {
                Kind::List(items) => items.push(value),
                _ => before.value = list(vec![before.value.clone(), value]),
            },
            None => entries.push(keyed(&prop.key.value, value)),
        }
    }
    entries
}

fn keyed(key: &str, value: Datum) -> Entry {
    let key = Spanned {
        value: key.to_owned(),
        span: Span::default(),
    };
    Entry { key, value }
}

fn mapping(entries: Vec<Entry>) -> Datum {
    Datum {
        kind: Kind::Mapping(entries),
        span: Span::default(),
    }
}

fn list(items: Vec<Datum>) -> Datum {
    Datum {
        kind: Kind::List(items),
        span: Span::default(),
    }
}

fn scalar(scalar: Scalar) -> Datum {
    Datum {
        kind: Kind::Scalar(scalar),
        span: Span::default(),
    }
}
