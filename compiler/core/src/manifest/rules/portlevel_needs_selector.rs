use super::index::{Index, SECURITY};
use super::workload::{is_subset, shown};
use crate::diag::{Diagnostic, Sink, code};
use crate::syntax::Datum;

/// `portLevelMtls` counts ports of the workload, not those of a Service before it.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for policy in index.kind(SECURITY, "PeerAuthentication") {
        let selector = policy.labels_at(&["spec", "selector", "matchLabels"]);
        if selector.is_empty() || policy.at(&["spec", "portLevelMtls"]).is_none() {
            continue;
        }
        let services: Vec<_> = index
            .services()
            .iter()
            .filter(|service| {
                service.object.namespace() == policy.namespace()
                    && !service.selector.is_empty()
                    && is_subset(&selector, &service.selector)
            })
            .collect();
        for entry in policy
            .at(&["spec", "portLevelMtls"])
            .map_or(&[][..], Datum::entries)
        {
            let ports = services
                .iter()
                .flat_map(|service| service.ports.iter().map(move |port| (service, port)));
            let of_service = ports
                .clone()
                .find(|(_, port)| port.number.to_string() == entry.key.value);
            let of_workload = ports
                .clone()
                .any(|(_, port)| port.target.value == entry.key.value);
            let Some((service, port)) = of_service.filter(|_| !of_workload) else {
                continue;
            };
            // A name is looked up in pods that may be elsewhere.
            if port.target.value.parse::<u16>().is_err() {
                continue;
            }
            let message = format!(
                "{} is the port of the {}; the workload listens on {}",
                entry.key.value,
                shown(service.object),
                port.target.value
            );
            sink.push(
                Diagnostic::new(&code::PORTLEVEL_SELECTOR, entry.key.span, message)
                    .label(port.target.span, "it leads here")
                    .help(format!("write `{}:`", port.target.value)),
            );
        }
    }
}
