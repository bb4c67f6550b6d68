use super::gateway::{self, servers};
use super::index::{Index, NETWORKING};
use super::workload::Form;
use crate::diag::{Diagnostic, Sink, code};

/// Machines of a network of their own reach istiod through a gateway: they need the way to the services as well.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let machines = index
        .workloads()
        .iter()
        .filter(|workload| workload.form != Form::Pods);
    let Some(network) = machines.filter_map(|machine| machine.text("network")).next() else {
        return;
    };
    let gateways: Vec<_> = index.kind(NETWORKING, "Gateway").collect();
    let passes = |object: &&crate::manifest::Object| {
        servers(object).any(|server| server.mode().is_some_and(|mode| mode.value == "AUTO_PASSTHROUGH"))
    };
    if gateways.iter().any(passes) || gateway::of_ambient(index) {
        return;
    }
    let exposes = gateways.iter().find_map(|object| {
        let server =
            servers(object).find(|server| server.number().is_some_and(|port| port.value == "15012"))?;
        Some((*object, server.number()?))
    });
    let Some((object, port)) = exposes else { return };
    let message = "istiod is reached through this gateway, and no service is: nothing serves port 15443";
    sink.push(
        Diagnostic::new(&code::GATEWAY_15443, port.span, message)
            .here(format!(
                "the gateway `{}` leads to istiod only",
                object.name.value
            ))
            .label(network.span, format!("machines of `{}` need it", network.value))
            .help(
                "add a server: port {number: 15443, name: tls, protocol: TLS}, tls {mode: AUTO_PASSTHROUGH}, \
                 hosts [\"*.local\"]",
            ),
    );
}
