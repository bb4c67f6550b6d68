use mesh_wire::Millis;
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{
    Forward, HashPolicy, HeaderEdits, Mirror, PathMatch, Redirect, Retry, Route, RouteAction, RouteMatch,
    WeightedCluster,
};

use super::{default_retry, everything};
use crate::diag::Span;
use crate::emit::snapshot::{Viewer, name};
use crate::model::{
    Destination, HttpAction, HttpForward, HttpMatch, HttpRoute, Mesh, MirrorTo, RetryPolicy, Service, Target,
    TrafficPolicy,
};

/// The routes of `service` that `viewer` is given for requests to `port` (Istio `BuildHTTPRoutesForVirtualService`).
/// Nothing stands behind the first that takes everything.
pub(super) fn routes(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service, port: u16) -> Vec<Route> {
    let routes = with_places(mesh, viewer, service, port).into_iter();
    routes.map(|(_, route)| route).collect()
}

/// The same, each with the place in the spec that it comes from.
pub(in crate::emit::snapshot) fn with_places(
    mesh: &Mesh,
    viewer: &Viewer<'_>,
    service: &Service,
    port: u16,
) -> Vec<(Span, Route)> {
    let mut routes = Vec::new();
    for rule in service
        .routes
        .http
        .iter()
        .filter(|rule| rule.port.is_none_or(|only| only == port))
    {
        if rule.matches.is_empty() {
            routes.push((rule.span, route(mesh, rule, everything(), port)));
            return routes;
        }
        for matching in &rule.matches {
            if !viewer.is_one_of(&matching.from) {
                continue;
            }
            let route = route(mesh, rule, conditions(matching), port);
            let all = is_everything(&route.matches);
            routes.push((rule.span, route));
            if all {
                return routes;
            }
        }
    }
    routes
}

/// Istio's `IsCatchAllRoute`.
fn is_everything(matches: &RouteMatch) -> bool {
    let path = match &matches.path {
        PathMatch::Prefix(path) | PathMatch::PathPrefix(path) => path == "/",
        PathMatch::Regex(path) => path == ".*",
        PathMatch::Exact(_) => false,
    };
    path && matches.headers.is_empty() && matches.query.is_empty()
}

fn route(mesh: &Mesh, rule: &HttpRoute, matches: RouteMatch, port: u16) -> Route {
    let mut route = Route {
        name: rule.name.clone(),
        matches,
        request_headers: rule.request.clone(),
        response_headers: rule.response.clone(),
        fault: rule.fault.clone(),
        cors: rule.cors.clone(),
        action: match &rule.action {
            HttpAction::Forward(action) => RouteAction::Forward(forward(mesh, action, port)),
            HttpAction::Redirect(action) => RouteAction::Redirect(redirect(action)),
            HttpAction::Respond(action) => RouteAction::Respond(action.clone()),
        },
    };
    lift(&mut route);
    route
}

/// What is changed for the only destination is changed for the route, and the destination has the last word.
fn lift(route: &mut Route) {
    let RouteAction::Forward(forward) = &mut route.action else {
        return;
    };
    let [only] = forward.clusters.as_mut_slice() else {
        return;
    };
    let pairs = [
        (&mut route.request_headers, &mut only.request_headers),
        (&mut route.response_headers, &mut only.response_headers),
    ];
    for (of_route, of_share) in pairs {
        // Two values to add to one header have no room in one list.
        if of_share.add.keys().any(|name| of_route.add.contains_key(name)) {
            continue;
        }
        let HeaderEdits { set, add, remove } = std::mem::take(of_share);
        of_route.set.extend(set);
        of_route.add.extend(add);
        of_route.remove.extend(remove);
        of_route.remove.sort();
        of_route.remove.dedup();
    }
}

fn conditions(matching: &HttpMatch) -> RouteMatch {
    let mut headers = matching.headers.clone();
    headers.extend(methods(&matching.methods).map(|value| pseudo(":method", value)));
    headers.extend(
        matching
            .authority
            .clone()
            .map(|value| pseudo(":authority", value)),
    );
    let scheme = matching.scheme.clone().map(StringMatch::Exact);
    headers.extend(scheme.map(|value| pseudo(":scheme", value)));
    RouteMatch {
        path: matching
            .path
            .clone()
            .unwrap_or_else(|| PathMatch::Prefix("/".to_owned())),
        ignore_case: matching.ignore_case,
        headers,
        query: matching.query.clone(),
    }
}

fn methods(all: &[String]) -> Option<StringMatch> {
    match all {
        [] => None,
        [one] => Some(StringMatch::Exact(one.clone())),
        several => Some(StringMatch::Regex(several.join("|"))),
    }
}

fn pseudo(name: &str, value: StringMatch) -> HeaderMatch {
    HeaderMatch {
        name: name.to_owned(),
        value: Some(value),
        invert: false,
    }
}

fn forward(mesh: &Mesh, action: &HttpForward, port: u16) -> Forward {
    let hash = hashes(mesh, &action.to);
    Forward {
        clusters: shares(&action.to, port),
        timeout: action.timeout.unwrap_or(Millis(0)),
        retry: match &action.retry {
            None => Some(default_retry()),
            Some(retry) => self::retry(retry),
        }
        .map(|retry| Retry {
            // The same request goes to the same endpoint, unless the route says otherwise.
            other_endpoint: retry.other_endpoint
                && (hash.is_empty() || action.to.len() > 1 || ignores_previous(action)),
            ..retry
        }),
        path_rewrite: action.path.clone(),
        host_rewrite: action.host.clone(),
        mirrors: action
            .mirrors
            .iter()
            .map(|mirror| self::mirror(mirror, port))
            .collect(),
        hash,
    }
}

/// What is hashed on the way to the destinations (Istio `HashForHTTPDestination`): what is said of a version comes
/// before what is said of a port, where the route names one, and that before what is said of the service.
fn hashes(mesh: &Mesh, to: &[Destination]) -> Vec<HashPolicy> {
    let hash = |one: &Destination| {
        let target = &one.target;
        let service = mesh.service(&target.namespace, &target.service)?;
        let subset = service
            .subsets
            .iter()
            .find(|subset| Some(&subset.name) == target.subset.as_ref());
        let port = service.ports.iter().find(|port| Some(port.number) == target.port);
        let on_port = subset.and_then(|subset| subset.ports.get(&target.port?));
        on_port
            .and_then(TrafficPolicy::hash)
            .or_else(|| subset?.traffic.hash())
            .or_else(|| port?.traffic.hash())
            .or_else(|| service.traffic.hash())
            .cloned()
    };
    let alone = to.len() == 1;
    to.iter()
        .filter(|one| alone || one.weight > 0)
        .filter_map(hash)
        .collect()
}

fn ignores_previous(action: &HttpForward) -> bool {
    let retry = action.retry.as_ref();
    retry.is_some_and(|retry| retry.ignore_previous_hosts == Some(true))
}

/// The clusters of a route, those with no share left out.
pub(in crate::emit::snapshot) fn shares(to: &[Destination], port: u16) -> Vec<WeightedCluster> {
    let share = |one: &Destination| WeightedCluster {
        cluster: cluster(&one.target, port),
        weight: one.weight,
        request_headers: one.request.clone(),
        response_headers: one.response.clone(),
    };
    match to {
        [only] => vec![share(only)],
        several => several.iter().filter(|one| one.weight > 0).map(share).collect(),
    }
}

/// Where no port is said, it is the one that was called (Istio `GetDestinationCluster`).
fn cluster(target: &Target, port: u16) -> String {
    let subset = target.subset.as_deref().unwrap_or_default();
    name::outbound(target.port.unwrap_or(port), subset, &target.host)
}

fn mirror(mirror: &MirrorTo, port: u16) -> Mirror {
    Mirror {
        cluster: cluster(&mirror.target, port),
        share: mirror.share,
    }
}

const STATUS_CODES: &str = "retriable-status-codes";

/// Istio's `ConvertPolicy`: numbers among the conditions are status codes.
fn retry(policy: &RetryPolicy) -> Option<Retry> {
    if policy.attempts == 0 {
        return None;
    }
    let mut retry = default_retry();
    retry.attempts = policy.attempts;
    retry.per_try_timeout = policy.per_try.unwrap_or(Millis(0));
    retry.back_off = policy.backoff.unwrap_or(Millis(0));
    retry.other_endpoint = policy.ignore_previous_hosts.unwrap_or(true);
    retry.other_locality = policy.remote_localities;
    if !policy.on.is_empty() {
        retry.status_codes = policy.on.iter().filter_map(|word| word.parse().ok()).collect();
        let words = policy.on.iter().filter(|word| word.parse::<u16>().is_err());
        retry.on = words.cloned().collect();
        if !retry.status_codes.is_empty() && !retry.on.iter().any(|word| word == STATUS_CODES) {
            retry.on.push(STATUS_CODES.to_owned());
        }
    }
    Some(retry)
}

/// A port that the scheme has anyway is not written out (Istio `ApplyRedirect`; a sidecar's listeners have no TLS).
fn redirect(action: &Redirect) -> Redirect {
    let usual = match action.scheme.as_deref() {
        Some("https") => 443,
        _ => 80,
    };
    Redirect {
        port: action.port.filter(|port| *port != usual),
        ..action.clone()
    }
}
