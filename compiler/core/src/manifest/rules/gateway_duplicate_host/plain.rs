use std::collections::BTreeMap;

use super::super::gateway::{selector, servers};
use super::super::index::{Index, NETWORKING};
use super::super::workload::shown;
use super::{Served, share};
use crate::diag::{Diagnostic, Sink, code};

/// Without TLS a port has one server for bytes, or any number for requests.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let mut seen: BTreeMap<(String, String), Vec<(bool, Served<'_>)>> = BTreeMap::new();
    for gateway in index.kind(NETWORKING, "Gateway") {
        let pods = selector(gateway);
        for server in servers(gateway).filter(|server| !pods.is_empty() && !server.is_tls()) {
            let (Some(number), Some(protocol)) = (server.number(), server.protocol()) else {
                continue;
            };
            let Some(requests) = takes_requests(&protocol.value) else {
                continue;
            };
            let before = seen.entry((server.bind(), number.value.clone())).or_default();
            let clashes =
                |(other, served): &&(bool, Served<'_>)| !(*other && requests) && share(&served.pods, &pods);
            if let Some((_, first)) = before.iter().find(clashes) {
                let message = format!(
                    "port {} is served already, and not for {}: this server is skipped",
                    number.value, protocol.value
                );
                sink.push(
                    Diagnostic::new(&code::GATEWAY_DUPLICATE, protocol.span, message)
                        .here(format!("{} here", protocol.value))
                        .label(first.span, format!("first by the {}", shown(first.gateway)))
                        .help("take another port for one of them"),
                );
            } else if !before
                .iter()
                .any(|(other, served)| *other == requests && served.pods == pods)
            {
                let span = protocol.span;
                before.push((
                    requests,
                    Served {
                        gateway,
                        pods: pods.clone(),
                        span,
                    },
                ));
            }
        }
    }
}

/// Whether a server of this protocol takes requests or bytes; nothing for one that should have TLS.
fn takes_requests(protocol: &str) -> Option<bool> {
    match protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" => Some(true),
        "TCP" | "MONGO" | "MYSQL" | "REDIS" => Some(false),
        _ => None,
    }
}
