use super::index::{Index, NETWORKING};
use crate::diag::{Diagnostic, Sink, code};

/// The kind has probes by gRPC, and istiod refuses them (istio, pkg/config/validation, validateReadinessProbe).
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    for group in index.kind(NETWORKING, "WorkloadGroup") {
        if let Some(entry) = group.entry(&["spec", "probe", "grpc"]) {
            let message = "istiod refuses probes by gRPC for machines";
            sink.push(
                Diagnostic::new(&code::PROBE_GRPC, entry.key.span, message)
                    .help("write `tcpSocket` for the port, or `exec` with a program that asks by gRPC"),
            );
        }
    }
}
