use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Excluding ports only makes sense where all are captured (Istio's LOCAL_EXCLUDE_PORTS has the same trap).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, _, vms) in context.spec.groups() {
        let all = vms
            .capture
            .inbound
            .as_ref()
            .is_some_and(|inbound| inbound.value == "all");
        if let (Some(ports), false) = (&vms.capture.exclude_inbound, all) {
            let message = "`exclude-inbound=` has no effect: only declared ports are captured";
            let mut found = Diagnostic::new(&code::EXCLUDE_INEFFECTIVE, ports.span, message)
                .help("write `inbound=all` beside it, or leave it out");
            if let Some(inbound) = &vms.capture.inbound {
                found = found.label(inbound.span, "this says which ports");
            }
            sink.push(found);
        }
    }
}
