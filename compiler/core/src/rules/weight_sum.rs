use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{RouteDecl, TargetDecl};

/// Several destinations share what a route takes: each says how much, and somebody gets something.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    routes.for_each(|route| look(route, sink));
}

fn look(route: &RouteDecl, sink: &mut Sink) {
    if route.to.iter().any(|to| to.damaged) {
        return;
    }
    let missing = |to: &&TargetDecl| to.weight.is_none();
    if let [_, _, ..] = route.to.as_slice() {
        let mut without = route.to.iter().filter(missing);
        if let Some(first) = without.next() {
            let message = if route.to.iter().all(|to| to.weight.is_none()) {
                "several `to`, and no word on who gets how much"
            } else {
                "some `to` have a weight, and this one has none"
            };
            let mut found = Diagnostic::new(&code::ROUTE_WEIGHTS, first.span, message)
                .here("it would get nothing")
                .help("write `weight=` in every `to`: `to v1 weight=90; to v2 weight=10`");
            for more in without {
                found = found.label(more.span, "and this");
            }
            sink.push(found);
            return;
        }
    }
    let weights = || route.to.iter().filter_map(|to| to.weight.as_ref());
    let sum: u64 = weights().map(|weight| u64::from(weight.value)).sum();
    let Some(first) = weights().next() else { return };
    if sum == 0 {
        sink.push(
            Diagnostic::new(
                &code::ROUTE_WEIGHTS,
                first.span,
                "all weights of the route are zero",
            )
            .here("nobody gets anything")
            .help("give at least one `to` a weight above zero"),
        );
    } else if sum > u64::from(u32::MAX) {
        let message = format!("the weights add up to {sum}, and proxies count to {}", u32::MAX);
        sink.push(Diagnostic::new(&code::ROUTE_WEIGHTS, first.span, message).help("write percentages"));
    }
}
