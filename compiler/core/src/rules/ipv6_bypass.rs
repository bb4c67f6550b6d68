use super::{Context, Once};
use crate::diag::{Diagnostic, Severity, Sink, code};

/// Without rules for IPv6, all that goes over it is plaintext that nobody checks.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for (_, _, vms) in context.spec.groups() {
        let capture = context.spec.capture_of(vms);
        let Some(off) = capture.ipv6.filter(|ipv6| !ipv6.value) else {
            continue;
        };
        let message = "what machines send and get over IPv6 goes round the mesh";
        let mut found = Diagnostic::new(&code::IPV6_BYPASS, off.span, message)
            .here("IPv6 is not captured")
            .help("leave it out: where a machine has no IPv6, its rules do no harm")
            .note("mutual TLS and `allow` hold for captured connections only");
        if let Some(vm) = vms.vms.iter().find(|vm| vm.address.value.is_ipv6()) {
            found = found.label(vm.address.span, "callers reach this machine over IPv6");
        } else {
            found.severity = Severity::Warning;
        }
        once.push(found, sink);
    }
}
