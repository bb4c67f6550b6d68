//! Two readers of YAML that do not take quite the same.

use std::collections::BTreeSet;

use super::{Datum, Entry, Kind};
use crate::syntax::{DEPTH, OBJECT_DEPTH};

/// What a text is read for.
#[derive(Debug)]
pub(super) struct Manner {
    /// Values deeper than this are refused.
    pub(super) depth: usize,
    /// `8080:` is a key, and means what "8080" would.
    pub(super) plain_keys: bool,
    /// `<<` takes the keys of another mapping in, as in YAML 1.1.
    pub(super) merges: bool,
}

/// Specs: what people may misread is refused.
pub(super) static SPEC: Manner = Manner {
    depth: DEPTH,
    plain_keys: false,
    merges: false,
};

/// Objects, as kubectl reads them.
pub(super) static OBJECTS: Manner = Manner {
    depth: OBJECT_DEPTH,
    plain_keys: true,
    merges: true,
};

/// Puts what `<<` names in its place; what is written beside wins.
pub(super) fn merge(entries: &mut Vec<Entry>) {
    if !entries.iter().any(|entry| entry.key.value == "<<") {
        return;
    }
    let mut merged = Vec::new();
    entries.retain_mut(|entry| {
        let is_merge = entry.key.value == "<<";
        if is_merge {
            merged.push(std::mem::replace(&mut entry.value.kind, Kind::List(Vec::new())));
        }
        !is_merge
    });
    let mut there: BTreeSet<String> = entries.iter().map(|entry| entry.key.value.clone()).collect();
    for kind in merged {
        let mappings = match kind {
            Kind::List(items) => items.into_iter().map(|Datum { kind, .. }| kind).collect(),
            other => vec![other],
        };
        for mapping in mappings {
            let Kind::Mapping(found) = mapping else { continue };
            entries.extend(
                found
                    .into_iter()
                    .filter(|entry| there.insert(entry.key.value.clone())),
            );
        }
    }
}
