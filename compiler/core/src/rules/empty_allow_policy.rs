use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::model::{Allow, Port};

/// With one rule everything else is refused: a port that no rule is about is closed to all.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (namespace, decl) in context.spec.services().filter(|(_, service)| !service.damaged) {
        let Some(service) = context.mesh.service(&namespace.name.value, &decl.name.value) else {
            continue;
        };
        let Some(first) = service.allow.first() else {
            continue;
        };
        let http = service.ports.iter().any(|port| port.protocol.is_http());
        let open = |port: &Port| service.allow.iter().any(|rule| covers(rule, port, http));
        for port in service.ports.iter().filter(|port| !open(port)) {
            sink.push(
                Diagnostic::new(
                    &code::PORT_NOBODY,
                    port.span,
                    format!("nobody may call port {} of `{}`", port.number, service.name),
                )
                .label(first.span, "rules close what they do not open")
                .help(format!(
                    "write `allow from=… ports={}`, or leave the port out",
                    port.target
                )),
            );
        }
    }
}

fn covers(rule: &Allow, port: &Port, http: bool) -> bool {
    let requests = !rule.methods.is_empty() || !rule.paths.is_empty();
    let named = rule.ports.contains(&port.target);
    // On bytes, a condition on requests is a mistake of its own where it can only be meant for them.
    (rule.ports.is_empty() || named) && (port.protocol.is_http() || !requests || named || !http)
}
