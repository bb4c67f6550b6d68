use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::protocol_of;
use crate::spec::decl::{HashKeyDecl, PortDecl, TrafficDecl};

/// Of connections without requests, Envoy reads idle time, age and the key of a hash from the whole service (Istio
/// `buildOutboundNetworkFiltersWithSingleDestination`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    let inside = context.spec.services();
    let inside = inside.map(|(_, service)| (&service.traffic, service.ports.as_slice()));
    let outside = context.spec.externals();
    let outside = outside.map(|(_, external)| (&external.traffic, external.ports.as_slice()));
    for (whole, ports) in inside.chain(outside) {
        let bytes = |port: &&PortDecl| !protocol_of(&port.protocol.value).is_http();
        for port in ports.iter().filter(bytes) {
            for (what, span) in unread(whole, &port.traffic) {
                let message = format!("pods do not keep {what} of port {}", port.number.value);
                let found = Diagnostic::new(&code::PORT_UNREAD, span, message)
                    .label(port.protocol.span, "connections without requests")
                    .help("write it for the whole service, or make the port a service of its own")
                    .note("Istio reads it from the service alone; VMs with meshd keep it");
                once.push(found, sink);
            }
        }
    }
}

/// What a port says otherwise than its service.
fn unread(whole: &TrafficDecl, port: &TrafficDecl) -> Vec<(&'static str, Span)> {
    let mut all = Vec::new();
    if let Some(own) = &port.limits {
        let of_service = whole.limits.as_ref().map(|limits| &limits.limits);
        let idle = of_service.and_then(|limits| limits.idle_timeout);
        let age = of_service.and_then(|limits| limits.connection_age);
        if own.limits.idle_timeout.is_some() && own.limits.idle_timeout != idle {
            all.push(("`idle-timeout`", own.span));
        }
        if own.limits.connection_age.is_some() && own.limits.connection_age != age {
            all.push(("`connection-age`", own.span));
        }
    }
    if let Some(key) = source_ip(port).filter(|_| source_ip(whole).is_none()) {
        all.push(("`balance hash { source-ip }`", key));
    }
    all
}

fn source_ip(traffic: &TrafficDecl) -> Option<Span> {
    let keys = traffic.balance.iter().flat_map(|balance| &balance.keys);
    let mut by_address = keys.filter(|key| key.value == HashKeyDecl::SourceIp);
    by_address.next().map(|key| key.span)
}
