use mesh_wire::cluster::{Cluster, HttpVersion, Transport};
use mesh_wire::route::{Forward, HashPolicy, PathRewrite, Redirect, Retry, Route, RouteAction};
use serde_json::{Value, json};

use super::manager::Http;
use super::{Export, route, time};

/// Puts what becomes of requests into Envoy's route.
pub(super) fn put(export: &mut Export<'_>, http: &Http<'_>, place: &str, wire: &Route, own: &mut Value) {
    match &wire.action {
        RouteAction::Respond(answer) => {
            own["direct_response"] =
                json!({ "status": answer.status, "body": { "inline_string": answer.body } });
        }
        RouteAction::Redirect(redirect) => own["redirect"] = self::redirect(export, place, redirect),
        RouteAction::Forward(forward) => {
            own["route"] = self::forward(export, http, wire, forward);
            if let [only] = &forward.clusters[..]
                && let Some(state) = offer(export, http, &only.cluster)
            {
                own["typed_per_filter_config"] = state;
            }
        }
    }
}

fn redirect(export: &mut Export<'_>, place: &str, redirect: &Redirect) -> Value {
    let code = match redirect.status {
        302 => "FOUND",
        303 => "SEE_OTHER",
        307 => "TEMPORARY_REDIRECT",
        308 => "PERMANENT_REDIRECT",
        301 => "MOVED_PERMANENTLY",
        other => {
            export.unsaid(format!("{place}: Envoy does not redirect with {other}"));
            "MOVED_PERMANENTLY"
        }
    };
    let mut own = json!({ "response_code": code, "scheme_redirect": redirect.scheme,
        "host_redirect": redirect.host, "port_redirect": redirect.port });
    match &redirect.path {
        Some(PathRewrite::Prefix(path)) => own["prefix_rewrite"] = json!(path),
        Some(PathRewrite::Full(path)) => own["path_redirect"] = json!(path),
        Some(regex @ PathRewrite::Regex { .. }) => own["regex_rewrite"] = expression(regex),
        None => {}
    }
    own
}

/// Envoy's `RegexMatchAndSubstitute`.
fn expression(rewrite: &PathRewrite) -> Value {
    match rewrite {
        PathRewrite::Regex {
            pattern,
            substitution,
        } => json!({ "pattern": { "regex": pattern }, "substitution": substitution }),
        // The query is no part of what Envoy rewrites.
        PathRewrite::Full(path) | PathRewrite::Prefix(path) => {
            json!({ "pattern": { "regex": "^.*$" }, "substitution": path.replace('\\', r"\\") })
        }
    }
}

fn forward(export: &mut Export<'_>, http: &Http<'_>, wire: &Route, forward: &Forward) -> Value {
    let mut own = json!({
        "timeout": time(forward.timeout), "max_grpc_timeout": time(forward.timeout),
        "retry_policy": forward.retry.as_ref().map(retry),
        "host_rewrite_literal": forward.host_rewrite.as_ref().or(route::host(&wire.request_headers)),
    });
    let weighed: Vec<_> = forward.clusters.iter().filter(|share| share.weight > 0).collect();
    let bare = |share: &mesh_wire::route::WeightedCluster| {
        share.request_headers.is_empty() && share.response_headers.is_empty()
    };
    let only = match (&weighed[..], &forward.clusters[..]) {
        ([only], _) => Some(*only),
        ([], [only, ..]) => Some(only),
        _ => None,
    };
    match only {
        Some(only) if bare(only) => own["cluster"] = json!(only.cluster),
        _ => {
            let all = if weighed.is_empty() {
                only.into_iter().collect()
            } else {
                weighed
            };
            let shares: Vec<Value> = all
                .iter()
                .map(|share| {
                    let mut own = json!({ "name": share.cluster, "weight": share.weight.max(1),
                        "host_rewrite_literal": route::host(&share.request_headers),
                        "typed_per_filter_config": offer(export, http, &share.cluster) });
                    route::edits(&mut own, "request", &share.request_headers);
                    route::edits(&mut own, "response", &share.response_headers);
                    own
                })
                .collect();
            own["weighted_clusters"] = json!({ "clusters": shares });
        }
    }
    match &forward.path_rewrite {
        Some(PathRewrite::Prefix(path)) => own["prefix_rewrite"] = json!(path),
        Some(other) => own["regex_rewrite"] = expression(other),
        None => {}
    }
    if !forward.mirrors.is_empty() {
        let mirrors = forward.mirrors.iter();
        let mirror = |mirror: &mesh_wire::route::Mirror| {
            json!({ "cluster": mirror.cluster, "disable_shadow_host_suffix_append": true,
                "runtime_fraction": { "default_value": route::share(mirror.share) } })
        };
        own["request_mirror_policies"] = mirrors.map(mirror).collect();
    }
    if !forward.hash.is_empty() {
        own["hash_policy"] = forward.hash.iter().map(hash).collect();
    }
    own
}

fn retry(retry: &Retry) -> Value {
    let predicate =
        "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate";
    let priority =
        "type.googleapis.com/envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig";
    json!({
        "retry_on": retry.on.join(","), "num_retries": retry.attempts,
        "per_try_timeout": (!retry.per_try_timeout.is_zero()).then(|| time(retry.per_try_timeout)),
        "retriable_status_codes": retry.status_codes,
        "retry_host_predicate": retry.other_endpoint.then(|| json!([
            { "name": "envoy.retry_host_predicates.previous_hosts", "typed_config": { "@type": predicate } }])),
        "host_selection_retry_max_attempts": retry.host_selection_attempts,
        "retry_priority": retry.other_locality.then(|| json!({
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": { "@type": priority, "update_frequency": 2 } })),
        "retry_back_off": (!retry.back_off.is_zero()).then(|| json!({ "base_interval": time(retry.back_off) })),
    })
}

fn hash(policy: &HashPolicy) -> Value {
    match policy {
        HashPolicy::Header(name) => json!({ "header": { "header_name": name } }),
        HashPolicy::Cookie { name, path, ttl } => {
            json!({ "cookie": { "name": name, "path": path, "ttl": ttl.map(time) } })
        }
        HashPolicy::SourceIp => json!({ "connection_properties": { "source_ip": true } }),
        HashPolicy::Query(name) => json!({ "query_parameter": { "name": name } }),
    }
}

/// Istio's names for HTTP, to be offered to peers of a cluster that speaks what the client spoke: its transport cannot
/// know them.
fn offer(export: &Export<'_>, http: &Http<'_>, cluster: &str) -> Option<Value> {
    let Cluster {
        transport: Transport::Mesh(_),
        http: HttpVersion::AsClient,
        ..
    } = export.snapshot.clusters.get(cluster)?
    else {
        return None;
    };
    let names = super::tls::istio_http(http.http2).join(",");
    Some(json!({ "envoy.filters.http.set_filter_state": {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config",
        "on_request_headers": [{
            "object_key": "envoy.network.application_protocols",
            "format_string": { "text_format_source": { "inline_string": names } },
        }] } }))
}
