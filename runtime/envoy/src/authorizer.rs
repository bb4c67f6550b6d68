use std::collections::BTreeMap;

use mesh_wire::authorizer::{AskedBy, Authorizer};
use mesh_wire::listener::InboundListener;
use serde_json::{Map, Value, json};

use super::{extension, policy, time};

/// What istiod calls the shadow rules that say whether somebody is asked.
const STAT: &str = "istio_ext_authz_";

/// Envoy's filters that ask others about requests, as istiod configures them: one notes whether a rule matches, the other
/// asks then.
pub(super) fn http(wire: &InboundListener) -> Vec<Value> {
    let all = wire.authorizers.iter();
    all.flat_map(|one| [noted(one, true), of_requests(one)]).collect()
}

/// The same for connections, about which only those can be asked that speak gRPC.
pub(super) fn network(wire: &InboundListener) -> Vec<Value> {
    let all = wire.authorizers.iter();
    let all = all.filter(|one| matches!(one.by, AskedBy::Grpc));
    all.flat_map(|one| [noted(one, false), of_connections(one)])
        .collect()
}

fn prefix(one: &Authorizer) -> String {
    format!("istio-ext-authz-{}", one.name)
}

fn noted(one: &Authorizer, http: bool) -> Value {
    let named = one.policies.iter().filter(|(_, policy)| !policy.dry_run);
    let policies: Map<String, Value> = named
        .map(|(name, wire)| (format!("{}-{name}", prefix(one)), policy::asked(wire, http)))
        .collect();
    policy::filter(
        http,
        json!({
            "shadow_rules": { "action": "DENY", "policies": policies },
            "shadow_rules_stat_prefix": STAT,
        }),
    )
}

/// What filters of either kind say.
fn asked(one: &Authorizer, noting: &str) -> Value {
    json!({
        "transport_api_version": "V3",
        "failure_mode_allow": one.fail_open,
        "filter_enabled_metadata": {
            "filter": noting,
            "path": [{ "key": format!("{STAT}shadow_effective_policy_id") }],
            "value": { "string_match": { "prefix": prefix(one) } },
        },
    })
}

fn by_grpc(one: &Authorizer) -> Value {
    json!({
        "envoy_grpc": { "cluster_name": one.cluster, "authority": one.host },
        "timeout": time(one.timeout),
    })
}

fn of_connections(one: &Authorizer) -> Value {
    let mut config = asked(one, "envoy.filters.network.rbac");
    config["stat_prefix"] = "tcp.".into();
    config["grpc_service"] = by_grpc(one);
    let kind = "envoy.extensions.filters.network.ext_authz.v3.ExtAuthz";
    extension("envoy.filters.network.ext_authz", kind, config)
}

fn of_requests(one: &Authorizer) -> Value {
    let mut config = asked(one, "envoy.filters.http.rbac");
    if let Some(status) = one.status_on_error {
        config["status_on_error"] = json!({ "code": status });
    }
    if let Some(body) = one.body {
        config["with_request_body"] = json!({ "max_request_bytes": body.most, "allow_partial_message": body.partial, "pack_as_bytes": body.bytes });
    }
    match &one.by {
        AskedBy::Grpc => config["grpc_service"] = by_grpc(one),
        AskedBy::Http {
            path_prefix,
            send,
            add,
            upstream,
            allow,
            deny,
        } => {
            config["http_service"] = json!({
                "path_prefix": path_prefix.as_deref().unwrap_or_default(),
                "server_uri": { "uri": format!("http://{}", one.host), "cluster": one.cluster, "timeout": time(one.timeout) },
                "authorization_request": (!add.is_empty()).then(|| json!({ "headers_to_add": headers(add) })),
                "authorization_response": {
                    "allowed_upstream_headers": patterns(upstream),
                    "allowed_client_headers_on_success": patterns(allow),
                    "allowed_client_headers": patterns(deny),
                },
            });
            if !send.is_empty() {
                config["allowed_headers"] = patterns(send);
            }
        }
    }
    let kind = "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz";
    extension("envoy.filters.http.ext_authz", kind, config)
}

fn headers(all: &BTreeMap<String, String>) -> Value {
    let one = |(name, value): (&String, &String)| json!({ "key": name, "value": value });
    all.iter().map(one).collect()
}

/// Names of headers, with `*` behind or before.
fn patterns(names: &[String]) -> Value {
    if names.is_empty() {
        return Value::Null;
    }
    let one = |name: &String| match (name.strip_prefix('*'), name.strip_suffix('*')) {
        (Some(end), _) => json!({ "suffix": end, "ignore_case": true }),
        (None, Some(begin)) => json!({ "prefix": begin, "ignore_case": true }),
        (None, None) => json!({ "exact": name, "ignore_case": true }),
    };
    json!({ "patterns": names.iter().map(one).collect::<Vec<_>>() })
}
