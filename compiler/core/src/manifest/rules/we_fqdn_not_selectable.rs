use super::index::Index;
use super::workload::{Form, shown};
use crate::diag::{Diagnostic, Sink, code};

/// Services of Kubernetes take machines with an address only (istio, serviceentry/conversion.go).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for entry in index
        .workloads()
        .iter()
        .filter(|workload| workload.form == Form::Entry)
    {
        let Some(address) = entry.text("address") else {
            continue;
        };
        if address.value.parse::<std::net::IpAddr>().is_ok() {
            continue;
        }
        let Some(service) = index.selecting(entry).into_iter().next() else {
            continue;
        };
        let message = format!(
            "`{}` is no IP address: the {} does not take it as an endpoint",
            address.value,
            shown(service.object)
        );
        sink.push(
            Diagnostic::new(&code::ENTRY_UNSELECTABLE, address.span, message)
                .label(service.object.name.span, "its selector finds the entry")
                .help("write the address of the machine, or let a ServiceEntry with `resolution: DNS` select it"),
        );
    }
}
