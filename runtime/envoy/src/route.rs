use std::collections::BTreeSet;

use mesh_wire::Millis;
use mesh_wire::matcher::HeaderMatch;
use mesh_wire::route::{Cors, Fault, HeaderEdits, PathMatch, PerMillion, Route, RouteMatch, RouteTable};
use serde_json::{Map, Value, json};

use super::log::Side;
use super::manager::Http;
use super::{Export, action, matcher, time};

/// Everything to one cluster.
pub(super) fn all_to(name: &str, cluster: &str) -> Value {
    json!({ "name": name, "virtual_hosts": [{ "name": "inbound|http|0", "domains": ["*"], "routes": [
        { "name": "default", "match": { "prefix": "/" }, "route": { "cluster": cluster, "timeout": "0s" } } ] }] })
}

/// Envoy's `RouteConfiguration`.
pub(super) fn table(export: &mut Export<'_>, http: &Http<'_>, name: &str, table: &RouteTable) -> Value {
    let mut taken = BTreeSet::new();
    let mut hosts = Vec::new();
    let mut names = BTreeSet::new();
    for (place, host) in table.virtual_hosts.iter().enumerate() {
        let fresh = |domain: &&String| taken.insert(domain.to_ascii_lowercase());
        let domains: Vec<&String> = host.domains.iter().filter(fresh).collect();
        if domains.is_empty() {
            continue;
        }
        let unique = if names.insert(host.name.as_str()) {
            host.name.clone()
        } else {
            format!("{}#{place}", host.name)
        };
        let place = format!("{name}, {}", host.name);
        let routes: Vec<Value> = host
            .routes
            .iter()
            .map(|route| of(export, http, &place, route))
            .collect();
        hosts.push(json!({ "name": unique, "domains": domains, "routes": routes,
            "include_request_attempt_count": http.side == Side::Client }));
    }
    json!({ "name": name, "virtual_hosts": hosts, "ignore_port_in_host_matching": true,
        "max_direct_response_body_size_bytes": 1_048_576 })
}

fn of(export: &mut Export<'_>, http: &Http<'_>, place: &str, route: &Route) -> Value {
    let place = format!("{place}, {}", route.name.as_deref().unwrap_or("default"));
    let mut own = json!({
        "name": route.name.as_deref().unwrap_or("default"),
        "match": matches(export, &place, &route.matches),
    });
    edits(&mut own, "request", &route.request_headers);
    edits(&mut own, "response", &route.response_headers);
    action::put(export, http, &place, route, &mut own);
    let mut filters = Map::new();
    if let Some(fault) = &route.fault {
        filters.insert("envoy.filters.http.fault".to_owned(), self::fault(fault));
    }
    if let Some(cors) = &route.cors {
        filters.insert("envoy.filters.http.cors".to_owned(), self::cors(cors));
    }
    if let Some(Value::Object(before)) = own.get("typed_per_filter_config").cloned() {
        filters.extend(before);
    }
    if !filters.is_empty() {
        own["typed_per_filter_config"] = filters.into();
    }
    own
}

fn matches(export: &mut Export<'_>, place: &str, wanted: &RouteMatch) -> Value {
    let mut own = match &wanted.path {
        PathMatch::Prefix(path) => json!({ "prefix": path }),
        PathMatch::PathPrefix(path) => match path.trim_end_matches('/') {
            "" => json!({ "prefix": "/" }),
            path => json!({ "path_separated_prefix": path }),
        },
        PathMatch::Exact(path) => json!({ "path": path }),
        PathMatch::Regex(pattern) if wanted.ignore_case => {
            json!({ "safe_regex": { "regex": format!("(?i){pattern}") } })
        }
        PathMatch::Regex(pattern) => json!({ "safe_regex": { "regex": pattern } }),
    };
    let case = wanted.ignore_case && !matches!(wanted.path, PathMatch::Regex(_));
    own["case_sensitive"] = (!case).into();
    if !wanted.headers.is_empty() {
        own["headers"] = wanted.headers.iter().map(matcher::header).collect();
    }
    let mut parameter = |wanted: &HeaderMatch| {
        if wanted.invert {
            export.unsaid(format!(
                "{place}: the parameter `{}` must not be there, which Envoy cannot ask",
                wanted.name
            ));
        }
        match &wanted.value {
            Some(value) => json!({ "name": wanted.name, "string_match": matcher::text(value) }),
            None => json!({ "name": wanted.name, "present_match": true }),
        }
    };
    if !wanted.query.is_empty() {
        own["query_parameters"] = wanted.query.iter().map(&mut parameter).collect();
    }
    own
}

/// Changes to the headers of a `request` or `response`; those of the host are the route's affair.
pub(super) fn edits(own: &mut Value, of: &str, edits: &HeaderEdits) {
    let one = |(key, value): (&String, &String), action: &str| json!({ "header": { "key": key, "value": value }, "append_action": action, "keep_empty_value": value.is_empty() });
    let is_host = |key: &str| key.eq_ignore_ascii_case("host") || key.eq_ignore_ascii_case(":authority");
    let set = edits.set.iter().filter(|(key, _)| !is_host(key));
    let add = edits.add.iter().filter(|(key, _)| !is_host(key));
    let all: Vec<Value> = set
        .map(|pair| one(pair, "OVERWRITE_IF_EXISTS_OR_ADD"))
        .chain(add.map(|pair| one(pair, "APPEND_IF_EXISTS_OR_ADD")))
        .collect();
    if !all.is_empty() {
        own[format!("{of}_headers_to_add")] = all.into();
    }
    if !edits.remove.is_empty() {
        own[format!("{of}_headers_to_remove")] = json!(edits.remove);
    }
}

/// The host that edits of a request's headers set.
pub(super) fn host(edits: &HeaderEdits) -> Option<&String> {
    let mut set = edits.set.iter().chain(&edits.add);
    set.find(|(key, _)| key.eq_ignore_ascii_case("host") || key.eq_ignore_ascii_case(":authority"))
        .map(|(_, value)| value)
}

pub(super) fn share(share: PerMillion) -> Value {
    json!({ "numerator": share.0, "denominator": "MILLION" })
}

fn fault(fault: &Fault) -> Value {
    let delay = fault
        .delay
        .as_ref()
        .map(|delay| json!({ "fixed_delay": time(delay.delay), "percentage": share(delay.share) }));
    let abort = fault.abort.as_ref().map(|abort| {
        let status = abort.grpc_status.map_or_else(
            || ("http_status", u32::from(abort.status.unwrap_or(503))),
            |status| ("grpc_status", status),
        );
        json!({ status.0: status.1, "percentage": share(abort.share) })
    });
    json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "delay": delay, "abort": abort })
}

fn cors(cors: &Cors) -> Value {
    let list = |names: &[String]| (!names.is_empty()).then(|| names.join(","));
    let seconds = |age: Millis| (age.0 / 1000).to_string();
    let origins: Vec<Value> = cors.allow_origins.iter().map(matcher::text).collect();
    json!({ "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
        "allow_origin_string_match": origins,
        "allow_methods": list(&cors.allow_methods), "allow_headers": list(&cors.allow_headers),
        "expose_headers": list(&cors.expose_headers), "max_age": cors.max_age.map(seconds),
        "allow_credentials": cors.allow_credentials,
        "forward_not_matching_preflights": cors.forward_unmatched_preflights,
        "filter_enabled": { "default_value": { "numerator": 100, "denominator": "HUNDRED" } } })
}
