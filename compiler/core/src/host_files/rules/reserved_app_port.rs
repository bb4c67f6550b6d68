use super::Context;
use super::capture::{Inbound, inbound};
use crate::diag::{Diagnostic, Sink, Spanned, code};
use crate::rules::reserved_ports;

/// Applications keep off the mesh's ports.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        for (_, mesh) in machine.meshes() {
            for probe in ["httpGet", "tcpSocket", "grpc"] {
                let port = mesh.at(&["defaultConfig", "readinessProbe", probe, "port"]);
                port.and_then(|port| port.text())
                    .iter()
                    .for_each(|port| look(port, sink));
            }
        }
        if let Inbound::Only { ports, .. } = inbound(machine) {
            ports.iter().for_each(|port| look(port, sink));
        }
    }
}

fn look(port: &Spanned<String>, sink: &mut Sink) {
    let number = port.value.parse::<u16>().ok();
    let reserved = reserved_ports().find(|(reserved, _)| Some(*reserved) == number);
    if let Some((number, purpose)) = reserved {
        sink.push(
            Diagnostic::new(
                &code::RESERVED_PORT,
                port.span,
                format!("port {number} belongs to the mesh"),
            )
            .here(format!("used for {purpose}"))
            .help("name a port of the application, and let it listen on none of the mesh's"),
        );
    }
}
