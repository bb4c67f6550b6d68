use super::site::Site;
use super::{Context, Once};
use crate::diag::{Diagnostic, Sink, code};

/// Envoy warms up where it counts requests or takes turns (Istio `applyLoadBalancer`).
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let mut once = Once::default();
    for site in Site::all(context.spec) {
        let (Some(warm_up), Some(balance)) = (&site.traffic.warm_up, &site.traffic.balance) else {
            continue;
        };
        let how = balance.how.value.as_str();
        if matches!(how, "least-request" | "round-robin") {
            continue;
        }
        let message = format!("nothing warms up with `{how}`");
        let found = Diagnostic::new(&code::WARM_UP_INEFFECTIVE, warm_up.span, message)
            .here("this is ignored")
            .label(balance.how.span, "because of this")
            .help("write `balance least-request` or `balance round-robin`, or leave `warm-up` out");
        once.push(found, sink);
    }
}
