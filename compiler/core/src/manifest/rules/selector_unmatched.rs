use super::index::{EXTENSIONS, Index, NETWORKING, ROOT, SECURITY, TELEMETRY};
use super::unknown_reference::makes_others;
use super::workload::{Service, Workload};
use crate::diag::{Diagnostic, Fix, Sink, Span, Spanned, code, did_you_mean};
use crate::manifest::Object;
use crate::syntax::Datum;

/// What an object selects is there, as far as the workloads of its namespace are here: one of them has another value of
/// a label that is asked for. Gateways are installed by others, and are selected by the label `istio`.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    // An operator or a tool may make workloads of it.
    if index.all().any(makes_others) {
        return;
    }
    for (group, kind, path) in KINDS {
        for object in index.kind(group, kind) {
            if let Some(labels) = object.at(path).map(Datum::entries) {
                look(object, labels, index, sink);
            }
        }
    }
}

const MATCH: &[&str] = &["spec", "selector", "matchLabels"];

const KINDS: [(&str, &str, &[&str]); 9] = [
    (NETWORKING, "Sidecar", &["spec", "workloadSelector", "labels"]),
    (NETWORKING, "EnvoyFilter", &["spec", "workloadSelector", "labels"]),
    (NETWORKING, "ProxyConfig", MATCH),
    (
        NETWORKING,
        "DestinationRule",
        &["spec", "workloadSelector", "matchLabels"],
    ),
    (SECURITY, "AuthorizationPolicy", MATCH),
    (SECURITY, "PeerAuthentication", MATCH),
    (SECURITY, "RequestAuthentication", MATCH),
    (TELEMETRY, "Telemetry", MATCH),
    (EXTENSIONS, "WasmPlugin", MATCH),
];

fn look(object: &Object, labels: &[crate::syntax::Entry], index: &Index<'_>, sink: &mut Sink) {
    let wanted: Vec<(Spanned<String>, Spanned<String>)> = labels
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.value.text()?)))
        .collect();
    if wanted.is_empty()
        || wanted
            .iter()
            .any(|(key, value)| is_of_gateways(&key.value, &value.value))
    {
        return;
    }
    let plain: Vec<_> = wanted
        .iter()
        .map(|(key, value)| (key.value.clone(), value.value.clone()))
        .collect();
    let has = |workload: &Workload<'_>, label: &(String, String)| workload.labels.contains(label);
    // Most select something, and are found without a search.
    if !index.with_labels(object.namespace(), &plain).is_empty() {
        return;
    }
    let home: Vec<_> = if object.namespace() == ROOT {
        index.workloads().iter().collect()
    } else {
        index.in_namespace(object.namespace())
    };
    // Pods that are written elsewhere are unknown here, though a Service finds them.
    let of_service = |service: &Service<'_>| {
        (object.namespace() == ROOT || service.object.namespace() == object.namespace())
            && service.selector.iter().any(|label| plain.contains(label))
    };
    if home.iter().all(|workload| workload.is_machine()) || index.services().iter().any(of_service) {
        return;
    }
    // What is for the whole mesh is judged where more than one namespace is here.
    let near = home.first().map(|workload| workload.object.namespace());
    if object.namespace() == ROOT
        && home
            .iter()
            .all(|workload| Some(workload.object.namespace()) == near)
    {
        return;
    }
    if home
        .iter()
        .any(|workload| plain.iter().all(|label| has(workload, label)))
    {
        return;
    }
    // The label that keeps most of them out, and what one of them has instead.
    let suspect = wanted.iter().find_map(|(key, value)| {
        let own = |workload: &&&Workload<'_>| {
            workload
                .labels
                .iter()
                .any(|(known, other)| *known == key.value && *other != value.value)
        };
        let nearest = |workload: &&Workload<'_>| plain.iter().filter(|label| has(workload, label)).count();
        let found = home
            .iter()
            .filter(own)
            .max_by_key(|workload| (nearest(workload), std::cmp::Reverse(workload.object.span)))?;
        let is_missing = !home.iter().any(|workload| {
            plain
                .iter()
                .any(|label| label.0 == key.value && has(workload, label))
        });
        is_missing.then_some((key, value, *found))
    });
    let Some((key, value, nearest)) = suspect else {
        return;
    };
    sink.push(found(object, key, value, nearest, &home));
}

fn found(
    object: &Object,
    key: &Spanned<String>,
    value: &Spanned<String>,
    nearest: &Workload<'_>,
    home: &[&Workload<'_>],
) -> Diagnostic {
    let values = || {
        let labels = home.iter().flat_map(|workload| &workload.labels);
        labels
            .filter(|(known, _)| *known == key.value)
            .map(|(_, value)| value.as_str())
    };
    let message = format!(
        "no workload has the label `{}: {}`: this {} is for nobody",
        key.value, value.value, object.kind.value
    );
    let own = nearest.labels.iter().find(|(known, _)| *known == key.value);
    let place: Span = nearest.object.name.span;
    let text = own.map_or_else(String::new, |(key, value)| {
        format!("the {} has `{key}: {value}`", nearest.shown())
    });
    let found = Diagnostic::new(&code::SELECTOR_UNMATCHED, value.span, message).label(place, text);
    match did_you_mean(&value.value, values()) {
        Some(near) => found
            .here(format!("did you mean `{near}`?"))
            .help(format!("write `{}: {near}`", key.value))
            .fix(Fix::meant(value.span, &value.value, values())),
        None => found.help("write labels that a workload of the namespace has, or leave the object out"),
    }
}

/// What selects a gateway, which a chart installs.
fn is_of_gateways(key: &str, value: &str) -> bool {
    ["istio", "gateway.networking.k8s.io/gateway-name"].contains(&key)
        || value.starts_with("istio-")
        || value.contains("gateway")
}
