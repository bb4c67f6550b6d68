use super::{Context, left_out};
use crate::diag::{Diagnostic, Sink, code};

/// istiod allocates virtual addresses for all since Istio 1.25; the old way is deprecated.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for said in context.machines.iter().flat_map(|machine| machine.variables()) {
        let name = &said.variable.name;
        if name.value == "ISTIO_META_DNS_AUTO_ALLOCATE" {
            sink.push(
                Diagnostic::new(
                    &code::AUTO_ALLOCATE,
                    name.span,
                    "`ISTIO_META_DNS_AUTO_ALLOCATE` is deprecated",
                )
                .here("istiod allocates virtual addresses by itself")
                .help("leave it out; ServiceEntries show their addresses in `status.addresses`")
                .fix(left_out(said)),
            );
        }
    }
}
