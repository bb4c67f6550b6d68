use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};

/// Istio lets no headless Service select WorkloadEntries (`serviceTargetsFromWorkloadInstance`), and Kubernetes' DNS
/// knows pods alone.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for (_, service) in context.spec.services() {
        let headless = service.headless.as_ref().filter(|headless| headless.value);
        let (Some(headless), Some(vms)) = (headless, service.vms.first()) else {
            continue;
        };
        let message = format!(
            "pods do not find the machines of `{}`: it is headless",
            service.name.value
        );
        let found = Diagnostic::new(&code::HEADLESS_MACHINES, headless.span, message)
            .label(vms.span, "machines of other VMs only")
            .help("leave `headless=` out: the service then has one address, and every caller finds the machines")
            .note("a headless name leads to addresses, and Kubernetes puts those of pods alone there");
        once.push(found, sink);
    }
}
