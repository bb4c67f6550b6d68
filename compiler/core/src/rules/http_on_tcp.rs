use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::spec::decl::{AllowDecl, PortDecl, ServiceDecl};

/// Methods and paths are asked of ports that know them: on bytes such a rule never matches.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services().filter(|(_, service)| !service.damaged) {
        service.allow.iter().for_each(|allow| look(allow, service, sink));
    }
}

fn look(allow: &AllowDecl, service: &ServiceDecl, sink: &mut Sink) {
    let conditions = [("methods", &allow.methods), ("paths", &allow.paths)];
    let condition = conditions
        .into_iter()
        .find_map(|(name, list)| list.as_ref().map(|list| (name, list.span)));
    let Some((name, span)) = condition else { return };
    let meant = |port: &&PortDecl| {
        allow
            .ports
            .as_ref()
            .is_none_or(|ports| ports.value.contains(&port.target().value))
    };
    let ports: Vec<_> = service.ports.iter().filter(meant).collect();
    let bytes: Vec<_> = ports.iter().filter(|port| !is_http(&port.protocol)).collect();
    // Without `ports=`, a rule with conditions is for the ports that know requests.
    let wrong = if allow.ports.is_some() {
        !bytes.is_empty()
    } else {
        bytes.len() == ports.len()
    };
    let Some(port) = bytes.first().filter(|_| wrong) else {
        return;
    };
    let message = format!(
        "`{name}=` never matches on port {}, which speaks {}",
        port.number.value, port.protocol.value
    );
    sink.push(
        Diagnostic::new(&code::HTTP_ON_TCP, span, message)
            .here("a condition on requests")
            .label(port.protocol.span, "no requests are seen here")
            .help(format!(
                "leave `{name}=` out, or say `http` where the port speaks it"
            ))
            .note("Istio lets such a rule match nothing: the caller is refused"),
    );
}

fn is_http(protocol: &Spanned<String>) -> bool {
    matches!(protocol.value.as_str(), "http" | "http2" | "grpc")
}
