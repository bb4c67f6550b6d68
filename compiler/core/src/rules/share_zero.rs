use super::Context;
use crate::diag::{Diagnostic, Sink, code};

/// Mirrors and faults of no request do nothing.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for route in context.spec.routed().flat_map(|owner| owner.routes) {
        let fault = route.fault.as_ref();
        let delay = fault
            .and_then(|fault| fault.delay.as_ref())
            .map(|delay| &delay.share);
        let abort = fault
            .and_then(|fault| fault.abort.as_ref())
            .map(|abort| &abort.share);
        let mirrors = route.mirrors.iter().filter_map(|mirror| mirror.share.as_ref());
        let all = [("delay", delay), ("abort", abort)]
            .into_iter()
            .filter_map(|(what, share)| Some((what, share?)))
            .chain(mirrors.map(|share| ("mirror", share)));
        for (what, share) in all.filter(|(_, share)| share.value == 0) {
            sink.push(
                Diagnostic::new(
                    &code::SHARE_ZERO,
                    share.span,
                    format!("`{what}` is for none of the requests"),
                )
                .here("nothing happens")
                .help(format!("give it a share, or leave `{what}` out")),
            );
        }
    }
}
