use std::collections::BTreeMap;

use super::gateway::{selector, servers};
use super::index::{Index, NETWORKING};
use super::workload::shown;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;

/// Where a host is served: pods, address, port, host.
type Place = (Vec<(String, String)>, String, String, String);

/// Of two servers with TLS on one port, one host is served by the first only (istio, pilot/pkg/model/gateway.go,
/// mergeGateways); older gateways come first.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<Place, (&Object, Span)> = BTreeMap::new();
    for gateway in index.kind(NETWORKING, "Gateway") {
        let mut pods = selector(gateway);
        pods.sort();
        for server in servers(gateway).filter(|server| !pods.is_empty() && server.is_tls()) {
            let Some(number) = server.number() else { continue };
            let bind = server
                .datum
                .field_text("bind")
                .map_or_else(String::new, |bind| bind.value);
            for host in server.hosts() {
                let place = (
                    pods.clone(),
                    bind.clone(),
                    number.value.clone(),
                    host.value.clone(),
                );
                match seen.get(&place) {
                    Some((other, before)) => {
                        sink.push(found(
                            gateway,
                            host.span,
                            &host.value,
                            &number.value,
                            (other, *before),
                            index,
                        ));
                    }
                    None => {
                        seen.insert(place, (gateway, host.span));
                    }
                }
            }
        }
    }
}

fn found(
    gateway: &Object,
    span: Span,
    host: &str,
    port: &str,
    first: (&Object, Span),
    index: &Index<'_>,
) -> Diagnostic {
    let (other, before) = first;
    let message = format!("the host `{host}` is served on port {port} already, and this server is skipped");
    let found = Diagnostic::new(&code::GATEWAY_DUPLICATE, span, message)
        .here("here again")
        .label(before, format!("first by the {}", shown(other)));
    let bound = index.kind(NETWORKING, "VirtualService").find_map(|service| {
        let gateways = service.items(&["spec", "gateways"]);
        let named = gateways.iter().filter_map(crate::syntax::Datum::text);
        let mut named =
            named.filter(|name| name.value.rsplit('/').next() == Some(gateway.name.value.as_str()));
        named.next().map(|name| (service, name.span))
    });
    match bound {
        Some((service, span)) if !std::ptr::eq(gateway, other) => found
            .label(
                span,
                format!("the {} binds to the one that is skipped", shown(service)),
            )
            .help(format!(
                "take the server out of one of them: out of `{}`, which no route needs",
                other.name.value
            )),
        _ => found.help("take the host out of one of them"),
    }
}
