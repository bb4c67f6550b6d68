use super::index::Index;
use crate::diag::{Diagnostic, Fix, Sink, code};

const INJECTION: &str = "istio-injection";
const REVISION: &str = "istio.io/rev";
const MODE: &str = "istio.io/dataplane-mode";

/// One label of a namespace says which istiod injects its proxies into it, with a value that istiod knows.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for namespace in index.kind("", "Namespace") {
        let label = |key: &str| namespace.entry(&["metadata", "labels", key]);
        let Some(injection) = label(INJECTION) else {
            continue;
        };
        let Some(value) = injection.value.text() else {
            continue;
        };
        if !["enabled", "disabled", ""].contains(&value.value.as_str()) {
            let message = format!(
                "`{INJECTION}: {}` says nothing: no proxy is injected for it",
                value.value
            );
            let on = ["true", "enable", "yes", "on", "1"].contains(&value.value.to_lowercase().as_str());
            let meant = if on { "enabled" } else { "disabled" };
            let found = Diagnostic::new(&code::INJECTION_LABELS, value.span, message)
                .help("write `enabled` or `disabled`");
            sink.push(found.fix(on.then(|| Fix::rename(value.span, &value.value, meant).offered())));
            continue;
        }
        if let Some(revision) = label(REVISION) {
            let message = format!(
                "`{INJECTION}` and `{REVISION}` are both there: the first one wins, and the second says nothing"
            );
            sink.push(
                Diagnostic::new(&code::INJECTION_LABELS, revision.key.span, message)
                    .label(injection.key.span, "this one holds")
                    .help(format!("leave `{INJECTION}` out to be injected by the istiod of this revision, or leave this out")),
            );
        }
        let ambient =
            label(MODE).filter(|mode| mode.value.text().is_some_and(|mode| mode.value == "ambient"));
        if let (Some(mode), "enabled") = (ambient, value.value.as_str()) {
            let message = "the namespace is in ambient mode, and gets sidecars as well: pods with a sidecar are not in ambient mode";
            sink.push(
                Diagnostic::new(&code::INJECTION_LABELS, mode.key.span, message)
                    .label(injection.key.span, "sidecars are injected because of this")
                    .help(format!("keep `{INJECTION}` or `{MODE}`")),
            );
        }
    }
}
