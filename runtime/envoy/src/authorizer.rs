use std::collections::BTreeMap;

use mesh_wire::authorizer::{AskedBy, Authorizer};
use mesh_wire::listener::InboundListener;
use mesh_wire::policy::{Action, Policy};
use serde_json::{Map, Value, json};

use super::{extension, policy, time};

/// What istiod calls the shadow rules that say whether somebody is asked.
const STAT: &str = "istio_ext_authz_";

/// Envoy's filters that ask others, as istiod configures them: one notes whether a rule matches, the other asks then.
pub(super) fn filters(wire: &InboundListener) -> Vec<Value> {
    wire.authorizers
        .iter()
        .flat_map(|one| [noted(one), asked(one)])
        .collect()
}

/// The rules of all authorizers, to refuse bytes by: nobody can be asked about those.
pub(super) fn refusals(wire: &InboundListener) -> impl Iterator<Item = (String, Policy)> {
    wire.authorizers.iter().flat_map(|one| {
        one.policies.iter().map(|(name, policy)| {
            let mut policy = policy.clone();
            policy.action = Action::Deny;
            (format!("{}-{name}", prefix(one)), policy)
        })
    })
}

fn prefix(one: &Authorizer) -> String {
    format!("istio-ext-authz-{}", one.name)
}

fn noted(one: &Authorizer) -> Value {
    let named = one.policies.iter();
    let policies: Map<String, Value> = named
        .map(|(name, wire)| (format!("{}-{name}", prefix(one)), policy::of_requests(wire)))
        .collect();
    let config = json!({
        "shadow_rules": { "action": "DENY", "policies": policies },
        "shadow_rules_stat_prefix": STAT,
    });
    let kind = "envoy.extensions.filters.http.rbac.v3.RBAC";
    extension("envoy.filters.http.rbac", kind, config)
}

fn asked(one: &Authorizer) -> Value {
    let mut config = json!({
        "transport_api_version": "V3",
        "failure_mode_allow": one.fail_open,
        "filter_enabled_metadata": {
            "filter": "envoy.filters.http.rbac",
            "path": [{ "key": format!("{STAT}shadow_effective_policy_id") }],
            "value": { "string_match": { "prefix": prefix(one) } },
        },
    });
    if let Some(status) = one.status_on_error {
        config["status_on_error"] = json!({ "code": status });
    }
    if let Some(body) = one.body {
        config["with_request_body"] = json!({ "max_request_bytes": body.most, "allow_partial_message": body.partial, "pack_as_bytes": body.bytes });
    }
    match &one.by {
        AskedBy::Grpc => {
            config["grpc_service"] = json!({
                "envoy_grpc": { "cluster_name": one.cluster, "authority": one.host },
                "timeout": time(one.timeout),
            });
        }
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
