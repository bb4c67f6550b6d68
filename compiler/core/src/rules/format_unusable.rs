use super::{Context, formats};
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{AccessLogDecl, TelemetryDecl};

/// Formats of access logs are whole: a sidecar takes no listener at all with one that is not.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let spec = context.spec;
    let of_mesh = spec.mesh.iter().map(|mesh| &mesh.telemetry);
    let inside = spec.namespaces.iter().flat_map(|namespace| {
        let of_services = namespace.services.iter().map(|service| &service.telemetry);
        std::iter::once(&namespace.telemetry).chain(of_services)
    });
    of_mesh
        .chain(inside)
        .filter_map(|telemetry: &TelemetryDecl| telemetry.access_log.as_ref())
        .for_each(|log| of_log(log, sink));
}

fn of_log(log: &AccessLogDecl, sink: &mut Sink) {
    let fields = log.fields.iter().map(|(_, value)| value);
    for format in log.format.iter().chain(fields) {
        for (message, help) in formats::faults(&format.value) {
            sink.push(Diagnostic::new(&code::FORMAT_UNUSABLE, format.span, message).help(help));
        }
    }
}
