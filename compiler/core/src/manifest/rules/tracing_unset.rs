use super::index::{Index, ROOT};
use crate::diag::{Diagnostic, Sink, code};

/// Traces go to somebody: a provider of the mesh or of the object.
pub(super) fn check(index: &Index<'_>, sink: &mut Sink) {
    let known = index.kind("install.istio.io", "IstioOperator").next().is_some();
    let all: Vec<_> = index.kind("telemetry.istio.io", "Telemetry").collect();
    let of_mesh = all.iter().filter(|telemetry| telemetry.namespace() == ROOT);
    let default = of_mesh
        .flat_map(|telemetry| telemetry.items(&["spec", "tracing"]))
        .any(|tracing| tracing.entry("providers").is_some());
    let in_operator = index.kind("install.istio.io", "IstioOperator").any(|operator| {
        !operator
            .items(&["spec", "meshConfig", "defaultProviders", "tracing"])
            .is_empty()
            || operator
                .at(&["spec", "meshConfig", "defaultConfig", "tracing"])
                .is_some()
            || operator
                .text(&["spec", "meshConfig", "enableTracing"])
                .is_some_and(|on| on.value == "true")
    });
    if !known || default || in_operator {
        return;
    }
    for telemetry in all {
        for tracing in telemetry.items(&["spec", "tracing"]) {
            let off = tracing
                .field_text("disableSpanReporting")
                .is_some_and(|off| off.value == "true");
            if let (Some(first), None, false) = (tracing.entries().first(), tracing.entry("providers"), off) {
                let message = "traces are set up, and no provider receives them";
                sink.push(
                    Diagnostic::new(&code::TRACING_UNSET, first.key.span, message)
                        .help("write `providers: [{name: …}]`, one of `meshConfig.extensionProviders`"),
                );
            }
        }
    }
}
