//! One namespace in several files: teams that share a mesh each write their own services, and a namespace may
//! belong to several teams.
//!
//! The parts are one namespace. What may be written often (services, accounts…) is that of all parts; what may be
//! written once (labels, mtls, injection…) is written in one of them. Within one file a namespace is written once:
//! there, a second one is a slip.

use std::collections::{BTreeMap, BTreeSet};

use super::Item;
use super::check::twice;
use super::schema::Times;
use crate::diag::{Diagnostic, FileId, Sink};

/// Joins the namespaces of `items` that have one name and stand in different files.
pub(crate) fn namespaces(items: Vec<Item>, sink: &mut Sink) -> Vec<Item> {
    let mut joined: Vec<Item> = Vec::with_capacity(items.len());
    let mut first: BTreeMap<String, (usize, BTreeSet<FileId>)> = BTreeMap::new();
    for item in items {
        let name = item.get("name").filter(|_| item.spec.name == "namespace");
        let Some(name) = name else {
            joined.push(item);
            continue;
        };
        let (at, files) = first
            .entry(name)
            .or_insert_with(|| (joined.len(), BTreeSet::new()));
        let other_file = files.insert(item.span.file);
        match joined.get_mut(*at).filter(|_| other_file) {
            Some(before) => join(before, item, sink),
            None => joined.push(item),
        }
    }
    joined
}

fn join(into: &mut Item, part: Item, sink: &mut Sink) {
    for (key, value) in part.props {
        match into.props.get(key) {
            Some(before) => sink.push(again(twice(value.span, before.span, &format!("`{key}=`")))),
            None => {
                into.props.insert(key, value);
            }
        }
    }
    for child in part.children {
        let alone = into.spec.children.iter().any(|known| {
            known.node.name == child.spec.name && matches!(known.times, Times::Optional | Times::Once)
        });
        match into.child(child.spec.name).filter(|_| alone) {
            Some(before) => sink.push(again(twice(
                child.span,
                before.span,
                &format!("`{}`", child.spec.name),
            ))),
            None => into.children.push(child),
        }
    }
    into.damaged |= part.damaged;
    into.stray |= part.stray;
}

fn again(found: Diagnostic) -> Diagnostic {
    found.note("the parts of a namespace in several files are one namespace")
}
