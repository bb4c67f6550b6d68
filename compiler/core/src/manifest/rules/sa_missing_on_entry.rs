use super::index::Index;
use super::workload::{Form, shown};
use crate::diag::{Diagnostic, Sink, code};

/// Without an account istiod takes a machine for one without a proxy: it is called in plaintext, and not at all from
/// other networks (istio, serviceentry/conversion.go, getTLSModeFromWorkloadEntry; xds/endpoints/ep_filters.go).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    const MODE: &str = "security.istio.io/tlsMode";
    for entry in index
        .workloads()
        .iter()
        .filter(|workload| workload.form == Form::Entry)
    {
        let said = entry.labels.iter().any(|(key, _)| key == MODE);
        if said || entry.text("serviceAccount").is_some() {
            continue;
        }
        let strict = index.strict(entry.object.namespace(), &entry.labels);
        let network = entry.text("network");
        let (message, label) = match (&strict, &network) {
            (Some(mode), _) => (
                "without `serviceAccount` it is called in plaintext, which it refuses",
                (mode.span, "mutual TLS only"),
            ),
            (None, Some(network)) => (
                "without `serviceAccount` nobody calls it from another network",
                (network.span, "it is of this network"),
            ),
            _ => continue,
        };
        sink.push(
            Diagnostic::new(
                &code::ACCOUNT_MISSING,
                entry.object.name.span,
                format!("{}: {message}", shown(entry.object)),
            )
            .label(label.0, label.1)
            .help("write `spec.serviceAccount`, the account that the machine runs as"),
        );
    }
}
