use std::collections::BTreeSet;

use crate::diag::Span;
use crate::model::build::ports::protocol;
use crate::spec::decl::{PortDecl, RouteDecl, Routed};

/// How much of what passes a proxy understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// Requests.
    Http,
    /// TLS of the applications: the name that the client asks for.
    Tls,
    /// Connections.
    Tcp,
}

impl Layer {
    /// The layer of a port.
    pub(crate) fn of(port: &PortDecl) -> Self {
        let protocol = protocol(&port.protocol.value);
        if protocol.is_http() {
            Self::Http
        } else if protocol.is_tls() {
            Self::Tls
        } else {
            Self::Tcp
        }
    }
}

/// Something in a route that only some layers have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demand {
    /// What it is, as it is written.
    pub(crate) what: &'static str,
    /// Where.
    pub(crate) span: Span,
    /// Who has it.
    pub(crate) layers: &'static [Layer],
}

/// The ports that a route is for. Datagrams pass the proxies by.
pub(crate) fn ports<'a>(owner: &Routed<'a>, route: &'a RouteDecl) -> impl Iterator<Item = &'a PortDecl> {
    let wanted = |port: &&PortDecl| {
        route
            .port
            .as_ref()
            .is_none_or(|only| only.value == port.number.value)
    };
    let proxied = |port: &&PortDecl| protocol(&port.protocol.value).is_proxied();
    owner.ports.iter().filter(proxied).filter(wanted)
}

/// The layers that have everything that the route demands, of those that its ports have.
pub(crate) fn layers(owner: &Routed<'_>, route: &RouteDecl) -> BTreeSet<Layer> {
    let demands = demands(route);
    let all = ports(owner, route).map(Layer::of);
    all.filter(|layer| demands.iter().all(|demand| demand.layers.contains(layer)))
        .collect()
}

/// Everything in a route that not all layers have.
pub(crate) fn demands(route: &RouteDecl) -> Vec<Demand> {
    let http = |(what, span)| Demand {
        what,
        span,
        layers: &[Layer::Http],
    };
    let mut all: Vec<Demand> = Vec::new();
    for matching in &route.matches {
        all.extend(matching.of_requests().map(http));
        all.extend(matching.sni.iter().map(|sni| Demand {
            what: "sni=",
            span: sni.span,
            layers: &[Layer::Tls],
        }));
        all.extend(matching.to.iter().map(|to| Demand {
            what: "to=",
            span: to.span,
            layers: &[Layer::Tls, Layer::Tcp],
        }));
    }
    let parts = [
        ("redirect", route.redirect.as_ref().map(|part| part.span)),
        ("respond", route.respond.as_ref().map(|part| part.span)),
        ("rewrite", route.rewrite.as_ref().map(|part| part.span)),
        ("timeout", route.timeout.as_ref().map(|part| part.span)),
        ("retry", route.retry.as_ref().map(|part| part.span)),
        ("fault", route.fault.as_ref().map(|part| part.span)),
        ("cors", route.cors.as_ref().map(|part| part.span)),
        ("request", route.request.as_ref().map(|part| part.span)),
        ("response", route.response.as_ref().map(|part| part.span)),
    ];
    all.extend(
        parts
            .into_iter()
            .filter_map(|(what, span)| Some(http((what, span?)))),
    );
    all.extend(route.mirrors.iter().map(|mirror| http(("mirror", mirror.span))));
    for to in &route.to {
        all.extend(to.request.iter().map(|edits| http(("request", edits.span))));
        all.extend(to.response.iter().map(|edits| http(("response", edits.span))));
    }
    all
}
