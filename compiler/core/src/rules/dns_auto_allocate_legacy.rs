use super::Context;
use crate::diag::{Diagnostic, Sink, code};

const LEGACY: &str = "ISTIO_META_DNS_AUTO_ALLOCATE";

/// istiod gives virtual addresses by itself, the same for all proxies.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for name in context.spec.variables().filter(|name| name.value == LEGACY) {
        let message = "istiod gives virtual addresses by itself: this variable is deprecated";
        sink.push(
            Diagnostic::new(&code::AUTO_ALLOCATE, name.span, message)
                .here("has no effect here")
                .help("leave it out"),
        );
    }
}
