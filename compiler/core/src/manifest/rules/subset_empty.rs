use super::index::{Index, NETWORKING};
use super::workload::{Service, Workload, is_subset, shown};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::syntax::Datum;

/// A version of a service selects something of what the service selects, where that is known: pods may be written
/// elsewhere. They are not where some are here, or where no version finds anything, though machines have other values of
/// its labels.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for rule in index.kind(NETWORKING, "DestinationRule") {
        let Some(host) = rule.text(&["spec", "host"]) else {
            continue;
        };
        let Some(service) = index.service(&host.value, rule.namespace()) else {
            continue;
        };
        let workloads = index.selected(service);
        if workloads.is_empty() {
            continue;
        }
        let subsets = rule.items(&["spec", "subsets"]);
        let has_pods = workloads.iter().any(|workload| !workload.is_machine());
        let finds = |subset: &Datum| {
            let wanted = wanted(subset);
            workloads
                .iter()
                .any(|workload| is_subset(&wanted, &workload.labels))
        };
        if !has_pods && subsets.iter().any(finds) {
            continue;
        }
        // What machines are not labelled with at all is for pods.
        let meant = |subset: &&Datum| has_pods || instead(&wanted(subset), &workloads).is_some();
        for subset in subsets.iter().filter(meant) {
            look(subset, service, &workloads, index, sink);
        }
    }
}

fn look(
    subset: &Datum,
    service: &Service<'_>,
    workloads: &[&Workload<'_>],
    index: &Index<'_>,
    sink: &mut Sink,
) {
    let Some(name) = subset.field_text("name") else {
        return;
    };
    let wanted = wanted(subset);
    if workloads
        .iter()
        .any(|workload| is_subset(&wanted, &workload.labels))
    {
        return;
    }
    // Labels that only istiod puts on are unknown here.
    if wanted.iter().any(|(key, _)| key.starts_with("topology.")) {
        return;
    }
    let place = subset
        .entry("labels")
        .map_or(name.span, |entry| first_line(entry.value.span, index));
    let message = format!(
        "nothing behind the {} has the labels of the version `{}`",
        shown(service.object),
        name.value
    );
    let mut found =
        Diagnostic::new(&code::SUBSET_EMPTY, place, message).here("requests for it are answered with 503");
    if let Some((span, text)) = instead(&wanted, workloads) {
        found = found.label(span, text);
    }
    let known = known_values(&wanted, workloads);
    sink.push(match known.as_slice() {
        [] => found.help("write labels that a pod or a machine has"),
        known => found.help(format!(
            "write {}, or give the workloads the label",
            known.join(" or ")
        )),
    });
}

/// The labels of a version.
fn wanted(subset: &Datum) -> Vec<(String, String)> {
    let labels = subset.at(&["labels"]).map_or(&[][..], Datum::entries);
    labels
        .iter()
        .filter_map(|entry| Some((entry.key.value.clone(), entry.value.text()?.value)))
        .collect()
}

/// What the workloads have instead, at one of them.
fn instead(wanted: &[(String, String)], workloads: &[&Workload<'_>]) -> Option<(Span, String)> {
    let (key, _) = wanted.first()?;
    workloads.iter().find_map(|workload| {
        let (_, value) = workload.labels.iter().find(|(own, _)| own == key)?;
        Some((
            workload.object.name.span,
            format!("{} has `{key}: {value}`", workload.shown()),
        ))
    })
}

fn known_values(wanted: &[(String, String)], workloads: &[&Workload<'_>]) -> Vec<String> {
    let Some((key, _)) = wanted.first() else {
        return Vec::new();
    };
    let labels = workloads.iter().flat_map(|workload| &workload.labels);
    let mut known: Vec<_> = labels
        .filter(|(own, _)| own == key)
        .map(|(key, value)| format!("`{key}: {value}`"))
        .collect();
    known.sort();
    known.dedup();
    known.truncate(4);
    known
}

fn first_line(span: Span, index: &Index<'_>) -> Span {
    let text = index
        .sources
        .get(span.file)
        .and_then(|source| source.text.get(span.start..span.end));
    let length = text
        .and_then(|text| text.lines().next())
        .map_or(0, |line| line.trim_end().len());
    Span {
        end: span.start + length,
        ..span
    }
}
