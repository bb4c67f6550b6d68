use super::gateway::{servers, services};
use super::index::{Index, NETWORKING};
use super::workload::Service;
use crate::diag::{Diagnostic, Sink, Span, code};

/// What says the network of an object.
const NETWORK: &str = "topology.istio.io/network";

/// istiod sends traffic for another network to Services that say which one they lead to, and have a port for it
/// (istio, pilot/pkg/serviceregistry/kube/controller/network.go, getGatewayDetails).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for gateway in index.kind(NETWORKING, "Gateway") {
        let between =
            servers(gateway).find_map(|server| server.mode().filter(|mode| mode.value == "AUTO_PASSTHROUGH"));
        let Some(mode) = between else { continue };
        for service in services(index, gateway) {
            if labelled(service) {
                continue;
            }
            let message = "the Service of a gateway between networks does not say which network it leads to";
            sink.push(
                Diagnostic::new(&code::GATEWAY_NETWORK, service.object.name.span, message)
                    .label(mode.span, "this leads between networks")
                    .help(format!(
                        "write the label `{NETWORK}: NAME` of its network into `metadata.labels`"
                    )),
            );
        }
    }
    for service in index.services().iter().filter(|service| labelled(service)) {
        if !leads(service) && is_gateway(service) {
            let message = "istiod takes no gateway for a network that has neither port 15443 nor 15008";
            sink.push(
                Diagnostic::new(&code::GATEWAY_NETWORK, service.object.name.span, message)
                    .label(label_place(service), "it says that it leads to this network")
                    .help("add port 15443 (`name: tls`), or say another with the label `networking.istio.io/gatewayPort`"),
            );
        }
    }
}

fn labelled(service: &Service<'_>) -> bool {
    service
        .object
        .text(&["metadata", "labels", NETWORK])
        .is_some_and(|network| !network.value.is_empty())
}

fn label_place(service: &Service<'_>) -> Span {
    let label = service.object.entry(&["metadata", "labels", NETWORK]);
    label.map_or(service.object.span, |entry| entry.key.span)
}

fn is_gateway(service: &Service<'_>) -> bool {
    service
        .selector
        .iter()
        .any(|(key, value)| key == "istio" && value.ends_with("gateway"))
}

fn leads(service: &Service<'_>) -> bool {
    service
        .ports
        .iter()
        .any(|port| [15443, 15008].contains(&port.number))
        || service
            .object
            .text(&["metadata", "labels", "networking.istio.io/gatewayPort"])
            .is_some()
}
