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

fn look(name: &Spanned<String>, sink: &mut Sink) {
    let unknown = UNKNOWN.iter().find(|(unknown, _)| *unknown == name.value);
    let legacy = name.value == "ISTIO_META_DNS_AUTO_ALLOCATE";
    let (message, help) = match unknown {
        Some((_, help)) => ("no Istio reads this variable", (*help).to_owned()),
        None if legacy => (
            "istiod gives virtual addresses by itself: this variable is deprecated",
            "leave it out".to_owned(),
        ),
        None if name.value.starts_with("PILOT_") => (
            "this is a variable of istiod: a machine's agent does not read it",
            "set it in istiod's chart, `pilot.env`, and leave it out here".to_owned(),
        ),
        None => return,
    };
    sink.push(
        Diagnostic::new(&code::UNKNOWN_ENV, name.span, message)
            .here("has no effect here")
            .help(help),
    );
}
