use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// What Istio's agent and its proxy listen on (istio, pilot/cmd/pilot-agent/status/server.go).
const RESERVED: &[&str] = &[
    "15000", "15001", "15004", "15006", "15008", "15020", "15021", "15053", "15090",
];

/// An application on a machine has none of the agent's ports.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for workload in index.workloads().iter().filter(|workload| workload.is_machine()) {
        for (_, port) in workload.ports() {
            tell(&port, "the application cannot listen there", sink);
        }
    }
    for group in index.kind(NETWORKING, "WorkloadGroup") {
        for way in ["httpGet", "tcpSocket", "grpc"] {
            if let Some(port) = group.text(&["spec", "probe", way, "port"]) {
                tell(&port, "a probe would ask the agent, not the application", sink);
            }
        }
    }
}

fn tell(port: &Spanned<String>, why: &str, sink: &mut Sink) {
    if RESERVED.contains(&port.value.as_str()) {
        let message = format!("port {} is Istio's own on every machine: {why}", port.value);
        sink.push(
            Diagnostic::new(&code::RESERVED_PORT, port.span, message)
                .help("let the application listen elsewhere"),
        );
    }
}
