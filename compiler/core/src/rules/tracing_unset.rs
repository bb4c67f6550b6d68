use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::TelemetryDecl;

/// Traces are sent to a collector that is named at the same place, or around it, or at every place inside that has some.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let spec = context.spec;
    let of_mesh = spec.mesh.iter().map(|mesh| &mesh.telemetry);
    let around = of_mesh.clone().any(is_sent);
    of_mesh.for_each(|telemetry| look(telemetry, spec.telemetry().any(is_sent), sink));
    for namespace in &spec.namespaces {
        let inside = namespace.telemetry_inside().any(is_sent);
        look(&namespace.telemetry, around || inside, sink);
        let around = around || is_sent(&namespace.telemetry);
        for service in &namespace.services {
            look(&service.telemetry, around || is_sent(&service.telemetry), sink);
        }
    }
}

/// A collector is named, though perhaps one that does not exist: that is told elsewhere.
fn is_sent(telemetry: &TelemetryDecl) -> bool {
    let tracing = telemetry.tracing.as_ref();
    tracing.is_some_and(|tracing| tracing.zipkin.is_some() || tracing.otlp.is_some())
}

fn look(telemetry: &TelemetryDecl, sent: bool, sink: &mut Sink) {
    let Some(tracing) = telemetry
        .tracing
        .as_ref()
        .filter(|tracing| !sent && tracing.none.is_none())
    else {
        return;
    };
    sink.push(
        Diagnostic::new(&code::TRACING_UNSET, tracing.span, "nobody receives these traces")
            .here("no collector is named here or around")
            .help("name one: `tracing otlp=\"collector.ops:4317\"`, or `zipkin=`"),
    );
}
