use super::Context;
use crate::diag::{Diagnostic, Sink, Spanned, code};

/// Names that are passed around, and that no Istio reads, with what does what they promise.
const UNKNOWN: &[(&str, &str)] = &[
    (
        "PILOT_ENABLE_DNS_CAPTURE",
        "names are captured by `dns capture=…` in `mesh`",
    ),
    (
        "ISTIO_META_DNS_DOMAIN",
        "`search` domains follow from the namespace",
    ),
    (
        "PILOT_ENABLE_WORKLOAD_ENTRY_MEMORY_OPTIMIZATION",
        "there is nothing to switch on",
    ),
];

/// Variables of machines are of those that Istio's agent reads.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for name in context.spec.variables() {
        look(name, sink);
    }
}

/// No Istio reads it.
pub(super) fn is_unknown(name: &str) -> bool {
    UNKNOWN.iter().any(|(unknown, _)| *unknown == name)
}

fn look(name: &Spanned<String>, sink: &mut Sink) {
    if let Some((_, help)) = UNKNOWN.iter().find(|(unknown, _)| *unknown == name.value) {
        sink.push(
            Diagnostic::new(&code::UNKNOWN_ENV, name.span, "no Istio reads this variable")
                .here("has no effect here")
                .help(*help),
        );
    }
}
