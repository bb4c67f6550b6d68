use mesh_wire::Millis;

use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};

/// Istio's defaults (Kubernetes').
const EVERY: Millis = Millis(10_000);
const TIMEOUT: Millis = Millis(1_000);

/// A probe is over before the next one is due: where it may take longer, a dead machine is found later than `every=` and
/// `failures=` say.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for health in context
        .spec
        .groups()
        .filter_map(|(_, _, vms)| vms.health.as_ref())
    {
        let (every, timeout) = (health.every.unwrap_or(EVERY), health.timeout.unwrap_or(TIMEOUT));
        if timeout.0 > every.0 {
            let message = format!(
                "a probe may take {}s, and the next one is due after {}s",
                timeout.0 / 1000,
                every.0 / 1000
            );
            let found = Diagnostic::new(&code::PROBE_OVERLAP, health.span, message)
                .help(format!("write `timeout=\"{}s\"` or less", every.0 / 1000));
            once.push(found, sink);
        }
    }
}
