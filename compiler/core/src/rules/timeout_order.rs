use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::RouteDecl;

/// All tries together fit into the timeout: one that may take longer is cut off by it, and never tried again.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    routes.for_each(|route| look(route, sink));
}

fn look(route: &RouteDecl, sink: &mut Sink) {
    let per_try = route.retry.as_ref().and_then(|retry| retry.per_try.as_ref());
    let (Some(per_try), Some(timeout)) = (per_try, &route.timeout) else {
        return;
    };
    if per_try.value <= timeout.value {
        return;
    }
    sink.push(
        Diagnostic::new(
            &code::TIMEOUT_ORDER,
            per_try.span,
            "one try may take longer than all of them together",
        )
        .here("for one try")
        .label(timeout.span, "for all tries")
        .help("make `per-try=` shorter than `timeout`, or leave it out"),
    );
}
