use super::index::{Index, MONITORING, SECURITY};
use super::monitor::monitored;
use super::workload::{Workload, is_subset};
use crate::diag::{Diagnostic, Sink, code};
use crate::syntax::Datum;

/// A port that takes mutual TLS only refuses a Prometheus that has no certificate of the mesh.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for monitor in index.kind(MONITORING, "ServiceMonitor") {
        for endpoint in monitor.items(&["spec", "endpoints"]) {
            let plain = endpoint
                .field_text("scheme")
                .is_none_or(|scheme| scheme.value == "http");
            if plain && endpoint.entry("tlsConfig").is_none() {
                look(endpoint, monitor, index, sink);
            }
        }
    }
}

fn look(endpoint: &Datum, monitor: &crate::manifest::Object, index: &Index<'_>, sink: &mut Sink) {
    let Some(port) = endpoint
        .field_text("port")
        .or_else(|| endpoint.field_text("targetPort"))
    else {
        return;
    };
    for service in monitored(index, monitor) {
        for workload in index.selected(service) {
            let listed = service
                .ports
                .iter()
                .find(|own| own.name.as_deref() == Some(port.value.as_str()));
            let number = listed.map(|own| own.target.value.clone()).or_else(|| {
                let ports = workload.ports();
                ports
                    .into_iter()
                    .find(|(name, _)| name.value == port.value)
                    .map(|(_, number)| number.value)
            });
            // Which port it is, is not known: another rule tells that.
            let Some(number) = number.filter(|number| !["15020", "15090"].contains(&number.as_str())) else {
                continue;
            };
            let namespace = workload.object.namespace();
            let Some(mode) = index
                .strict(namespace, &workload.labels)
                .filter(|_| !is_open(index, workload, &number))
            else {
                continue;
            };
            let message =
                format!("Prometheus comes in plaintext to port {number}, which takes mutual TLS only");
            sink.push(
                Diagnostic::new(&code::SCRAPE_STRICT, port.span, message)
                    .label(mode.span, "said here")
                    .help("scrape port 15020, where the agent answers for the application; or give Prometheus a certificate with `tlsConfig`"),
            );
            return;
        }
    }
}

/// The port has a mode of its own.
fn is_open(index: &Index<'_>, workload: &Workload<'_>, port: &str) -> bool {
    let mut policies = index.kind(SECURITY, "PeerAuthentication").filter(|policy| {
        let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
        policy.namespace() == workload.object.namespace()
            && !selector.is_empty()
            && is_subset(&selector, &workload.labels)
    });
    policies.any(|policy| {
        policy
            .text(&["spec", "portLevelMtls", port, "mode"])
            .is_some_and(|mode| mode.value != "STRICT")
    })
}
