use super::gateway::servers;
use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// A server for TLS says how (istio, pkg/config/validation, validateServer).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for server in index.kind(NETWORKING, "Gateway").flat_map(servers) {
        let Some(protocol) = server.protocol() else {
            continue;
        };
        let tls = ["HTTPS", "TLS"].contains(&protocol.value.to_ascii_uppercase().as_str());
        if tls && server.datum.entry("tls").is_none() {
            let message = format!(
                "a server for {} says nothing of TLS, and istiod refuses it",
                protocol.value
            );
            sink.push(
                Diagnostic::new(&code::GATEWAY_NO_TLS, protocol.span, message)
                    .help("write `tls`: {mode: SIMPLE, credentialName: …}, or {mode: PASSTHROUGH}"),
            );
        }
    }
}
