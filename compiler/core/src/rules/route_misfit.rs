use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Layer, route_demands, route_layers, route_ports};
use crate::spec::decl::{PortDecl, RouteDecl, Routed};

/// The protocol of a port decides what a route can ask and do: requests are not seen in bytes, names not without TLS.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for owner in context.spec.routed().filter(|owner| !owner.damaged) {
        for route in owner.routes {
            look(&owner, route, sink);
        }
    }
}

fn look(owner: &Routed<'_>, route: &RouteDecl, sink: &mut Sink) {
    let layers: BTreeSet<_> = route_ports(owner, route).map(Layer::of).collect();
    let Some(port) = route_ports(owner, route).next() else {
        return datagrams(owner, route, sink);
    };
    if !route_layers(owner, route).is_empty() {
        return;
    }
    let (number, protocol) = (port.number.value, &port.protocol.value);
    let demands = route_demands(route);
    let mut alone = false;
    for demand in demands
        .iter()
        .filter(|demand| !demand.layers.iter().any(|layer| layers.contains(layer)))
    {
        alone = true;
        let message = format!(
            "`{}` is nothing that port {number} has, which speaks {protocol}",
            demand.what
        );
        let found = Diagnostic::new(&code::ROUTE_MISFIT, demand.span, message).here(needs(demand.layers));
        sink.push(
            found
                .label(port.protocol.span, format!("{protocol} is said here"))
                .help(help(demand.what, demand.layers)),
        );
    }
    // Each fits some port, and no port fits all.
    if let (false, [first, .., last]) = (alone, demands.as_slice()) {
        let message = format!(
            "no port of `{}` has both `{}` and `{}`",
            owner.name.value, first.what, last.what
        );
        sink.push(
            Diagnostic::new(&code::ROUTE_MISFIT, last.span, message)
                .here(needs(last.layers))
                .label(first.span, needs(first.layers))
                .help("write a route for each port: `route port=…`"),
        );
    }
}

/// Of ports that nobody declares, another rule speaks.
fn datagrams(owner: &Routed<'_>, route: &RouteDecl, sink: &mut Sink) {
    let wanted = route.port.as_ref().map(|port| port.value);
    let meant = |port: &&PortDecl| wanted.is_none_or(|only| only == port.number.value);
    if let Some(port) = owner.ports.iter().find(meant) {
        let message = format!(
            "port {} has datagrams, which pass the proxies by",
            port.number.value
        );
        sink.push(
            Diagnostic::new(&code::ROUTE_MISFIT, route.span, message)
                .label(
                    port.protocol.span,
                    format!("{} is said here", port.protocol.value),
                )
                .help("leave the route out"),
        );
    }
}

fn needs(layers: &[Layer]) -> &'static str {
    match layers {
        [Layer::Http] => "this needs requests",
        [Layer::Tls] => "this needs TLS",
        _ => "this needs connections, not requests",
    }
}

fn help(what: &str, layers: &[Layer]) -> String {
    match layers {
        [Layer::Http] => format!("leave `{what}` out, or say `http` where the port speaks it"),
        [Layer::Tls] => format!("leave `{what}` out, or say `tls` where the port speaks it"),
        _ => format!("leave `{what}` out: what requests are for is told by their host"),
    }
}
