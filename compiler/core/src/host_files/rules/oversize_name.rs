use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// istiod cuts names of WorkloadEntries from the left, so that machines lose their group's.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for machine in context.machines {
        let Some(group) = machine.value("ISTIO_META_AUTO_REGISTER_GROUP") else {
            continue;
        };
        let length = |name: &str| machine.value(name).map_or(0, |value| value.value.len() + 1);
        let address = length("ISTIO_SVC_IP").max("-10.0.0.0".len());
        let whole = group.value.len() + address + length("ISTIO_META_NETWORK");
        if whole > 253 {
            sink.push(
                Diagnostic::new(
                    &code::NAME_OVERSIZE,
                    group.span,
                    format!("the name of the machine's WorkloadEntry has {whole} letters"),
                )
                .here("it is GROUP-ADDRESS-NETWORK, and 253 letters are kept")
                .help("give the group or the network a shorter name"),
            );
        }
    }
}
