use mesh_compiler::spec::schema::{Child, NodeSpec};
use mesh_compiler::syntax::{Property, Scalar, Value};

use super::{Cursor, Place, Step};
use crate::tree::{Branch, Range, Tree};

pub(super) fn at(tree: &Tree, top: &'static [Child], at: usize) -> Cursor {
    if tree
        .comments
        .iter()
        .any(|comment| comment.start < at && at <= comment.end)
    {
        return Cursor::nothing(at);
    }
    let mut cursor = Cursor::nothing(at);
    let mut nodes = &tree.nodes;
    let mut known = Some(top);
    loop {
        let inside = |branch: &&Branch| branch.body.is_some_and(|body| body.touches(at));
        // Of two that touch, the later one begins here.
        let Some(branch) = nodes.iter().rev().find(inside) else {
            break;
        };
        let spec = known.and_then(|known| spec_of(known, branch));
        cursor.around.extend(spec.map(|spec| Step::of(spec, branch)));
        known = spec.map(|spec| spec.children);
        nodes = &branch.children;
    }
    let Some(known) = known else { return cursor };
    cursor.beside = nodes
        .iter()
        .filter(|branch| !Range::from(branch.name.span).touches(at))
        .map(|branch| branch.name.value.clone())
        .collect();
    let here = |branch: &&Branch| branch.head.touches(at);
    match nodes.iter().rev().find(here) {
        Some(branch) => head(branch, known, at, &mut cursor),
        None => cursor.place = Place::Node(known),
    }
    cursor
}

fn spec_of(known: &'static [Child], branch: &Branch) -> Option<&'static NodeSpec> {
    let mut known = known.iter();
    known
        .find(|child| child.node.name == branch.name.value)
        .map(|child| child.node)
}

/// In the first line of a node.
fn head(branch: &Branch, known: &'static [Child], at: usize, cursor: &mut Cursor) {
    let name = Range::from(branch.name.span);
    let spec = spec_of(known, branch);
    if name.touches(at) {
        cursor.word = name;
        cursor.place = spec.map_or(Place::Node(known), |spec| Place::Name(spec, known));
        return;
    }
    let Some(spec) = spec else { return };
    cursor.around.push(Step::of(spec, branch));
    if let Some(prop) = branch.props.iter().find(|prop| whole(prop).touches(at)) {
        return property(prop, spec, at, cursor);
    }
    let before = branch.args.iter().filter(|arg| arg.span.end < at).count();
    let here: Option<&Value> = branch.args.iter().find(|arg| Range::from(arg.span).touches(at));
    let last = spec.args.last().filter(|_| spec.repeat_last);
    let field = spec.args.get(before).or(last);
    cursor.word = here.map_or(cursor.word, |value| value.span.into());
    cursor.value = here.cloned();
    cursor.place = match (here, field) {
        // A word of an argument may become a key, but not what has quotes.
        (Some(value), Some(field)) if !is_bare(value) => Place::Value(spec, field),
        (_, field) => Place::Entry(spec, field),
    };
}

fn is_bare(value: &Value) -> bool {
    match &value.scalar {
        Scalar::Text(text) => value.span.end - value.span.start == text.len(),
        _ => true,
    }
}

fn whole(prop: &Property) -> Range {
    Range::new(prop.key.span.start, prop.value.span.end)
}

fn property(prop: &Property, spec: &'static NodeSpec, at: usize, cursor: &mut Cursor) {
    let field = spec.props.iter().find(|field| field.name == prop.key.value);
    let key = Range::from(prop.key.span);
    let on_key = key.touches(at);
    cursor.word = if on_key { key } else { prop.value.span.into() };
    cursor.value = (!on_key).then(|| prop.value.clone());
    cursor.place = match field {
        Some(field) if on_key => Place::Key(spec, field),
        Some(field) => Place::Value(spec, field),
        None if on_key => Place::Entry(spec, None),
        None => Place::Nothing,
    };
}
