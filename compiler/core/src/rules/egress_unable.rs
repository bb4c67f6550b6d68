use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Kind, Resolution};
use crate::spec::decl::{ExitDecl, ExternalDecl};

/// A gateway sends on what it can find and what proxies carry.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, external) in context.spec.externals().filter(|(_, external)| !external.damaged) {
        let Some(egress) = &external.egress else { continue };
        let service = context.mesh.service(&namespace.name.value, &external.name.value);
        let resolution = service.map(|service| &service.kind);
        if let Some(Kind::External {
            resolution: Resolution::None,
            ..
        }) = resolution
        {
            sink.push(nowhere(external, egress));
        }
        datagrams(external, egress, sink);
    }
}

fn nowhere(external: &ExternalDecl, egress: &ExitDecl) -> Diagnostic {
    let place = external
        .resolution
        .as_ref()
        .map_or(external.host.span, |said| said.span);
    let message = "the gateway would not know where to send this: the address dialled is its own";
    Diagnostic::new(&code::EGRESS_UNABLE, place, message)
        .here("nothing says where it is")
        .label(egress.span, "leaves by a gateway")
        .help("write `endpoint` with an address or a name that serves all of it, or name single hosts")
}

fn datagrams(external: &ExternalDecl, egress: &ExitDecl, sink: &mut Sink) {
    for port in external.ports.iter().filter(|port| port.protocol.value == "udp") {
        let message = format!(
            "port {} would not leave by the gateway: Istio does not carry UDP",
            port.number.value
        );
        sink.push(
            Diagnostic::new(&code::EGRESS_UNABLE, port.protocol.span, message)
                .here("callers reach it directly")
                .label(egress.span, "leaves by a gateway")
                .help("declare this port in an `external` of its own, without `egress`"),
        );
    }
}
