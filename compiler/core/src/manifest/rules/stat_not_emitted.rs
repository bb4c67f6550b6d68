use super::index::{Index, MONITORING};
use super::mesh_config;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::syntax::Datum;

/// Beginnings of metrics of Envoy that a proxy keeps only if it is told to (istio, `pkg/bootstrap/config.go`), and those
/// of them that it always keeps.
const OFF: &[&str] = &["envoy_cluster_", "envoy_listener_", "envoy_http_downstream_"];
const ON: &[&str] = &["envoy_cluster_manager_", "envoy_listener_manager_"];

/// What makes a proxy keep more.
const KEEP: &[&str] = &["proxyStatsMatcher", "sidecar.istio.io/statsInclusion"];

/// A proxy keeps the metric `name` only if it is told to.
pub(crate) fn is_off(name: &str) -> bool {
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    begins(OFF) && !begins(ON)
}

/// Alerts ask for metrics that there are. Other programs have an Envoy within, too: what is asked where no Istio is
/// may be theirs.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    if !index.all().any(|object| object.group().ends_with(".istio.io")) || kept(index) {
        return;
    }
    for alerts in index.kind(MONITORING, "PrometheusRule") {
        let groups = alerts.items(&["spec", "groups"]).iter();
        let rules = groups
            .filter_map(|group| group.at(&["rules"]))
            .flat_map(Datum::items);
        for expression in rules.filter_map(|rule| rule.at(&["expr"])) {
            for (name, span) in metrics(index, expression.span) {
                sink.push(
                    Diagnostic::new(&code::STAT_MISSING, span, format!("proxies do not keep `{name}`"))
                        .here("this finds nothing")
                        .label(alerts.name.span, "these never fire")
                        .help(
                            "ask for it: `meshConfig.defaultConfig.proxyStatsMatcher.inclusionRegexps`; or use the \
                             metrics `istio_…`",
                        ),
                );
            }
        }
    }
}

/// Some proxy is told to keep more: by the mesh, or by what stands on its pods.
fn kept(index: &Index<'_>) -> bool {
    if mesh_config::at(index, &["defaultConfig", "proxyStatsMatcher"]).is_some() {
        return true;
    }
    let says = |text: &str| KEEP.iter().any(|keep| text.contains(keep));
    if mesh_config::in_config_map(index).any(|(text, _)| says(text)) {
        return true;
    }
    let paths: [&[&str]; 2] = [
        &["metadata", "annotations"],
        &["spec", "template", "metadata", "annotations"],
    ];
    index.all().any(|object| {
        let annotations = paths.iter().flat_map(|path| object.labels_at(path));
        annotations
            .into_iter()
            .any(|(key, value)| says(&key) || says(&value))
    })
}

/// The metrics in a query that are not kept, with their places.
fn metrics<'a>(index: &Index<'a>, span: Span) -> Vec<(&'a str, Span)> {
    let text = mesh_config::text_at(index.sources, span).unwrap_or_default();
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mut found = Vec::new();
    let mut at = span.start;
    for word in text.split(ends) {
        if is_off(word) {
            let end = at + word.len();
            found.push((
                word,
                Span {
                    start: at,
                    end,
                    ..span
                },
            ));
        }
        let behind = text.get(at - span.start + word.len()..);
        let next = behind.and_then(|rest| rest.chars().next());
        at += word.len() + next.map_or(0, char::len_utf8);
    }
    found
}
