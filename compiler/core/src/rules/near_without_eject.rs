use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Istio leaves the nearest place only when its workloads are ejected (`localityLbSetting` needs
/// `outlierDetection`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        let near = service
            .traffic
            .locality
            .as_ref()
            .and_then(|locality| locality.prefer_near.as_ref());
        if let (Some(near), None) = (near.filter(|near| near.value), &service.traffic.eject) {
            let message = "the nearest place is preferred, but nothing says when it is given up";
            sink.push(
                Diagnostic::new(&code::NEAR_WITHOUT_EJECT, near.span, message)
                    .help("write `eject after=5 every=\"10s\" for=\"30s\"` beside it")
                    .note("Istio ignores the preference where no workload can be ejected"),
            );
        }
    }
}
