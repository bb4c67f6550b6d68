use mesh_wire::route::{
    Cors, DirectResponse, Fault, PathMatch, Redirect, Route, RouteAction, RouteMatch, RouteTable,
};

use super::forward::{edits, forward, path};
use super::policy::{header, string};
use crate::reference::facts::{Facts, field, fields, list, set};

pub(crate) fn add(facts: &mut Facts, table: &str, routes: &RouteTable) {
    for host in &routes.virtual_hosts {
        let path = format!("route/{table}/{}", host.name);
        facts.insert(format!("{path}/domains"), set(host.domains.clone()));
        let routes: Vec<_> = host.routes.iter().map(route).collect();
        facts.insert(format!("{path}/routes"), routes.join(" | "));
    }
}

fn route(route: &Route) -> String {
    let action = match &route.action {
        RouteAction::Forward(action) => forward(action),
        RouteAction::Respond(action) => respond(action),
        RouteAction::Redirect(action) => redirect(action),
    };
    fields(&[
        field("name", route.name.as_ref()),
        matching(&route.matches),
        action,
        edits("request", &route.request_headers),
        edits("response", &route.response_headers),
        route.fault.as_ref().map(fault).unwrap_or_default(),
        route.cors.as_ref().map(cors).unwrap_or_default(),
    ])
}

fn matching(matches: &RouteMatch) -> String {
    let path = match &matches.path {
        PathMatch::Prefix(path) => format!("prefix={path}"),
        PathMatch::PathPrefix(path) => format!("path-prefix={path}"),
        PathMatch::Exact(path) => format!("path={path}"),
        PathMatch::Regex(path) => format!("regex={path}"),
    };
    let regex = matches!(matches.path, PathMatch::Regex(_));
    let any_case = matches.ignore_case && !regex;
    let headers = matches.headers.iter();
    let query = matches.query.iter();
    fields(&[
        path,
        if any_case {
            "ignore-case".to_owned()
        } else {
            String::new()
        },
        set(headers.map(|matching| format!("[{}]", header(matching)))),
        set(query.map(|matching| format!("?[{}]", header(matching)))),
    ])
}

fn respond(response: &DirectResponse) -> String {
    let body = Some(&response.body).filter(|body| !body.is_empty());
    fields(&[
        format!("respond={}", response.status),
        field("body", body.map(|body| format!("{body:?}"))),
    ])
}

fn redirect(redirect: &Redirect) -> String {
    fields(&[
        format!("redirect={}", redirect.status),
        field("scheme", redirect.scheme.as_ref()),
        field("host", redirect.host.as_ref()),
        field("port", redirect.port),
        field("path", redirect.path.as_ref().map(path)),
    ])
}

fn fault(fault: &Fault) -> String {
    let delay = fault.delay.as_ref();
    let delay = delay.map(|delay| format!("delay={}ms:{}", delay.delay.0, delay.share.0));
    let abort = fault.abort.as_ref().map(|abort| {
        let kind = match (abort.status, abort.grpc_status) {
            (_, Some(code)) => format!("grpc-{code}"),
            (status, None) => status.unwrap_or_default().to_string(),
        };
        format!("abort={kind}:{}", abort.share.0)
    });
    list(delay.into_iter().chain(abort))
}

fn cors(cors: &Cors) -> String {
    let joined = |name: &str, all: &[String]| field(name, (!all.is_empty()).then(|| all.join(",")));
    let all = fields(&[
        format!("origins={}", set(cors.allow_origins.iter().map(string))),
        joined("methods", &cors.allow_methods),
        joined("headers", &cors.allow_headers),
        joined("expose", &cors.expose_headers),
        field("max-age", cors.max_age.map(|span| span.0 / 1000)),
        field("credentials", cors.allow_credentials.then_some(true)),
        field("pass-on", Some(cors.forward_unmatched_preflights)),
    ]);
    format!("cors({all})")
}
