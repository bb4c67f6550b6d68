//! Authorizers: what is noted for them, and who asks then.

use std::collections::BTreeMap;

use mesh_wire::Millis;
use mesh_wire::authorizer::{AskedBody, AskedBy};
use mesh_wire::policy::Permission;
use serde_json::{Value, json};

use super::said::{NONE, told, translated, typed};
use super::{all_to, http, listener, rbac};

/// As istiod has them: what is noted for it, and who asks then.
fn custom(name: &str, asks: Value) -> [Value; 2] {
    let rule = json!({
        "permissions": [{"andRules": {"rules": [{"urlPath": {"path": {"prefix": "/admin/"}}}]}}],
        "principals": [{"any": true}],
    });
    let rules = json!({"action": "DENY",
        "policies": {format!("istio-ext-authz-{name}-ns[shop]-policy[a]-rule[0]"): rule}});
    let noted = rbac(json!({"shadowRules": rules, "shadowRulesStatPrefix": "istio_ext_authz_"}));
    let mut config = asks;
    config["transportApiVersion"] = json!("V3");
    config["filterEnabledMetadata"] = json!({"filter": "envoy.filters.http.rbac",
        "path": [{"key": "istio_ext_authz_shadow_effective_policy_id"}],
        "value": {"stringMatch": {"prefix": format!("istio-ext-authz-{name}")}}});
    let config = typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", config);
    [
        noted,
        json!({"name": "envoy.filters.http.ext_authz", "typedConfig": config}),
    ]
}

#[test]
fn authorizers_are_asked_about_what_is_noted_for_them() {
    let place = "outbound|9191||opa.ops.svc.cluster.local";
    let grpc = custom(
        "opa",
        json!({
            "grpcService": {"envoyGrpc": {"clusterName": place, "authority": "opa.ops"}, "timeout": "0.5s"},
            "failureModeAllow": true,
            "withRequestBody": {"maxRequestBytes": 8192, "allowPartialMessage": true, "packAsBytes": true},
            "statusOnError": {"code": "ServiceUnavailable"},
        }),
    );
    let names = |name: &str| json!({"patterns": [{"exact": name, "ignoreCase": true}, {"prefix": "x-b", "ignoreCase": true}]});
    let http_service = json!({
        "serverUri": {"uri": "http://gate.ops", "cluster": "outbound|8000||gate.ops", "timeout": "2s"},
        "pathPrefix": "/check",
        "authorizationRequest": {"headersToAdd": [{"key": "X-Told", "value": "a"}]},
        "authorizationResponse": {"allowedUpstreamHeaders": names("x-u"), "allowedClientHeaders": names("x-d"),
            "allowedClientHeadersOnSuccess": names("x-s")},
    });
    let by_http = custom(
        "gate",
        json!({"httpService": http_service, "allowedHeaders": names("x-a")}),
    );
    let filters: Vec<Value> = grpc.into_iter().chain(by_http).collect();
    let chains = json!([{"filters": [http(json!(filters), all_to("inbound|80||"), json!({}))]}]);
    let translation = translated(json!([listener("virtualInbound", "0.0.0.0", 15006, chains)]));
    assert_eq!(told(&translation), NONE);
    let [opa, gate] = translation.snapshot.inbound[0].authorizers.as_slice() else {
        panic!("{:?}", translation.snapshot.inbound)
    };
    assert_eq!(
        (opa.name.as_str(), opa.cluster.as_str(), opa.host.as_str()),
        ("opa", place, "opa.ops")
    );
    assert_eq!(
        (opa.timeout, opa.fail_open, opa.status_on_error),
        (Millis(500), true, Some(503))
    );
    let body = AskedBody {
        most: 8192,
        partial: true,
        bytes: true,
    };
    assert_eq!((opa.body, &opa.by), (Some(body), &AskedBy::Grpc));
    assert!(opa.policies["ns[shop]-policy[a]-rule[0]"].permissions[0] != Permission::Any);
    let list = |name: &str| vec![name.to_owned(), "x-b*".to_owned()];
    let by = AskedBy::Http {
        path_prefix: Some("/check".to_owned()),
        send: list("x-a"),
        add: BTreeMap::from([("x-told".to_owned(), "a".to_owned())]),
        upstream: list("x-u"),
        allow: list("x-s"),
        deny: list("x-d"),
    };
    assert_eq!(
        (gate.host.as_str(), gate.timeout, &gate.by),
        ("gate.ops", Millis(2000), &by)
    );
    assert_eq!(gate.policies.len(), 1);
}
