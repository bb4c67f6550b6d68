use std::collections::BTreeSet;

use super::super::gateway::servers;
use super::super::index::{Index, NETWORKING};
use super::super::routes::destinations;
use super::super::workload::{Service, shown};
use crate::diag::{Diagnostic, Sink, code};
use crate::manifest::Object;
use crate::syntax::Datum;

/// A destination that says no port means the port on which the caller came, unless the service has one alone (istio,
/// pilot/pkg/networking/core/route, GetDestinationCluster).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for route in index.kind(NETWORKING, "VirtualService") {
        for destination in destinations(route) {
            let Some(host) = destination
                .field_text("host")
                .filter(|_| destination.entry("port").is_none())
            else {
                continue;
            };
            let Some(service) = index.service(&host.value, route.namespace()) else {
                continue;
            };
            if service.ports.len() < 2 {
                continue;
            }
            let callers = callers(route, index);
            let lacks = |port: &&String| !service.ports.iter().any(|own| own.number.to_string() == **port);
            let known = callers.as_ref().map(|callers| callers.iter().find(lacks));
            let message = match known {
                Some(None) => continue,
                Some(Some(port)) => format!(
                    "the {} has several ports, and callers come on port {port}, which is none of them",
                    shown(service.object)
                ),
                None => format!(
                    "the {} has several ports, and the route names none",
                    shown(service.object)
                ),
            };
            let found = Diagnostic::new(&code::PORT_UNDECLARED, host.span, message)
                .label(
                    service.object.name.span,
                    format!("it has {}", service.shown_ports()),
                )
                .help("write `port: {number: …}` beside the host");
            sink.push(if known.is_some() { found } else { found.warning() });
        }
    }
}

/// The ports on which its callers come: those of its hosts and of its gateways, if all are here.
fn callers(route: &Object, index: &Index<'_>) -> Option<BTreeSet<String>> {
    let texts = |key: &str| route.items(&["spec", key]).iter().filter_map(Datum::text);
    let mut ports = BTreeSet::new();
    let mut in_mesh = true;
    for (at, name) in texts("gateways").enumerate() {
        in_mesh = (at > 0 && in_mesh) || name.value == "mesh";
        if name.value == "mesh" {
            continue;
        }
        let gateway = index.gateway(&name.value, route)?;
        ports.extend(
            servers(gateway)
                .filter_map(|server| server.number())
                .map(|number| number.value),
        );
    }
    if in_mesh {
        for host in texts("hosts") {
            let service: &Service<'_> = index.service(&host.value, route.namespace())?;
            ports.extend(service.ports.iter().map(|port| port.number.to_string()));
        }
    }
    (!ports.is_empty()).then_some(ports)
}
