use super::Context;
use crate::diag::{Diagnostic, Sink, Span, code};
use crate::model::{Layer, route_layers};
use crate::spec::decl::{MatchDecl, RouteDecl, Routed};

/// Once a service has routes for requests, they are all it has: what none of them takes ends with 404.
pub(super) fn check(context: Context<'_>, sink: &mut Sink) {
    for owner in context.spec.routed().filter(|owner| !owner.damaged) {
        look(&owner, sink);
    }
}

fn look(owner: &Routed<'_>, sink: &mut Sink) {
    let http = |route: &&RouteDecl| route_layers(owner, route).contains(&Layer::Http);
    let routes: Vec<_> = owner.routes.iter().filter(http).collect();
    if routes.iter().any(|route| route.damaged) {
        return;
    }
    for port in owner.ports.iter().filter(|port| Layer::of(port) == Layer::Http) {
        let number = port.number.value;
        let of_port = |route: &&&RouteDecl| route.port.as_ref().is_none_or(|only| only.value == number);
        let routes: Vec<_> = routes.iter().filter(of_port).copied().collect();
        let Some(last) = routes.last() else { continue };
        if routes
            .iter()
            .flat_map(|route| &route.matches)
            .any(|matching| !is_caught(matching, &routes))
        {
            sink.push(gap(last.span, owner, number));
            return;
        }
    }
}

/// Whoever can be turned away by `matching` meets a route that takes the rest.
fn is_caught(matching: &MatchDecl, routes: &[&RouteDecl]) -> bool {
    let names = |matching: &MatchDecl| -> Option<Vec<String>> {
        let from = matching.from.as_ref()?;
        Some(from.value.iter().map(|name| name.value.clone()).collect())
    };
    let asked = names(matching);
    let rest = |other: &MatchDecl| {
        other.takes_every_request()
            && match (names(other), &asked) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(others), Some(asked)) => asked.iter().all(|name| others.contains(name)),
            }
    };
    let takes_rest = |route: &&RouteDecl| route.matches.is_empty() || route.matches.iter().any(rest);
    routes.iter().any(takes_rest)
}

fn gap(span: Span, owner: &Routed<'_>, port: u16) -> Diagnostic {
    let name = &owner.name.value;
    let message = format!("requests to port {port} of `{name}` that no route takes are answered with 404");
    Diagnostic::new(&code::ROUTE_GAP, span, message)
        .here("nothing takes the rest")
        .help("write a last route without `match`: `route { to }`, or `route { respond status=404 }` if that is meant")
}
