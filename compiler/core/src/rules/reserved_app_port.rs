use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// What the mesh itself listens on, on every VM and in every pod (Istio `istioReservedPorts` and the agent's).
const RESERVED: &[(u16, &str)] = &[
    (15000, "the admin port"),
    (15001, "outbound traffic"),
    (15004, "debugging"),
    (15006, "inbound traffic"),
    (15008, "HBONE tunnels"),
    (15020, "merged metrics"),
    (15021, "health checks"),
    (15053, "DNS"),
    (15090, "Prometheus"),
];

/// Ports that the mesh itself listens on, and what for.
pub(crate) fn reserved_ports() -> impl Iterator<Item = (u16, &'static str)> {
    RESERVED.iter().copied()
}

/// Applications keep off the mesh's ports.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        for port in &service.ports {
            look(&port.number, sink);
            port.target.iter().for_each(|target| look(target, sink));
        }
    }
    for (_, _, vms) in context.spec.groups() {
        vms.ports.iter().for_each(|port| look(&port.number, sink));
        let health = vms
            .health
            .iter()
            .flat_map(|health| health.http.iter().chain(&health.tcp));
        health.for_each(|port| look(port, sink));
    }
}

fn look(port: &Spanned<u16>, sink: &mut Sink) {
    if let Some((number, purpose)) = RESERVED.iter().find(|(number, _)| *number == port.value) {
        let ports: Vec<_> = RESERVED.iter().map(|(number, _)| number.to_string()).collect();
        sink.push(
            Diagnostic::new(
                &code::RESERVED_PORT,
                port.span,
                format!("port {number} belongs to the mesh"),
            )
            .here(format!("used for {purpose}"))
            .help(format!(
                "let the application listen on another port than {}",
                ports.join(", ")
            )),
        );
    }
}
