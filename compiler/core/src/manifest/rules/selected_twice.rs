use std::collections::BTreeMap;

use super::index::{Index, NETWORKING, SECURITY, TELEMETRY};
use super::workload::{Workload, is_subset, shown};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;

/// Of several Sidecars, Telemetries or PeerAuthentications for one workload, or for a whole namespace, the oldest
/// counts: which one that is, no file says.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for (group, kind, path) in KINDS {
        let mut namespaces: BTreeMap<&str, Vec<Selecting<'_>>> = BTreeMap::new();
        for object in index.kind(group, kind).filter(|object| !is_aimed(object)) {
            let own = Selecting {
                object,
                labels: object.labels_at(path),
            };
            namespaces.entry(object.namespace()).or_default().push(own);
        }
        for (namespace, all) in namespaces {
            for (at, own) in all.iter().enumerate() {
                look(own, &all[..at], namespace, index, sink);
            }
        }
    }
}

const KINDS: [(&str, &str, &[&str]); 3] = [
    (NETWORKING, "Sidecar", &["spec", "workloadSelector", "labels"]),
    (TELEMETRY, "Telemetry", &["spec", "selector", "matchLabels"]),
    (
        SECURITY,
        "PeerAuthentication",
        &["spec", "selector", "matchLabels"],
    ),
];

struct Selecting<'a> {
    object: &'a Object,
    /// None: the whole namespace.
    labels: Vec<(String, String)>,
}

/// It names what it is for.
fn is_aimed(object: &Object) -> bool {
    ["targetRef", "targetRefs"]
        .iter()
        .any(|key| object.entry(&["spec", key]).is_some())
}

fn look(own: &Selecting<'_>, before: &[Selecting<'_>], namespace: &str, index: &Index<'_>, sink: &mut Sink) {
    let object = own.object;
    let kind = &object.kind.value;
    if own.labels.is_empty() {
        if let Some(first) = before.iter().find(|other| other.labels.is_empty()) {
            let message = format!(
                "namespace `{namespace}` has two {} for all of it: the older one counts",
                plural(kind)
            );
            sink.push(found(object, first, message));
        }
        return;
    }
    let workloads = index.with_labels(namespace, &own.labels);
    for other in before.iter().filter(|other| !other.labels.is_empty()) {
        let is_same = is_subset(&own.labels, &other.labels) && is_subset(&other.labels, &own.labels);
        let both = |workload: &&&Workload<'_>| is_subset(&other.labels, &workload.labels);
        let met = workloads.iter().find(both);
        if !is_same && met.is_none() {
            continue;
        }
        let whom = met.map_or_else(
            || "the same workloads".to_owned(),
            |workload| format!("the {}", workload.shown()),
        );
        let message = format!("two {} select {whom}: the older one counts", plural(kind));
        sink.push(found(object, other, message));
        return;
    }
}

fn plural(kind: &str) -> String {
    match kind {
        "Telemetry" => "Telemetries".to_owned(),
        kind => format!("{kind}s"),
    }
}

fn found(object: &Object, first: &Selecting<'_>, message: String) -> Diagnostic {
    Diagnostic::new(&code::SELECTED_TWICE, object.name.span, message)
        .here("again")
        .label(
            first.object.name.span,
            format!("first the {}", shown(first.object)),
        )
        .help("write both into one, or make their selectors exclude each other")
}
