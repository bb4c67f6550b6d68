//! Where requests go (Envoy `config.route.v3`).

use mesh_wire::matcher::HeaderMatch;
use mesh_wire::route::{
    Forward, HashPolicy, HeaderEdits, PathMatch, PathRewrite, Redirect, Retry, Route, RouteAction,
    RouteMatch, RouteTable, VirtualHost, WeightedCluster,
};
use serde_json::{Value, json};

use super::{duration, matcher};

/// A `RouteConfiguration`.
pub(super) fn table(name: &str, table: &RouteTable) -> Value {
    let hosts: Vec<Value> = table.virtual_hosts.iter().map(virtual_host).collect();
    json!({
        "name": name,
        "virtual_hosts": hosts,
        "validate_clusters": false,
        "ignore_port_in_host_matching": true,
        "max_direct_response_body_size_bytes": 1_048_576,
    })
}

/// A `RouteConfiguration` that sends everything to `cluster`.
pub(super) fn to_cluster(cluster: &str) -> Value {
    json!({
        "name": cluster,
        "virtual_hosts": [{
            "name": "inbound",
            "domains": ["*"],
            "routes": [{
                "name": "default",
                "match": { "prefix": "/" },
                "route": { "cluster": cluster, "timeout": "0s" },
            }],
        }],
        "validate_clusters": false,
    })
}

/// `cluster`, or `weighted_clusters` where there are several: fields of a route or of a TCP proxy.
pub(super) fn destination(clusters: &[WeightedCluster]) -> (&'static str, Value) {
    match clusters {
        [one] if one.request_headers.is_empty() && one.response_headers.is_empty() => {
            ("cluster", json!(one.cluster))
        }
        several => {
            let all: Vec<Value> = several.iter().map(weighted).collect();
            ("weighted_clusters", json!({ "clusters": all }))
        }
    }
}

fn virtual_host(host: &VirtualHost) -> Value {
    let routes: Vec<Value> = host.routes.iter().map(route).collect();
    json!({ "name": host.name, "domains": host.domains, "routes": routes, "include_request_attempt_count": true })
}

fn route(of: &Route) -> Value {
    let mut fields = json!({ "match": matches(&of.matches) });
    if let Some(name) = &of.name {
        fields["name"] = name.as_str().into();
    }
    match &of.action {
        RouteAction::Forward(to) => fields["route"] = forward(to),
        RouteAction::Redirect(to) => fields["redirect"] = redirect(to),
        RouteAction::Respond(with) => {
            fields["direct_response"] =
                json!({ "status": with.status, "body": { "inline_string": with.body } });
        }
    }
    edit(&mut fields, &of.request_headers, &of.response_headers);
    fields
}

fn matches(of: &RouteMatch) -> Value {
    let headers: Vec<Value> = of.headers.iter().map(matcher::header).collect();
    let query: Vec<Value> = of
        .query
        .iter()
        .map(|it: &HeaderMatch| matcher::query(it))
        .collect();
    let mut fields =
        json!({ "headers": headers, "query_parameters": query, "case_sensitive": !of.ignore_case });
    let (key, value) = match &of.path {
        PathMatch::Prefix(path) => ("prefix", json!(path)),
        // Envoy's own rule: without the last `/`, and `/` itself is a plain prefix.
        PathMatch::PathPrefix(path) if path.trim_end_matches('/').is_empty() => ("prefix", json!("/")),
        PathMatch::PathPrefix(path) => ("path_separated_prefix", json!(path.trim_end_matches('/'))),
        PathMatch::Exact(path) => ("path", json!(path)),
        PathMatch::Regex(pattern) => ("safe_regex", json!({ "regex": pattern })),
    };
    fields[key] = value;
    fields
}

fn forward(to: &Forward) -> Value {
    let mut fields = json!({ "timeout": duration(to.timeout) });
    let (key, value) = destination(&to.clusters);
    fields[key] = value;
    if let Some(retries) = &to.retry {
        fields["retry_policy"] = retry(retries);
    }
    if let Some(host) = &to.host_rewrite {
        fields["host_rewrite_literal"] = host.as_str().into();
    }
    match &to.path_rewrite {
        Some(PathRewrite::Prefix(prefix)) => fields["prefix_rewrite"] = prefix.as_str().into(),
        Some(PathRewrite::Full(path)) => fields["regex_rewrite"] = regex_rewrite("^/.*$", path),
        Some(PathRewrite::Regex {
            pattern,
            substitution,
        }) => {
            fields["regex_rewrite"] = regex_rewrite(pattern, substitution);
        }
        None => {}
    }
    let share = |share: u32| json!({ "default_value": { "numerator": share, "denominator": "MILLION" } });
    let mirrors = to
        .mirrors
        .iter()
        .map(|it| json!({ "cluster": it.cluster, "runtime_fraction": share(it.share.0) }));
    fields["request_mirror_policies"] = mirrors.collect();
    fields["hash_policy"] = to.hash.iter().map(hash).collect();
    fields
}

fn weighted(of: &WeightedCluster) -> Value {
    let mut fields = json!({ "name": of.cluster, "weight": of.weight });
    edit(&mut fields, &of.request_headers, &of.response_headers);
    fields
}

fn retry(of: &Retry) -> Value {
    let mut fields = json!({
        "retry_on": of.on.join(","),
        "num_retries": of.attempts,
        "retriable_status_codes": of.status_codes,
    });
    if of.per_try_timeout.0 > 0 {
        fields["per_try_timeout"] = duration(of.per_try_timeout).into();
    }
    if of.other_endpoint {
        let kind = "retry.host.previous_hosts.v3.PreviousHostsPredicate";
        let predicate = super::extension("envoy.retry_host_predicates.previous_hosts", kind, json!({}));
        fields["retry_host_predicate"] = json!([predicate]);
        fields["host_selection_retry_max_attempts"] = of.host_selection_attempts.into();
    }
    if of.other_locality {
        let kind = "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig";
        let config = json!({ "update_frequency": 2 });
        fields["retry_priority"] =
            super::extension("envoy.retry_priorities.previous_priorities", kind, config);
    }
    if !of.back_off.is_zero() {
        fields["retry_back_off"] = json!({ "base_interval": duration(of.back_off) });
    }
    fields
}

fn regex_rewrite(pattern: &str, substitution: &str) -> Value {
    json!({ "pattern": { "regex": pattern }, "substitution": substitution })
}

fn hash(of: &HashPolicy) -> Value {
    match of {
        HashPolicy::Header(name) => json!({ "header": { "header_name": name } }),
        HashPolicy::SourceIp => json!({ "connection_properties": { "source_ip": true } }),
        HashPolicy::Query(name) => json!({ "query_parameter": { "name": name } }),
        HashPolicy::Cookie { name, path, ttl } => {
            let mut cookie = json!({ "name": name, "path": path.as_deref().unwrap_or_default() });
            if let Some(ttl) = ttl {
                cookie["ttl"] = duration(*ttl).into();
            }
            json!({ "cookie": cookie })
        }
    }
}

fn redirect(to: &Redirect) -> Value {
    let code = match to.status {
        302 => "FOUND",
        303 => "SEE_OTHER",
        307 => "TEMPORARY_REDIRECT",
        308 => "PERMANENT_REDIRECT",
        _ => "MOVED_PERMANENTLY",
    };
    let mut fields = json!({ "response_code": code });
    let texts = [("scheme_redirect", &to.scheme), ("host_redirect", &to.host)];
    for (key, text) in texts
        .into_iter()
        .filter_map(|(key, text)| Some((key, text.as_ref()?)))
    {
        fields[key] = text.as_str().into();
    }
    if let Some(port) = to.port {
        fields["port_redirect"] = port.into();
    }
    match &to.path {
        Some(PathRewrite::Prefix(prefix)) => fields["prefix_rewrite"] = prefix.as_str().into(),
        Some(PathRewrite::Full(path)) => fields["path_redirect"] = path.as_str().into(),
        Some(PathRewrite::Regex {
            pattern,
            substitution,
        }) => {
            fields["regex_rewrite"] = regex_rewrite(pattern, substitution);
        }
        None => {}
    }
    fields
}

/// Puts the changes to headers into a route or a share of it.
fn edit(fields: &mut Value, request: &HeaderEdits, response: &HeaderEdits) {
    for (way, edits) in [("request", request), ("response", response)]
        .into_iter()
        .filter(|(_, it)| !it.is_empty())
    {
        let option = |(key, value): (&String, &String), action: &str| json!({ "header": { "key": key, "value": value }, "append_action": action });
        let set = edits
            .set
            .iter()
            .map(|pair| option(pair, "OVERWRITE_IF_EXISTS_OR_ADD"));
        let add = edits
            .add
            .iter()
            .map(|pair| option(pair, "APPEND_IF_EXISTS_OR_ADD"));
        fields[format!("{way}_headers_to_add")] = set.chain(add).collect();
        fields[format!("{way}_headers_to_remove")] = json!(edits.remove);
    }
}
