use super::{Context, firewall_after_nat, san_mismatch_ip};
use crate::diag::{Diagnostic, Sink, Span, code};

/// Ports of istiod that a machine must not use, and what they are.
const WRONG: &[(u16, &str)] = &[
    (15010, "xDS in plaintext, where nobody proves who he is"),
    (15011, "gone since Istio 1.6"),
    (15014, "istiod's own metrics"),
    (15017, "the webhook of the API server"),
];

/// Machines speak with istiod at 15012, for configuration and for certificates.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for address in san_mismatch_ip::addresses(machine) {
            let (_, port) = san_mismatch_ip::parts(&address.value);
            look(port, address.span, sink);
        }
        if let Some(port) = machine.env("ISTIO_PILOT_PORT") {
            look(port.value.parse().ok(), port.span, sink);
        }
        for command in machine.commands() {
            for (port, span) in firewall_after_nat::opened(command) {
                look(
                    Some(port).filter(|port| [15010, 15011].contains(port)),
                    span,
                    sink,
                );
            }
        }
    }
}

fn look(port: Option<u16>, span: Span, sink: &mut Sink) {
    if let Some((port, what)) = WRONG.iter().find(|(wrong, _)| Some(*wrong) == port) {
        sink.push(
            Diagnostic::new(
                &code::PLAINTEXT_XDS,
                span,
                format!("port {port} is not for machines"),
            )
            .here(*what)
            .help("use 15012, for configuration and for certificates"),
        );
    }
}
