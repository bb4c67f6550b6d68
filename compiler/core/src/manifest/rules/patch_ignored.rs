use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code, list};

/// What istiod does to what an EnvoyFilter names (istio, pilot/pkg/networking/core/envoyfilter); filters take every
/// operation.
const DOES: &[(&str, &[&str])] = &[
    ("BOOTSTRAP", &["MERGE"]),
    ("CLUSTER", &["ADD", "MERGE", "REMOVE"]),
    ("EXTENSION_CONFIG", &["ADD"]),
    ("FILTER_CHAIN", &["ADD", "MERGE", "REMOVE"]),
    (
        "HTTP_ROUTE",
        &["INSERT_AFTER", "INSERT_BEFORE", "INSERT_FIRST", "MERGE"],
    ),
    ("LISTENER", &["ADD", "MERGE", "REMOVE"]),
    ("ROUTE_CONFIGURATION", &["MERGE"]),
    ("VIRTUAL_HOST", &["ADD", "MERGE", "REMOVE", "REPLACE"]),
];

/// What releases do, and the reference of Istio says is ignored.
const UNSURE: [(&str, &str); 2] = [("HTTP_ROUTE", "ADD"), ("HTTP_ROUTE", "REMOVE")];

/// An operation of an EnvoyFilter is one that istiod does at its place.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for filter in index.kind(NETWORKING, "EnvoyFilter") {
        for patch in filter.items(&["spec", "configPatches"]) {
            let operation = patch
                .at(&["patch"])
                .and_then(|patch| patch.field_text("operation"));
            let (Some(place), Some(operation)) = (patch.field_text("applyTo"), operation) else {
                continue;
            };
            let (place_is, word) = (place.value.as_str(), operation.value.as_str());
            let Some((_, known)) = DOES.iter().find(|(name, _)| *name == place_is) else {
                continue;
            };
            if known.contains(&word) || ["INVALID", "MERGE_AND_REPLACE_LIST"].contains(&word) {
                continue;
            }
            let unsure = UNSURE.contains(&(place_is, word));
            let message = if unsure {
                format!(
                    "Istio's reference says that {word} is ignored on {place_is}, though some releases do it"
                )
            } else {
                format!("istiod ignores {word} on {place_is}")
            };
            let found = Diagnostic::new(&code::PATCH_IGNORED, operation.span, message)
                .label(place.span, "what it is to be done to")
                .help(format!("write {}", list(known.iter().copied())));
            sink.push(if unsure { found.warning() } else { found });
        }
    }
}
