use mesh_wire::route::{
    Fault, Forward, HeaderEdits, PathMatch, PathRewrite, Retry, Route, RouteAction, RouteMatch, RouteTable,
};

use super::policy::header;
use crate::facts::{Facts, field, fields, list, set};

pub(crate) fn add(facts: &mut Facts, table: &str, routes: &RouteTable) {
    for host in &routes.virtual_hosts {
        let path = format!("route/{table}/{}", host.name);
        facts.insert(format!("{path}/domains"), set(host.domains.clone()));
        facts.insert(
            format!("{path}/routes"),
            host.routes.iter().map(route).collect::<Vec<_>>().join(" | "),
        );
    }
}

fn route(route: &Route) -> String {
    let action = match &route.action {
        RouteAction::Forward(forward) => self::forward(forward),
        RouteAction::Respond(respond) => format!("respond={}", respond.status),
        RouteAction::Redirect(redirect) => format!("redirect={redirect:?}"),
    };
    fields(&[
        field("name", route.name.as_ref()),
        matching(&route.matches),
        action,
        edits("request", &route.request_headers),
        edits("response", &route.response_headers),
        route.fault.as_ref().map(fault).unwrap_or_default(),
    ])
}

fn matching(matches: &RouteMatch) -> String {
    let path = match &matches.path {
        PathMatch::Prefix(path) => format!("prefix={path}"),
        PathMatch::PathPrefix(path) => format!("path-prefix={path}"),
        PathMatch::Exact(path) => format!("path={path}"),
        PathMatch::Regex(path) => format!("regex={path}"),
    };
    let headers = set(matches
        .headers
        .iter()
        .map(|matching| format!("[{}]", header(matching))));
    fields(&[path, headers])
}

fn forward(forward: &Forward) -> String {
    let rewrite = forward.path_rewrite.as_ref().map(|rewrite| match rewrite {
        PathRewrite::Prefix(path) => format!("prefix:{path}"),
        other => format!("{other:?}"),
    });
    let mirrors = forward
        .mirrors
        .iter()
        .map(|mirror| format!("mirror={}:{}", mirror.cluster, mirror.share.0));
    fields(&[
        format!("to={}", super::shares(&forward.clusters)),
        format!("timeout={}", forward.timeout.0),
        forward.retry.as_ref().map(retry).unwrap_or_default(),
        field("rewrite", rewrite),
        list(mirrors),
    ])
}

fn retry(retry: &Retry) -> String {
    let place = if retry.other_endpoint {
        format!("elsewhere:{}", retry.host_selection_attempts)
    } else {
        String::new()
    };
    let tries = format!("{}x{}ms", retry.attempts, retry.per_try_timeout.0);
    format!(
        "retry={}",
        fields(&[retry.on.join(","), tries, place]).replace(' ', ";")
    )
}

fn edits(side: &str, edits: &HeaderEdits) -> String {
    let set = edits
        .set
        .iter()
        .map(|(name, value)| format!("{side}-set={name}:{value}"));
    let add = edits
        .add
        .iter()
        .map(|(name, value)| format!("{side}-add={name}:{value}"));
    let remove = edits.remove.iter().map(|name| format!("{side}-remove={name}"));
    list(set.chain(add).chain(remove))
}

fn fault(fault: &Fault) -> String {
    let delay = fault
        .delay
        .as_ref()
        .map(|delay| format!("delay={}ms:{}", delay.delay.0, delay.share.0));
    let abort = fault
        .abort
        .as_ref()
        .map(|abort| format!("abort={:?}:{}", abort.status, abort.share.0));
    list(delay.into_iter().chain(abort))
}
