mod cover;

use std::collections::BTreeSet;

use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Layer, route_layers, route_ports};
use crate::spec::decl::{MatchDecl, RouteDecl, Routed};

/// The first route that holds serves: behind one that takes the same or more, a route is never reached.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for owner in context.spec.routed().filter(|owner| !owner.damaged) {
        for (at, route) in owner.routes.iter().enumerate() {
            if !route.damaged {
                look(&owner, &owner.routes[..at], route, sink);
            }
        }
    }
}

fn look(owner: &Routed<'_>, before: &[RouteDecl], route: &RouteDecl, sink: &mut Sink) {
    let (ports, layers) = (numbers(owner, route), route_layers(owner, route));
    if layers.is_empty() {
        return;
    }
    let is_before = |other: &&RouteDecl| {
        !other.damaged
            && numbers(owner, other).is_superset(&ports)
            && route_layers(owner, other).is_superset(&layers)
    };
    let before: Vec<_> = before.iter().filter(is_before).collect();
    let home = owner.namespace.name.value.as_str();
    // Without a word on names, a route for TLS is for those of the service itself.
    let tls = layers.contains(&Layer::Tls);
    let earlier = |matching: &MatchDecl| -> Option<Span> {
        let takes = |other: &&&RouteDecl| {
            let mut matches = other.matches.iter();
            other.matches.is_empty() && !(tls && matching.sni.is_some())
                || matches.any(|one| cover::covers(one, matching, home))
        };
        before.iter().find(takes).map(|other| other.span)
    };
    if route.matches.is_empty() {
        if let Some(other) = before.iter().find(|other| cover::takes_all(other)) {
            sink.push(never(route.span, "this route is never reached", other.span));
        }
        return;
    }
    let taken: Vec<_> = route
        .matches
        .iter()
        .map(|matching| (matching.span, earlier(matching)))
        .collect();
    if let (true, Some((_, Some(other)))) = (taken.iter().all(|(_, other)| other.is_some()), taken.first()) {
        sink.push(never(route.span, "this route is never reached", *other));
        return;
    }
    for (span, other) in taken {
        if let Some(other) = other {
            sink.push(never(span, "this `match` takes nothing any more", other));
        }
    }
}

fn numbers(owner: &Routed<'_>, route: &RouteDecl) -> BTreeSet<u16> {
    route_ports(owner, route).map(|port| port.number.value).collect()
}

fn never(span: Span, message: &str, other: Span) -> Diagnostic {
    Diagnostic::new(&code::ROUTE_UNREACHABLE, span, message)
        .here("too late")
        .label(other, "this one takes all of it, and comes first")
        .help("put the narrower route first, or leave one of them out")
}
