use super::gateway::servers;
use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// What the proxy of a gateway listens on by itself (istio, tools/packaging/common/envoy_bootstrap.json).
const TAKEN: &[(&str, &str)] = &[
    ("15000", "administration"),
    ("15020", "metrics and health"),
    ("15021", "health checks"),
    ("15090", "its metrics"),
];

/// A server's port is none that the proxy has taken.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for gateway in index.kind(NETWORKING, "Gateway") {
        for number in servers(gateway).filter_map(|server| server.number()) {
            let Some((_, what)) = TAKEN.iter().find(|(port, _)| *port == number.value) else {
                continue;
            };
            let message = format!("port {} of a gateway is its own: it is for {what}", number.value);
            sink.push(Diagnostic::new(&code::GATEWAY_PORT, number.span, message).help(
                "take the server out: the Service of the gateway lists the port, and the proxy answers there by itself",
            ));
        }
    }
}
