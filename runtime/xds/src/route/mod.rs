//! `envoy.config.route.v3.RouteConfiguration` (Istio `pilot/pkg/networking/core/route/route.go`).

mod answer;
mod edits;
mod fault;
mod forward;
mod matches;

use mesh_wire::route::{Forward, Route, RouteAction, RouteTable, VirtualHost};
use serde_json::json;

use crate::reader::Reader;
use crate::translate::Parts;

pub(crate) fn add(parts: &mut Parts, mut resource: Reader<'_>) {
    let name = resource.text("name");
    resource.step(&format!("rds/{name}"));
    let table = table(resource);
    parts.snapshot.routes.insert(name, table);
}

/// The virtual hosts of a listener.
pub(crate) fn table(mut table: Reader<'_>) -> RouteTable {
    table.skip("name");
    // Clusters that nobody described are nobody's: `translate` makes them.
    table.given("validate_clusters", &[json!(false)]);
    table.given("ignore_port_in_host_matching", &[json!(true)]);
    table.given("max_direct_response_body_size_bytes", &[json!(1_048_576)]);
    let hosts = table.messages("virtual_hosts").into_iter();
    RouteTable {
        virtual_hosts: hosts.map(host).collect(),
    }
}

fn host(mut host: Reader<'_>) -> VirtualHost {
    host.given("include_request_attempt_count", &[json!(true)]);
    host.skip("metadata");
    let routes = host.messages("routes").into_iter();
    VirtualHost {
        name: host.text("name"),
        domains: host.texts("domains"),
        routes: routes.filter_map(route).collect(),
    }
}

/// A route whose requests or action are not understood would do what it should not: it is left out, and said.
fn route(mut route: Reader<'_>) -> Option<Route> {
    // The object that it was made of, how its spans and statistics are called: for people.
    for name in ["metadata", "decorator", "stat_prefix"] {
        route.skip(name);
    }
    let matches = route.message("match").and_then(matches::read);
    let action = if let Some(action) = route.message("route") {
        forward::read(action).map(RouteAction::Forward)
    } else if let Some(action) = route.message("redirect") {
        Some(RouteAction::Redirect(answer::redirect(action)))
    } else {
        let answer = route.message("direct_response");
        answer.map(|answer| RouteAction::Respond(answer::respond(answer)))
    };
    let (Some(matches), Some(action)) = (matches, action) else {
        route.refuse_all("a route that is not understood; requests go on to the next one");
        return None;
    };
    let (request_headers, response_headers) = edits::both(&mut route);
    let (mut fault, mut cors) = (None, None);
    for (_, config) in route.map("typed_per_filter_config") {
        if config.is("fault.v3.HTTPFault") {
            fault = Some(fault::fault(config));
        } else if config.is("cors.v3.CorsPolicy") {
            cors = Some(fault::cors(config));
        } else {
            config.refuse_all("a filter's settings of one route");
        }
    }
    Some(Route {
        name: route.some_text("name"),
        matches,
        action,
        request_headers,
        response_headers,
        fault,
        cors,
    })
}

/// The cluster of a table that sends everything to one, with nothing else but what Istio says for what arrives.
pub(crate) fn only_cluster(table: &RouteTable) -> Option<&str> {
    let [host] = table.virtual_hosts.as_slice() else {
        return None;
    };
    let [route] = host.routes.as_slice() else {
        return None;
    };
    let RouteAction::Forward(Forward { clusters, .. }) = &route.action else {
        return None;
    };
    let plain = inbound(&clusters.first()?.cluster);
    let same = route.action == RouteAction::Forward(plain)
        && host.domains == ["*"]
        && route.matches == matches::all()
        && route.request_headers.is_empty()
        && route.response_headers.is_empty()
        && route.fault.is_none()
        && route.cors.is_none();
    same.then(|| clusters.first().map(|share| share.cluster.as_str()))?
}

/// Istio's route for what arrives (`pilot/pkg/networking/core/listener_inbound.go`): tried again where the
/// application closed the connection before the request.
fn inbound(cluster: &str) -> Forward {
    let mut forward = forward::to(cluster);
    forward.retry = Some(mesh_wire::route::Retry {
        on: vec!["reset-before-request".to_owned()],
        attempts: 2,
        host_selection_attempts: 1,
        ..mesh_wire::route::Retry::default()
    });
    forward
}
