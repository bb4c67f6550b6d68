//! Mappings and lists by the table: which key is which field or node.

use mesh_compiler::spec::schema::{Child, Field, NodeSpec, SPEC};
use mesh_compiler::syntax::{Datum, Entry, Kind, Scalar, Value};

use super::{Cursor, Place, Step, plain};
use crate::tree::{Range, Tree};

/// What stands at byte `at`.
pub(super) fn at(tree: &Tree, at: usize) -> Cursor {
    let mut cursor = Cursor::nothing(at);
    let touches = |range: Range, _: &str| range.touches(at);
    if let Some(datum) = &tree.data {
        mapping(datum, None, &touches, &mut cursor);
    }
    cursor
}

/// Whether a key or value at a place, with this text, is the one that is looked for.
type Wanted<'a> = dyn Fn(Range, &str) -> bool + 'a;

/// Looks in the mapping of a node, or of the whole text.
pub(super) fn mapping(
    datum: &Datum,
    spec: Option<&'static NodeSpec>,
    wanted: &Wanted<'_>,
    cursor: &mut Cursor,
) -> bool {
    let Kind::Mapping(entries) = &datum.kind else {
        return false;
    };
    let known = spec.map_or(SPEC, |spec| spec.children);
    let depth = cursor.around.len();
    cursor.around.extend(spec.map(|spec| step(spec, entries)));
    for entry in entries {
        let name = entry.key.value.as_str();
        let key = Range::from(entry.key.span);
        if wanted(key, name) {
            cursor.word = key;
            cursor.beside = entries
                .iter()
                .map(|entry| entry.key.value.clone())
                .filter(|key| key != name)
                .collect();
            cursor.place = place_of_key(name, spec, known);
            return true;
        }
        let child = known.iter().find(|child| child.node.name == name);
        let found = match (spec.and_then(|spec| field(spec, name)), child) {
            (Some((spec, field)), _) => values(&entry.value, spec, field, wanted, cursor),
            (None, Some(child)) => node(&entry.value, child.node, wanted, cursor),
            (None, None) => false,
        };
        if found {
            return true;
        }
    }
    cursor.around.truncate(depth);
    false
}

fn place_of_key(name: &str, spec: Option<&'static NodeSpec>, known: &'static [Child]) -> Place {
    if let Some((spec, field)) = spec.and_then(|spec| field(spec, name)) {
        return Place::Key(spec, field);
    }
    let child = known.iter().find(|child| child.node.name == name);
    child.map_or(Place::Keys(spec, known), |child| Place::Name(child.node, known))
}

fn field(spec: &'static NodeSpec, name: &str) -> Option<(&'static NodeSpec, &'static Field)> {
    let mut fields = spec.args.iter().chain(spec.props);
    fields.find(|field| field.name == name).map(|field| (spec, field))
}

/// Looks in the value of a node: its mapping, its only argument, or a list of either.
fn node(datum: &Datum, spec: &'static NodeSpec, wanted: &Wanted<'_>, cursor: &mut Cursor) -> bool {
    match &datum.kind {
        Kind::Mapping(_) => mapping(datum, Some(spec), wanted, cursor),
        Kind::List(items) => items.iter().any(|item| node(item, spec, wanted, cursor)),
        Kind::Scalar(_) => match spec.args.first() {
            Some(field) => {
                let found = values(datum, spec, field, wanted, cursor);
                if found {
                    cursor.around.push(Step {
                        spec,
                        said: Vec::new(),
                    });
                }
                found
            }
            None => false,
        },
    }
}

/// Looks in the value of a field, or its list.
fn values(
    datum: &Datum,
    spec: &'static NodeSpec,
    field: &'static Field,
    wanted: &Wanted<'_>,
    cursor: &mut Cursor,
) -> bool {
    match &datum.kind {
        Kind::Mapping(_) => false,
        Kind::List(items) => items.iter().any(|item| values(item, spec, field, wanted, cursor)),
        Kind::Scalar(scalar) => {
            let text = plain(scalar).unwrap_or_default();
            // What is not written yet is at no place.
            let found = *scalar != Scalar::Null && wanted(datum.span.into(), &text);
            if found {
                cursor.word = datum.span.into();
                cursor.value = Some(Value {
                    scalar: scalar.clone(),
                    span: datum.span,
                });
                cursor.place = Place::Value(spec, field);
            }
            found
        }
    }
}

fn step(spec: &'static NodeSpec, entries: &[Entry]) -> Step {
    let said = entries.iter().filter_map(|entry| match &entry.value.kind {
        Kind::Scalar(scalar) => Some((entry.key.value.clone(), plain(scalar)?)),
        _ => None,
    });
    Step {
        spec,
        said: said.collect(),
    }
}
