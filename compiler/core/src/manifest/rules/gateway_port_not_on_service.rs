use super::gateway::{servers, services};
use super::index::{Index, NETWORKING};
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, code};

/// Nobody outside reaches a port that the Service of the gateway does not list.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for gateway in index.kind(NETWORKING, "Gateway") {
        let services = services(index, gateway);
        let Some(first) = services.first() else { continue };
        for number in servers(gateway).filter_map(|server| server.number()) {
            let lists = services
                .iter()
                .flat_map(|service| &service.ports)
                .any(|port| port.number.to_string() == number.value || port.target.value == number.value);
            // A port by name may be any.
            let named = services.iter().flat_map(|service| &service.ports);
            let unsure = named
                .clone()
                .any(|port| port.target.value.parse::<u16>().is_err());
            if lists || unsure {
                continue;
            }
            let message = format!(
                "the {} of this gateway has no port {}",
                shown(first.object),
                number.value
            );
            sink.push(
                Diagnostic::new(&code::GATEWAY_PORT_UNLISTED, number.span, message)
                    .label(first.object.name.span, format!("it has {}", first.shown_ports()))
                    .help("add the port to the Service, or take the server out"),
            );
        }
    }
}
