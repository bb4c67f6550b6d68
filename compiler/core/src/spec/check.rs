mod complaint;

use std::collections::BTreeMap;

pub(super) use self::complaint::twice;
use self::complaint::{meaning, superfluous, unknown_node, unknown_property, usage};

use super::item::{Item, Typed};
use super::schema::{self, Child, Field, NodeSpec, Times};
use super::{text, ty};
use crate::diag::{Diagnostic, Edit, Fix, Sink, Span, Spanned, code, word_meant};
use crate::parallel;
use crate::syntax::{Node, Property, Scalar, Value, print};

/// Holds the nodes of a file against the language. `whole` is the file's place, for what is missing in it.
pub fn check(nodes: &[Node], whole: Span, sink: &mut Sink) -> Vec<Item> {
    let mut items = outermost(nodes, schema::SPEC, sink);
    required(&items, nodes, schema::SPEC, whole, "the spec", sink);
    items.retain(|item| !item.spec.name.is_empty());
    items
}

/// The same of a file of expectations.
pub(crate) fn check_tests(nodes: &[Node], sink: &mut Sink) -> Vec<Item> {
    let mut items = children(nodes, schema::TESTS, None, sink);
    items.retain(|item| !item.spec.name.is_empty());
    items
}

/// What is in no braces: few nodes, which may hold much.
fn outermost(nodes: &[Node], known: &'static [Child], sink: &mut Sink) -> Vec<Item> {
    let mut first = BTreeMap::new();
    let planned = nodes.iter().map(|node| {
        let mut own = sink.beside();
        let spec = place(node, known, None, &mut first, &mut own);
        (node, spec, own)
    });
    let planned: Vec<_> = planned.collect();
    let amount = nodes.iter().map(|node| node.children.len()).sum();
    let read = parallel::each(&planned, amount, |(node, spec, _)| {
        let mut own = sink.beside();
        let item = spec.map(|spec| item(node, spec, &mut own));
        (item, own)
    });
    let mut items = Vec::new();
    for ((.., before), (item, own)) in planned.into_iter().zip(read) {
        sink.take(before);
        sink.take(own);
        items.extend(item);
    }
    items
}

fn children(
    nodes: &[Node],
    known: &'static [Child],
    parent: Option<&NodeSpec>,
    sink: &mut Sink,
) -> Vec<Item> {
    let mut first = BTreeMap::new();
    let mut items = Vec::new();
    for node in nodes {
        if let Some(spec) = place(node, known, parent, &mut first, sink) {
            items.push(item(node, spec, sink));
        }
    }
    items
}

/// What a node is in the table, if it is one that counts; `first` are those before it.
fn place<'a>(
    node: &'a Node,
    known: &'static [Child],
    parent: Option<&NodeSpec>,
    first: &mut BTreeMap<&'static str, &'a Node>,
    sink: &mut Sink,
) -> Option<&'static NodeSpec> {
    let written = node.name.value.as_str();
    let of = |name: &str| known.iter().find(|child| child.node.name == name);
    let child = of(written).or_else(|| {
        let language = sink.language(node.name.span);
        sink.push(unknown_node(node, known, parent, language));
        // What is misspelt is read as what was meant, so that the mistakes in its braces are told in the same run;
        // not so a word that only stands in the wrong place.
        let misspelt = !node.children.is_empty() && schema::parents_of(written).is_empty();
        word_meant(written, known.iter().map(|child| child.node.name))
            .filter(|_| misspelt)
            .and_then(of)
    })?;
    let name = child.node.name;
    let alone = matches!(child.times, Times::Optional | Times::Once);
    match first.get(name) {
        Some(before) if alone => {
            let found = twice(node.span, before.span, &format!("`{name}`"));
            sink.push(found.fix(again(node, before)));
            None
        }
        _ => {
            first.insert(name, node);
            Some(child.node)
        }
    }
}

/// What is said twice in the same words need be said only once.
fn again(node: &Node, before: &Node) -> Option<Fix> {
    let same = node.children.is_empty()
        && before.children.is_empty()
        && print::kdl(std::slice::from_ref(node)) == print::kdl(std::slice::from_ref(before));
    same.then(|| Fix::certain("leave the second one out", vec![Edit::without_lines(node.span)]))
}

/// One node that the language knows at its place.
pub(super) fn item(node: &Node, spec: &'static NodeSpec, sink: &mut Sink) -> Item {
    let before = sink.len();
    let args = args(node, spec, sink);
    let (props, labels) = props(node, spec, sink);
    let damaged = sink.len() > before;
    let children = children(&node.children, spec.children, Some(spec), sink);
    let names = || spec.children.iter().map(|child| child.node.name);
    let misspelt = |name: &str| !names().any(|known| known == name) && word_meant(name, names()).is_some();
    let stray = node.children.iter().any(|node| misspelt(&node.name.value));
    required(
        &children,
        &node.children,
        spec.children,
        node.span,
        &format!("`{}`", spec.name),
        sink,
    );
    Item {
        spec,
        span: node.span,
        args,
        props,
        labels,
        children,
        damaged,
        stray,
    }
}

fn args(node: &Node, spec: &'static NodeSpec, sink: &mut Sink) -> Vec<(&'static str, Spanned<Typed>)> {
    let mut found = Vec::new();
    let written = |value: &Value| value.scalar != Scalar::Absent;
    for (at, value) in node.args.iter().enumerate().filter(|(_, value)| written(value)) {
        let last = spec.args.last().filter(|_| spec.repeat_last);
        match spec.args.get(at).or(last) {
            Some(field) => found.extend(read(field, value, sink).map(|typed| (field.name, typed))),
            None => {
                let language = sink.language(value.span);
                sink.push(superfluous(node, spec, value, language));
            }
        }
    }
    let missing = |at: usize| !node.args.get(at).is_some_and(written);
    for (_, field) in spec
        .args
        .iter()
        .enumerate()
        .filter(|(at, field)| field.required && missing(*at) && !misnamed(node, field))
    {
        let message = format!("`{}` needs its {}", spec.name, field.name);
        sink.push(
            Diagnostic::new(&code::MISSING, node.span, message)
                .here(format!("expected {}", field.ty.describe()))
                .help(format!("write `{}`", usage(spec))),
        );
    }
    found
}

/// It is there under a misspelt name, which is told already: arguments have names in YAML and JSON.
fn misnamed(node: &Node, field: &Field) -> bool {
    node.props
        .iter()
        .any(|prop| word_meant(&prop.key.value, [field.name]).is_some())
        && node.args.iter().all(|arg| arg.scalar == Scalar::Absent)
}

type Labels = Vec<(Spanned<String>, Spanned<String>)>;

fn props(
    node: &Node,
    spec: &'static NodeSpec,
    sink: &mut Sink,
) -> (BTreeMap<&'static str, Spanned<Typed>>, Labels) {
    let mut props: BTreeMap<&'static str, Spanned<Typed>> = BTreeMap::new();
    let mut labels = Labels::new();
    let mut first: BTreeMap<&str, &Property> = BTreeMap::new();
    for prop in &node.props {
        let key = prop.key.value.as_str();
        let field = spec.props.iter().find(|field| field.name == key);
        if let Some(before) = first.insert(key, prop)
            && !field.is_some_and(|field| field.ty.is_list())
        {
            let same = before.value.scalar == prop.value.scalar;
            let edit = || Edit::without_property(prop.value.span, key);
            let found = twice(prop.key.span, before.key.span, &format!("`{key}=`"));
            sink.push(found.fix(same.then(|| Fix::certain("leave the second one out", vec![edit()]))));
            continue;
        }
        match field {
            Some(field) => {
                if let Some(typed) = read(field, &prop.value, sink) {
                    add(&mut props, field.name, typed);
                }
            }
            None if spec.labels => labels.extend(label(prop, sink)),
            None => {
                let language = sink.language(prop.key.span);
                sink.push(unknown_property(prop, spec, language));
            }
        }
    }
    // One that is misspelt is there.
    let there = |field: &Field| first.keys().any(|key| word_meant(key, [field.name]).is_some());
    for field in spec.props.iter().filter(|field| field.required && !there(field)) {
        sink.push(
            Diagnostic::new(
                &code::MISSING,
                node.span,
                format!("`{}` needs `{}=`", spec.name, field.name),
            )
            .here(format!("expected `{}=` with {}", field.name, field.ty.describe()))
            .help(meaning(field)),
        );
    }
    (props, labels)
}

/// A list goes on where its property is repeated.
fn add(props: &mut BTreeMap<&'static str, Spanned<Typed>>, name: &'static str, typed: Spanned<Typed>) {
    match (props.get_mut(name).map(|before| &mut before.value), typed.value) {
        (Some(Typed::Texts(all)), Typed::Texts(more)) => all.extend(more),
        (Some(Typed::Ports(all)), Typed::Ports(more)) => all.extend(more),
        (Some(Typed::Ips(all)), Typed::Ips(more)) => all.extend(more),
        (Some(Typed::Ranges(all)), Typed::Ranges(more)) => all.extend(more),
        (_, value) => {
            props.insert(
                name,
                Spanned {
                    value,
                    span: typed.span,
                },
            );
        }
    }
}

fn read(field: &'static Field, value: &Value, sink: &mut Sink) -> Option<Spanned<Typed>> {
    match field.ty.read(value) {
        Ok(typed) => Some(Spanned {
            value: typed,
            span: value.span,
        }),
        Err(ty::Misfit {
            code,
            span,
            message,
            help,
            fix,
        }) => {
            let mut found = Diagnostic::new(code, span, format!("`{}`: {message}", field.name));
            found.help = help.or_else(|| Some(meaning(field)));
            sink.push(found.fix(fix.map(|fix| *fix)));
            None
        }
    }
}

fn label(prop: &Property, sink: &mut Sink) -> Option<(Spanned<String>, Spanned<String>)> {
    let key = prop.key.clone();
    let wrong = |span, message: String, help: String| {
        Diagnostic::new(&code::NAME_INVALID, span, message).help(help).note(
            "labels have at most 63 letters, digits, `-`, `_` and `.`, and begin and end with a letter or digit",
        )
    };
    let Scalar::Text(value) = &prop.value.scalar else {
        let found = prop.value.scalar.describe();
        let message = format!("the label `{}` needs a text, found {found}", key.value);
        sink.push(wrong(
            prop.value.span,
            message,
            "quote it: labels are always texts".to_owned(),
        ));
        return None;
    };
    if !text::is_label_key(&key.value) {
        let message = format!("`{}` is no key of a label", key.value);
        sink.push(wrong(
            key.span,
            message,
            "write it as `key` or `example.com/key`".to_owned(),
        ));
        return None;
    }
    if !text::is_label_value(value) {
        let message = format!("\"{value}\" is no value of a label");
        let help = format!("write {}=\"{}\"", key.value, value.replace(['/', ' ', ':'], "."));
        sink.push(wrong(prop.value.span, message, help));
        return None;
    }
    Some((
        key,
        Spanned {
            value: value.clone(),
            span: prop.value.span,
        },
    ))
}

/// What has to be there and is not, not even with a mistake in it.
fn required(items: &[Item], nodes: &[Node], known: &[Child], span: Span, place: &str, sink: &mut Sink) {
    for child in known
        .iter()
        .filter(|child| matches!(child.times, Times::Once | Times::Some))
    {
        let name = child.node.name;
        let there = items.iter().any(|item| item.spec.name == name)
            || nodes
                .iter()
                .any(|node| word_meant(&node.name.value, [name]).is_some());
        if !there {
            sink.push(
                Diagnostic::new(&code::MISSING, span, format!("{place} needs a `{name}`")).help(format!(
                    "write `{}`: {}",
                    usage(child.node),
                    child.node.about
                )),
            );
        }
    }
}
