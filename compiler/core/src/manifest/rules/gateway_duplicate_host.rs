mod plain;

use std::collections::BTreeMap;

use super::gateway::{selector, servers};
use super::index::{Index, NETWORKING};
use super::workload::{is_subset, shown};
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::manifest::Object;

/// Where a host is served: address, port, host.
type Place = (String, String, String);

/// Of two servers with TLS on one port, one host is served by the first only (istio, pilot/pkg/model/gateway.go,
/// mergeGateways); older gateways come first. So it is with two servers for bytes, or of bytes and of requests.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    plain::check(index, sink);
    let mut seen: BTreeMap<Place, Vec<Served<'_>>> = BTreeMap::new();
    for gateway in index.kind(NETWORKING, "Gateway") {
        let pods = selector(gateway);
        for server in servers(gateway).filter(|server| !pods.is_empty() && server.is_tls()) {
            let Some(number) = server.number() else { continue };
            for host in server.hosts() {
                let place = (server.bind(), number.value.clone(), host.value.clone());
                let before = seen.entry(place).or_default();
                match before.iter().find(|other| share(&other.pods, &pods)) {
                    Some(first) => sink.push(found(
                        gateway,
                        host.span,
                        &host.value,
                        &number.value,
                        first,
                        index,
                    )),
                    None => before.push(Served {
                        gateway,
                        pods: pods.clone(),
                        span: host.span,
                    }),
                }
            }
        }
    }
}

/// Some pods serve both.
fn share(one: &[(String, String)], two: &[(String, String)]) -> bool {
    is_subset(one, two) || is_subset(two, one)
}

/// Something that a gateway serves.
struct Served<'a> {
    gateway: &'a Object,
    pods: Vec<(String, String)>,
    span: Span,
}

fn found(
    gateway: &Object,
    span: Span,
    host: &str,
    port: &str,
    first: &Served<'_>,
    index: &Index<'_>,
) -> Diagnostic {
    let other = first.gateway;
    let message = format!("the host `{host}` is served on port {port} already, and this server is skipped");
    let found = Diagnostic::new(&code::GATEWAY_DUPLICATE, span, message)
        .here("here again")
        .label(first.span, format!("first by the {}", shown(other)));
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
