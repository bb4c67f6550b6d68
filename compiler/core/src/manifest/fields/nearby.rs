//! Where else in a kind a field is.

use super::table::{Fields, Type, table};
use super::walk::Walk;
use crate::diag::Span;
use crate::syntax::Datum;

/// A place that has the field.
pub(super) struct Place {
    /// The keys that lead to what it is in.
    pub(super) path: Vec<String>,
    /// What it is in, where that is written already: its key.
    pub(super) written: Option<Span>,
}

/// The nearest place of the kind that has a field `name`: few steps up and few down. Farther away it would be
/// another thing of the same name.
pub(super) fn find(walk: &Walk<'_, '_>, name: &str) -> Option<Place> {
    let here: Vec<&str> = walk
        .path
        .iter()
        .copied()
        .take(walk.path.len().saturating_sub(1))
        .collect();
    let mut found: Vec<(usize, Vec<String>)> = Vec::new();
    let mut path = Vec::new();
    search(&walk.kind.fields, name, &here, &mut path, &mut found);
    found.sort();
    let (steps, path) = found.into_iter().next()?;
    (steps <= STEPS).then(|| Place {
        written: written(&walk.object.body, &path),
        path,
    })
}

/// A way of more steps leads to something else.
const STEPS: usize = 3;

fn search(
    fields: &Fields,
    name: &str,
    here: &[&str],
    path: &mut Vec<String>,
    found: &mut Vec<(usize, Vec<String>)>,
) {
    // What lies below `status` and in labels is no home.
    if fields.by_name.contains_key(name) && !same(path, here) {
        let common = path
            .iter()
            .zip(here)
            .take_while(|(own, other)| own == *other)
            .count();
        found.push(((here.len() - common) + (path.len() - common), path.clone()));
    }
    if path.len() > here.len() + STEPS {
        return;
    }
    for (key, field) in &fields.by_name {
        let mut shape = table().resolve(&field.shape);
        while let Type::List(of) | Type::Map(of) = &shape.ty {
            shape = table().resolve(of);
        }
        if let Type::Object(inner) = &shape.ty {
            path.push((*key).to_owned());
            search(inner, name, here, path, found);
            path.pop();
        }
    }
}

fn same(path: &[String], here: &[&str]) -> bool {
    path.len() == here.len() && path.iter().zip(here).all(|(own, other)| own == other)
}

/// The key of what is written at `path`, if it is; of a list, its first entry's.
fn written(body: &Datum, path: &[String]) -> Option<Span> {
    let mut datum = body;
    let mut span = None;
    for key in path {
        let entry = datum.entry(key)?;
        span = Some(entry.key.span);
        datum = entry.value.items().first().unwrap_or(&entry.value);
    }
    span
}
