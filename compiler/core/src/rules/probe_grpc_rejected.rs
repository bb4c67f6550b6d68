use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// istiod refuses WorkloadGroups with such a probe (Istio `pkg/config/validation`, `validateReadinessProbe`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let probes = context
        .spec
        .groups()
        .filter_map(|(_, _, vms)| vms.health.as_ref());
    for port in probes.filter_map(|health| health.grpc.as_ref()) {
        let message = "istiod refuses groups of machines whose health is asked by gRPC";
        sink.push(
            Diagnostic::new(&code::PROBE_GRPC, port.span, message).help(format!(
                "write `tcp={port}`, or `exec=\"grpc_health_probe -addr=127.0.0.1:{port}\"` with that program on the \
                 machines",
                port = port.value
            )),
        );
    }
}
