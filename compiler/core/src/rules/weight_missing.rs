use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Weights are relative: with some machines weighted, the others count 1 (Istio's default).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, service) in context.spec.services() {
        // A group that has a weight gives it to all of its machines.
        let unsaid = service.vms.iter().filter(|vms| vms.weight.is_none());
        let vms = || unsaid.clone().flat_map(|vms| &vms.vms);
        let heaviest = vms()
            .filter_map(|vm| vm.weight.as_ref().map(|weight| (weight.value, vm)))
            .max_by_key(|(weight, _)| *weight);
        let Some((weight, heavy)) = heaviest.filter(|(weight, _)| *weight > 1) else {
            continue;
        };
        if let Some(vm) = vms().find(|vm| vm.weight.is_none()) {
            let message = format!("`{}` has no weight, and others have: it counts 1", vm.name.value);
            sink.push(
                Diagnostic::new(&code::WEIGHT_MIXED, vm.span, message)
                    .label(heavy.span, format!("this one counts {weight}"))
                    .help("write `weight=` at every machine of the service, or at none"),
            );
        }
    }
}
