use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// What a gateway's proxy and Service have besides (Istio `samples/multicluster/gen-eastwest-gateway.sh` and
/// Envoy's bootstrap).
const RESERVED: &[(u16, &str)] = &[
    (15000, "its admin port"),
    (15012, "the way to istiod"),
    (15017, "the way to istiod's webhook"),
    (15021, "its health checks"),
    (15090, "Prometheus"),
];

/// The port of mutual TLS between networks is not one that the gateway needs otherwise.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for gateway in context.spec.clusters.iter().flat_map(|cluster| &cluster.gateways) {
        let Some(port) = &gateway.port else { continue };
        if let Some((number, purpose)) = RESERVED.iter().find(|(number, _)| *number == port.value) {
            sink.push(
                Diagnostic::new(
                    &code::GATEWAY_PORT,
                    port.span,
                    format!("port {number} of a gateway is {purpose}"),
                )
                .help("leave `port=` out: between networks 15443 is used"),
            );
        }
    }
}
