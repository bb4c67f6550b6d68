use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Annotations that mean something for pods only.
const INJECTION: &[&str] = &["sidecar.istio.io/inject", "inject.istio.io/templates"];

/// Nobody injects anything into a machine (Istio IST0107).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for (_, _, vms) in context.spec.groups() {
        let written = vms.annotations.iter().chain(&vms.labels).map(|(key, _)| key);
        for key in written.filter(|key| INJECTION.contains(&key.value.as_str())) {
            let message = format!("`{}` has no meaning for machines", key.value);
            sink.push(
                Diagnostic::new(&code::INJECT_ANNOTATION, key.span, message)
                    .help("leave it out: what carries the traffic of machines is `engine=`"),
            );
        }
    }
}
