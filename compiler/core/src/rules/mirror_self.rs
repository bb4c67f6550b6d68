use super::Context;
use crate::diag::{Diagnostic, Sink, code};
use crate::spec::decl::{RouteDecl, TargetDecl};

/// A copy that goes where every request goes is a second request.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    let routes = context.spec.routed().flat_map(|owner| owner.routes);
    routes.for_each(|route| look(route, sink));
}

fn look(route: &RouteDecl, sink: &mut Sink) {
    for mirror in &route.mirrors {
        let used = |to: &&TargetDecl| to.weight.as_ref().is_none_or(|weight| weight.value > 0);
        let mut others = route.to.iter().filter(used).filter(|to| !same(to, mirror));
        let Some(first) = route.to.first().filter(|_| others.next().is_none()) else {
            continue;
        };
        sink.push(
            Diagnostic::new(
                &code::MIRROR_SELF,
                mirror.span,
                "the copy goes where the request goes: it is answered twice there",
            )
            .label(first.span, "the request")
            .help("mirror to another subset or service"),
        );
    }
}

fn same(one: &TargetDecl, other: &TargetDecl) -> bool {
    let place = |target: &TargetDecl| {
        (
            target.subset.as_ref().map(|subset| subset.value.clone()),
            target.service.as_ref().map(|service| service.value.clone()),
            target.port.as_ref().map(|port| port.value),
        )
    };
    place(one) == place(other)
}
