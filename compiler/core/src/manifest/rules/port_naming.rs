use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// Of a ServiceEntry the protocol of a port is what `protocol` says; its name says nothing (istio,
/// serviceentry/conversion.go, protocol.Parse).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for entry in index.kind(NETWORKING, "ServiceEntry") {
        for port in entry.items(&["spec", "ports"]) {
            let (Some(name), None) = (port.field_text("name"), port.field_text("protocol")) else {
                continue;
            };
            let said = name
                .value
                .split('-')
                .next()
                .unwrap_or_default()
                .to_ascii_uppercase();
            let message = format!(
                "the name `{}` does not say the protocol of a ServiceEntry's port",
                name.value
            );
            let found = Diagnostic::new(&code::PORT_NAMING, name.span, message)
                .here("without `protocol`, proxies guess from the first bytes");
            let known = [
                "HTTP", "HTTP2", "GRPC", "HTTPS", "TLS", "TCP", "MONGO", "MYSQL", "REDIS",
            ];
            sink.push(if known.contains(&said.as_str()) {
                found.help(format!("write `protocol: {said}` beside it"))
            } else {
                found.help("write `protocol: HTTP`, `HTTPS`, `TLS`, `TCP` or another beside it")
            });
        }
    }
}
