use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Mutual TLS of a port is said of the port that the workload listens on, not of the one that callers dial.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services().filter(|(_, service)| !service.damaged) {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        let listens = |port: u16| {
            service.ports.iter().any(|own| own.target == port)
                || service
                    .groups
                    .iter()
                    .any(|group| group.ports.values().any(|own| *own == port))
        };
        for port in decl.mtls.iter().filter_map(|mtls| mtls.port.as_ref()) {
            let dialled = service.ports.iter().find(|own| own.number == port.value);
            let Some(own) = dialled.filter(|_| !listens(port.value)) else {
                continue;
            };
            let message = format!(
                "`mtls` names port {}, which callers dial; the workload listens on {}",
                port.value, own.target
            );
            sink.push(
                Diagnostic::new(&code::PORTLEVEL_SELECTOR, port.span, message)
                    .label(own.span, "it leads to another port of the workload")
                    .help(format!("write `port={}`", own.target))
                    .note("Istio looks for the workload's port, and would leave the mode as it is"),
            );
        }
    }
}
