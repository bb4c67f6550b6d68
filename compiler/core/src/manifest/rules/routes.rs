//! What VirtualServices send where.

use crate::manifest::Object;
use crate::syntax::Datum;

/// Lists of routes: those for requests, for names of TLS and for bytes.
pub(super) const KINDS: [&str; 3] = ["http", "tls", "tcp"];

/// Everything that a VirtualService sends to, copies too.
pub(super) fn destinations(object: &Object) -> Vec<&Datum> {
    let mut found = Vec::new();
    for rule in KINDS.iter().flat_map(|kind| object.items(&["spec", kind])) {
        let lists = ["route", "mirrors"].iter().filter_map(|key| rule.at(&[key]));
        found.extend(
            lists
                .flat_map(Datum::items)
                .filter_map(|part| part.at(&["destination"])),
        );
        found.extend(rule.at(&["mirror"]));
    }
    found
}
