use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Dashboards and alerts show what a Prometheus has collected, which has to know where the machines are.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let Some(mesh) = &context.spec.mesh else {
        return;
    };
    let telemetry = &mesh.telemetry;
    // `metrics none` is a conflict, and told as such.
    if telemetry.metrics.is_some() {
        return;
    }
    for (name, on) in [
        ("dashboards", &telemetry.dashboards),
        ("alerts", &telemetry.alerts),
    ] {
        let Some(on) = on.as_ref().filter(|on| on.value) else {
            continue;
        };
        let message = format!("the {name} have no metrics to look at");
        sink.push(
            Diagnostic::new(&code::WATCH_WITHOUT_METRICS, on.span, message)
                .here("no Prometheus is told where the VMs are")
                .help("write `metrics prometheus` beside it: the build then holds what a Prometheus needs to find the VMs"),
        );
    }
}
