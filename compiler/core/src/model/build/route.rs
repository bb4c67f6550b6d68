//! Declarations of routes to [`Routes`]: the protocol of the ports decides which kind each becomes.

mod action;
mod layer;
mod matching;
mod sender;
mod target;

pub(crate) use layer::{Layer, demands, layers, ports};

use crate::diag::Sink;
use crate::model::{HttpRoute, Routes, StreamMatch, StreamRoute};
use crate::spec::decl::{RouteDecl, Routed, Spec};

pub(super) fn of(owner: &Routed<'_>, spec: &Spec, sink: &mut Sink) -> Routes {
    let mut routes = Routes::default();
    for decl in owner.routes {
        let layers = layers(owner, decl);
        let targets = target::all(owner, decl, &layers, spec, sink);
        let senders = sender::all(owner, decl, spec, sink);
        if layers.contains(&Layer::Http)
            && let Some(action) = action::of(decl, &targets)
        {
            routes.http.push(HttpRoute {
                span: decl.span,
                name: decl.name.as_ref().map(|name| name.value.clone()),
                port: decl.port.as_ref().map(|port| port.value),
                matches: matching::of_requests(decl, &senders),
                action,
                request: action::edits(decl.request.as_ref()),
                response: action::edits(decl.response.as_ref()),
                fault: decl.fault.as_ref().and_then(action::fault),
                cors: decl.cors.as_ref().map(action::cors),
            });
        }
        if targets.to.is_empty() {
            continue;
        }
        let stream = |matches: Vec<StreamMatch>| StreamRoute {
            span: decl.span,
            port: decl.port.as_ref().map(|port| port.value),
            matches,
            to: targets.to.clone(),
        };
        if layers.contains(&Layer::Tls) {
            let host = super::service::host(&owner.name.value, &owner.namespace.name.value, owner.host);
            routes.tls.push(stream(matching::of_names(decl, &senders, &host)));
        }
        if layers.contains(&Layer::Tcp) {
            routes.tcp.push(stream(matching::of_connections(decl, &senders)));
        }
    }
    routes
}

/// What a route is for, as it is called in messages.
fn called(decl: &RouteDecl) -> String {
    decl.name.as_ref().map_or_else(
        || "the route".to_owned(),
        |name| format!("route `{}`", name.value),
    )
}
