//! What other meshes say of listeners and routes that the captured one does not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod asked;
mod said;

use mesh_wire::cluster::Discovery;
use mesh_wire::listener::{InboundProtocol, MtlsMode, OutboundProtocol};
use mesh_wire::policy::{Permission, Principal};
use mesh_wire::route::{PathMatch, RouteAction};
use mesh_wire::snapshot::{AccessLog, TracingProvider};
use mesh_wire::telemetry::{ISTIO_LINE, Side};
use said::{NONE, told, translated, typed};
use serde_json::{Value, json};

fn tcp(cluster: &str, mut said: Value) -> Value {
    said["cluster"] = json!(cluster);
    let config = typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", said);
    json!({"name": "envoy.filters.network.tcp_proxy", "typedConfig": config})
}

fn http(filters: Value, routes: Value, mut said: Value) -> Value {
    said["httpFilters"] = filters;
    said["routeConfig"] = json!({"virtualHosts": [{"name": "a", "domains": ["*"], "routes": routes}]});
    let kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    json!({"name": "envoy.filters.network.http_connection_manager", "typedConfig": typed(kind, said)})
}

fn listener(name: &str, address: &str, port: u16, chains: Value) -> Value {
    let inbound = name == "virtualInbound";
    let mut said = json!({
        "name": name,
        "address": {"socketAddress": {"address": address, "portValue": port}},
        "trafficDirection": if inbound { "INBOUND" } else { "OUTBOUND" },
        "filterChains": chains,
    });
    if !name.starts_with("virtual") {
        said["bindToPort"] = json!(false);
    }
    typed("envoy.config.listener.v3.Listener", said)
}

fn all_to(cluster: &str) -> Value {
    let retry = json!({"retryOn": "reset-before-request", "numRetries": 2});
    json!([{"match": {"prefix": "/"}, "route": {"cluster": cluster, "timeout": "0s", "retryPolicy": retry}}])
}

fn rbac(said: Value) -> Value {
    json!({"name": "envoy.filters.http.rbac", "typedConfig": typed("envoy.extensions.filters.http.rbac.v3.RBAC", said)})
}

#[test]
fn chains_of_one_port_are_one_listener() {
    let kind = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
    let context = json!({
        "requireClientCertificate": true,
        "commonTlsContext": {
            "tlsCertificateSdsSecretConfigs": [{"name": "default"}],
            "combinedValidationContext": {
                "defaultValidationContext": {"matchSubjectAltNames": [{"prefix": "spiffe://td.example/"}]},
                "validationContextSdsSecretConfig": {"name": "ROOTCA"}
            }
        }
    });
    let mesh = json!({"name": "envoy.transport_sockets.tls", "typedConfig": typed(kind, context)});
    let to = json!({"destinationPort": 80});
    let requests = http(json!([]), all_to("inbound|80||"), json!({}));
    let translation = translated(json!([listener(
        "virtualInbound",
        "0.0.0.0",
        15006,
        json!([
            {"filterChainMatch": to, "filters": [requests], "transportSocket": mesh},
            {"filterChainMatch": to, "filters": [tcp("inbound|80||", json!({}))], "transportSocket": mesh},
            {"filterChainMatch": to, "filters": [requests]},
            {"filterChainMatch": to, "filters": [tcp("inbound|80||", json!({}))]},
        ])
    )]));
    let [inbound] = translation.snapshot.inbound.as_slice() else {
        panic!("{:?}", translation.snapshot.inbound)
    };
    assert_eq!(inbound.port, Some(80));
    assert_eq!(inbound.protocol, InboundProtocol::Detect);
    assert_eq!(inbound.mtls, MtlsMode::Permissive);
    assert_eq!(inbound.cluster, "inbound|80||");
    assert_eq!(inbound.routes, None);
    assert!(translation.trust_domains.contains("td.example"));
    assert_eq!(told(&translation), NONE);
}

#[test]
fn tls_of_applications_is_told_apart_by_name() {
    let translation = translated(json!([listener(
        "0.0.0.0_443",
        "0.0.0.0",
        443,
        json!([
            {"filterChainMatch": {"serverNames": ["a.example"]}, "filters": [tcp("outbound|443||a.example", json!({
                "hashPolicy": [{"sourceIp": {}}], "idleTimeout": "60s"
            }))]},
            {"filters": [tcp("PassthroughCluster", json!({}))]},
        ])
    )]));
    let OutboundProtocol::Tls { routes, otherwise } = &translation.snapshot.outbound[0].protocol else {
        panic!("{:?}", translation.snapshot.outbound)
    };
    assert_eq!(routes[0].sni, ["a.example"]);
    assert_eq!(otherwise, "PassthroughCluster");
    // Nobody described it: connections are closed.
    let cluster = &translation.snapshot.clusters["outbound|443||a.example"];
    assert_eq!(cluster.discovery, Discovery::BlackHole);
    assert_eq!(told(&translation), NONE);
}

#[test]
fn policies_that_are_not_understood_refuse() {
    let any = json!([{"any": true}]);
    let unknown =
        json!({"permissions": [{"destinationPortRange": {"start": 1, "end": 9}}], "principals": any});
    let peer = json!({"key": "io.istio.peer_principal", "stringMatch": {"exact": "spiffe://td/ns/a/sa/b"}});
    let peer = json!({"permissions": any, "principals": [{"filterState": peer}]});
    let filters = json!([
        rbac(json!({"rules": {"action": "DENY", "policies": {"deny": unknown}}})),
        rbac(json!({"rules": {"policies": {"allow": unknown, "peer": peer}}})),
        rbac(
            json!({"shadowRules": {"policies": {"ask": peer}}, "shadowRulesStatPrefix": "istio_ext_authz_"})
        ),
    ]);
    let chains = json!([{"filters": [http(filters, all_to("inbound|80||"), json!({}))]}]);
    let translation = translated(json!([listener("virtualInbound", "0.0.0.0", 15006, chains)]));
    let policies = &translation.snapshot.inbound[0].policy.policies;
    assert_eq!(policies["deny"].permissions, [Permission::Any]);
    assert_eq!(
        policies["allow"].permissions,
        [Permission::Not(Box::new(Permission::Any))]
    );
    assert!(matches!(
        policies["peer"].principals[0],
        Principal::Authenticated(Some(_))
    ));
    assert!(!policies.contains_key("ask"));
    assert_eq!(told(&translation).len(), 3, "{:?}", told(&translation));
}

#[test]
fn policies_of_bytes_may_leave_out_what_is_asked_of_requests() {
    let any = json!([{"any": true}]);
    let path =
        json!([{"andRules": {"rules": [{"orRules": {"rules": [{"urlPath": {"path": {"exact": "/a"}}}]}}]}}]);
    let deny = |permissions: &Value| json!({"rules": {"action": "DENY", "policies": {"d": {"permissions": permissions, "principals": any}}}});
    let of_requests = http(json!([rbac(deny(&path))]), all_to("inbound|80||"), json!({}));
    let every = json!([{"andRules": {"rules": any}}]);
    let of_bytes = typed("envoy.extensions.filters.network.rbac.v3.RBAC", deny(&every));
    let of_bytes = json!({"name": "envoy.filters.network.rbac", "typedConfig": of_bytes});
    let mongo = typed(
        "envoy.extensions.filters.network.mongo_proxy.v3.MongoProxy",
        json!({"statPrefix": "a"}),
    );
    let mongo = json!({"name": "envoy.filters.network.mongo_proxy", "typedConfig": mongo});
    let chains = json!([
        {"filters": [of_requests]},
        {"filters": [of_bytes, mongo, tcp("inbound|80||", json!({}))]},
    ]);
    let translation = translated(json!([listener("virtualInbound", "0.0.0.0", 15006, chains)]));
    assert_eq!(told(&translation), NONE);
}

#[test]
fn authorizers_are_asked_about_bytes_as_about_requests() {
    let rule =
        json!({"permissions": [{"urlPath": {"path": {"exact": "/a"}}}], "principals": [{"any": true}]});
    let every = json!({"permissions": [{"any": true}], "principals": [{"any": true}]});
    let noted = |rule: &Value| {
        json!({"shadowRules": {"action": "DENY", "policies": {"istio-ext-authz-opa-rule": rule}},
            "shadowRulesStatPrefix": "istio_ext_authz_"})
    };
    let asked = |filter: &str, cluster: &str| {
        let path = json!([{"key": "istio_ext_authz_shadow_effective_policy_id"}]);
        let value = json!({"stringMatch": {"prefix": "istio-ext-authz-opa"}});
        json!({"transportApiVersion": "V3", "failureModeAllow": true,
            "grpcService": {"envoyGrpc": {"clusterName": cluster, "authority": "opa.ops"}, "timeout": "600s"},
            "filterEnabledMetadata": {"filter": filter, "path": path, "value": value}})
    };
    let chains = |cluster: &str| {
        let of = |name: &str, kind: &str, said: Value| json!({"name": name, "typedConfig": typed(&format!("envoy.extensions.filters.{kind}"), said)});
        let requests = [
            rbac(noted(&rule)),
            of(
                "envoy.filters.http.ext_authz",
                "http.ext_authz.v3.ExtAuthz",
                asked("envoy.filters.http.rbac", "opa"),
            ),
        ];
        let bytes = [
            of("rbac", "network.rbac.v3.RBAC", noted(&every)),
            of(
                "authz",
                "network.ext_authz.v3.ExtAuthz",
                asked("envoy.filters.network.rbac", cluster),
            ),
            tcp("inbound|80||", json!({})),
        ];
        let manager = http(json!(requests), all_to("inbound|80||"), json!({}));
        let to = |more: Value| {
            let mut to = json!({"destinationPort": 80});
            to.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            to
        };
        let sniffed = to(json!({"applicationProtocols": ["http/1.1", "h2c"]}));
        translated(json!([listener(
            "virtualInbound",
            "0.0.0.0",
            15006,
            json!([
                {"filterChainMatch": sniffed, "filters": [manager]},
                {"filterChainMatch": to(json!({})), "filters": bytes},
            ])
        )]))
    };
    let translation = chains("opa");
    assert_eq!(told(&translation), NONE);
    let [one] = &translation.snapshot.inbound[0].authorizers[..] else {
        panic!("{:?}", translation.snapshot.inbound[0].authorizers);
    };
    assert!(one.fail_open && one.name == "opa");
    let path = &one.policies["rule"].permissions[0];
    assert!(matches!(path, Permission::Path(_)), "{path:?}");
    let told = told(&chains("another"));
    assert!(
        told.iter().any(|one| one.contains("of bytes the same are asked")),
        "{told:?}"
    );
}

/// Istio puts dry runs of CUSTOM where Envoy enforces them (`pilot/pkg/security/authz/builder`).
#[test]
fn dry_runs_of_authorizers_refuse_as_with_envoy() {
    let rule = json!({"permissions": [{"any": true}], "principals": [{"any": true}]});
    let noted = rbac(json!({
        "rules": {"action": "DENY", "policies": {"istio-ext-authz-opa-dry": rule}},
        "shadowRules": {"action": "DENY"}, "shadowRulesStatPrefix": "istio_ext_authz_"
    }));
    let manager = http(json!([noted]), all_to("inbound|80||"), json!({}));
    let chain = json!({"filterChainMatch": {"destinationPort": 80}, "filters": [manager]});
    let translation = translated(json!([listener(
        "virtualInbound",
        "0.0.0.0",
        15006,
        json!([chain])
    )]));
    let policies = &translation.snapshot.inbound[0].policy.policies;
    assert!(!policies["istio-ext-authz-opa-dry"].dry_run);
    assert_eq!(told(&translation), NONE);
}

#[test]
fn zipkin_is_where_its_service_says() {
    let uri = |path: &str| json!({"httpUri": {"uri": format!("http://zipkin.ops{path}"), "cluster": "outbound|9411||zipkin.ops", "timeout": "5s"}});
    for (path, told_of) in [("/api/v2/spans", 0), ("/other", 1)] {
        let config = json!({"collectorEndpointVersion": "HTTP_JSON", "collectorService": uri(path)});
        let provider = typed("envoy.config.trace.v3.ZipkinConfig", config);
        let spans =
            json!({"tracing": {"provider": {"name": "envoy.tracers.zipkin", "typedConfig": provider}}});
        let chains = json!([{"filters": [http(json!([]), all_to("outbound|80||a"), spans)]}]);
        let translation = translated(json!([listener("0.0.0.0_80", "0.0.0.0", 80, chains)]));
        assert_eq!(told(&translation).len(), told_of, "{:?}", told(&translation));
        let tracing = translation.snapshot.telemetry.unwrap().tracing.unwrap();
        assert_eq!(
            (tracing.provider, tracing.cluster.as_str()),
            (TracingProvider::Zipkin, "outbound|9411||zipkin.ops")
        );
    }
}

#[test]
fn a_route_that_is_not_understood_takes_nothing() {
    let to = json!({"cluster": "outbound|80||a.example", "timeout": "0s"});
    let routes = json!([
        {"match": {"prefix": "/a", "dynamicMetadata": [{}]}, "route": to},
        {"match": {"prefix": "/b"}, "nonForwardingAction": {}},
        {"match": {"pathSeparatedPrefix": "/c"}, "redirect": {"pathRedirect": "/d", "httpsRedirect": true}},
        {"match": {"safeRegex": {"regex": "/e.*"}, "headers": [{"name": "X-A", "presentMatch": false}]}, "route": to},
    ]);
    let chains = json!([{"filters": [http(json!([]), routes, json!({}))]}]);
    let translation = translated(json!([listener("0.0.0.0_80", "0.0.0.0", 80, chains)]));
    let routes = &translation.snapshot.routes["0.0.0.0_80"].virtual_hosts[0].routes;
    let [redirect, forward] = routes.as_slice() else {
        panic!("{routes:?}")
    };
    assert!(matches!(&redirect.action, RouteAction::Redirect(to) if to.scheme.as_deref() == Some("https")));
    assert_eq!(forward.matches.path, PathMatch::Regex("/e.*".to_owned()));
    assert_eq!(forward.matches.headers[0].name, "x-a");
    assert!(forward.matches.headers[0].invert);
    let told = told(&translation);
    assert!(
        told.iter().any(|line| line.contains("dynamic_metadata")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.contains("non_forwarding_action")),
        "{told:?}"
    );
}

#[test]
fn telemetry_of_all_listeners_is_one() {
    let zipkin = json!({"collectorCluster": "zipkin", "collectorEndpoint": "/api/v2/spans"});
    let provider =
        json!({"name": "zipkin", "typedConfig": typed("envoy.config.trace.v3.ZipkinConfig", zipkin)});
    let file = json!({"path": "/dev/stdout", "logFormat": {"jsonFormat": {"a": "%PROTOCOL%"}}});
    let log = json!({
        "name": "envoy.access_loggers.file",
        "typedConfig": typed("envoy.extensions.access_loggers.file.v3.FileAccessLog", file)
    });
    let stats = json!({"name": "istio.stats", "typedConfig": typed("stats.PluginConfig", json!({
        "metrics": [{"name": "requests_total", "tags_to_remove": ["app"]}]
    }))});
    let said =
        json!({"accessLog": [log], "tracing": {"randomSampling": {"value": 2.5}, "provider": provider}});
    let served = http(json!([stats]), all_to("inbound|80||"), said);
    let inbound = json!([{"filters": [served]}]);
    let outbound = json!([{"filters": [tcp("outbound|90||a.example", json!({}))]}]);
    let translation = translated(json!([
        listener("virtualInbound", "0.0.0.0", 15006, inbound),
        listener("10.0.0.1_90", "10.0.0.1", 90, outbound),
    ]));
    let telemetry = translation.snapshot.telemetry.as_ref().unwrap();
    let tracing = telemetry.tracing.as_ref().unwrap();
    assert_eq!(
        (tracing.provider, tracing.sampling.0),
        (TracingProvider::Zipkin, 25_000)
    );
    assert_eq!(telemetry.access_log, Some(AccessLog::Json));
    assert_eq!(telemetry.access_log_options.at, Some(Side::Server));
    assert_eq!(telemetry.access_log_options.fields["a"], "%PROTOCOL%");
    // What leaves is not counted, and what arrives without a label.
    assert_eq!(telemetry.metric_edits.len(), 2, "{:?}", telemetry.metric_edits);
    assert_eq!(told(&translation), NONE);
}

/// A provider of files and one of collectors, as istiod has Envoy write both, of what arrives.
#[test]
fn a_file_and_a_collector_are_two_logs() {
    let text = |text: &str| json!({"stringValue": text});
    let own = json!({"path": "/dev/stdout", "logFormat": {"textFormatSource": {"inlineString": ISTIO_LINE}}});
    let told_to = |labels: Value| {
        json!({
            "commonConfig": {
                "logName": "otel_envoy_accesslog",
                "grpcService": {"envoyGrpc": {"clusterName": "outbound|4317||otel", "authority": "otel"}},
                "transportApiVersion": "V3",
                "filterStateObjectsToLog": ["upstream_peer"],
            },
            "disableBuiltinLabels": true,
            "body": text(ISTIO_LINE),
            "attributes": {"values": labels},
        })
    };
    let expression = json!({"expression": "response.code >= 500"});
    let filter = json!({"extensionFilter": {
        "name": "cel",
        "typedConfig": typed("envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter", expression)
    }});
    let log = |kind: &str, config: Value| {
        let kind = format!("envoy.extensions.access_loggers.{kind}");
        json!({"name": "log", "filter": filter, "typedConfig": typed(&kind, config)})
    };
    let otel = "open_telemetry.v3.OpenTelemetryAccessLogConfig";
    let labels = json!([{"key": "code", "value": text("%RESPONSE_CODE%")}]);
    let said = json!({"accessLog": [log("file.v3.FileAccessLog", own), log(otel, told_to(labels)), log(otel, told_to(json!([])))]});
    let served = http(json!([]), all_to("inbound|80||"), said);
    let outbound = json!([{"filters": [tcp("outbound|90||a.example", json!({}))]}]);
    let translation = translated(json!([
        listener("virtualInbound", "0.0.0.0", 15006, json!([{"filters": [served]}])),
        listener("10.0.0.1_90", "10.0.0.1", 90, outbound),
    ]));
    let telemetry = translation.snapshot.telemetry.as_ref().unwrap();
    let logs: Vec<_> = telemetry.logs().collect();
    for (_, options) in &logs {
        assert_eq!(options.at, Some(Side::Server));
        assert_eq!(options.filter.as_deref(), Some("response.code >= 500"));
    }
    let [(first, file), (second, otel), (third, bare)] = logs[..] else {
        panic!("{logs:?}")
    };
    let line = AccessLog::Text(None);
    assert_eq!((first, second, third), (&line, &AccessLog::Json, &line));
    assert_eq!((&file.cluster, &file.file), (&None, &None));
    assert_eq!(otel.cluster.as_deref(), Some("outbound|4317||otel"));
    assert_eq!(otel.fields["code"], "%RESPONSE_CODE%");
    assert!(bare.fields.is_empty());
    assert_eq!(told(&translation), NONE);
}

#[test]
fn logs_of_other_protocols_are_told() {
    let kind = "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig";
    let config = json!({"commonConfig": {"logName": "als"}});
    let said = json!({"accessLog": [{"name": "als", "typedConfig": typed(kind, config)}]});
    let served = http(json!([]), all_to("inbound|80||"), said);
    let translation = translated(json!([listener(
        "virtualInbound",
        "0.0.0.0",
        15006,
        json!([{"filters": [served]}])
    )]));
    assert_eq!(
        translation
            .snapshot
            .telemetry
            .as_ref()
            .and_then(|told| told.access_log.as_ref()),
        None
    );
    let told = told(&translation);
    assert!(
        told.iter().any(|line| line.contains("HttpGrpcAccessLogConfig")),
        "{told:?}"
    );
}

#[test]
fn tokens_that_must_be_there_are_told() {
    let provider = json!({
        "issuer": "https://issuer.example",
        "localJwks": {"inlineString": "{}"},
        "payloadInMetadata": "payload",
        "forward": true,
    });
    let authn = |requires: Value| {
        let said = json!({"providers": {"a": provider}, "rules": [{"match": {"prefix": "/"}, "requires": requires}]});
        let kind = "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication";
        let filter = json!({"name": "jwt", "typedConfig": typed(kind, said)});
        let served = http(json!([filter]), all_to("inbound|80||"), json!({}));
        translated(json!([listener(
            "virtualInbound",
            "0.0.0.0",
            15006,
            json!([{"filters": [served]}])
        )]))
    };
    let istios =
        authn(json!({"requiresAny": {"requirements": [{"providerName": "a"}, {"allowMissing": {}}]}}));
    assert_eq!(istios.snapshot.inbound[0].jwt[0].issuer, "https://issuer.example");
    assert_eq!(told(&istios), NONE);
    let strict = authn(json!({"providerName": "a"}));
    assert_eq!(told(&strict).len(), 1, "{:?}", told(&strict));
}

#[test]
fn what_nobody_asks_for_and_what_nobody_sent_is_told() {
    let assignment = json!({"clusterName": "somebody"});
    let assignment = typed("envoy.config.endpoint.v3.ClusterLoadAssignment", assignment);
    let asked = json!({"rds": {"configSource": {"ads": {}}, "routeConfigName": "80"}});
    let kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
    let served = json!({"name": "http", "typedConfig": typed(kind, asked)});
    let chains = json!([{"filters": [served]}]);
    let translation = translated(json!([assignment, listener("0.0.0.0_80", "0.0.0.0", 80, chains)]));
    assert_eq!(
        told(&translation),
        [
            "eds/somebody = \"somebody\": no cluster asks for these endpoints",
            "lds/0.0.0.0_80/route_config_name = \"80\": no routes of this name were sent: requests are answered with 404",
        ]
    );
    assert!(translation.snapshot.routes.contains_key("80"));
}

#[test]
fn listeners_of_both_families_are_one() {
    let socket = |address: &str| json!({"address": {"socketAddress": {"address": address, "portValue": 80}}});
    let chains = json!([{"filters": [tcp("outbound|80||a.example", json!({}))]}]);
    let mut both = listener("0.0.0.0_80", "0.0.0.0", 80, chains.clone());
    both["additionalAddresses"] = json!([socket("::")]);
    let mut own = listener("10.0.0.1_80", "10.0.0.1", 80, chains);
    own["additionalAddresses"] = json!([socket("2001:2::1")]);
    let wrapped = typed(
        "envoy.service.discovery.v3.Resource",
        json!({"name": "10.0.0.1_80", "resource": own}),
    );
    let translation = translated(json!([both, wrapped]));
    let [all, own] = translation.snapshot.outbound.as_slice() else {
        panic!("{:?}", translation.snapshot.outbound)
    };
    assert!(all.addresses.is_empty());
    assert_eq!(own.addresses.len(), 2);
    assert_eq!(told(&translation), NONE);
}

/// As istiod says it where capture is by TPROXY.
#[test]
fn applications_see_clients_where_the_listener_keeps_their_addresses() {
    for (said, is_told) in [
        (json!({"mark": 1337}), false),
        (json!({"bindPort": true, "mark": 1337}), true),
    ] {
        let kind = "envoy.extensions.filters.listener.original_src.v3.OriginalSrc";
        let filter = json!({"name": "envoy.filters.listener.original_src", "typedConfig": typed(kind, said)});
        let chains = json!([{"filters": [tcp("InboundPassthroughCluster", json!({}))]}]);
        let mut inbound = listener("virtualInbound", "0.0.0.0", 15006, chains);
        inbound["transparent"] = json!(true);
        inbound["listenerFilters"] = json!([filter]);
        let translation = translated(json!([inbound]));
        assert!(
            translation
                .snapshot
                .inbound
                .iter()
                .all(|listener| listener.client_source)
        );
        assert_eq!(translation.snapshot.inbound.len(), 1);
        let told = told(&translation).concat();
        assert_eq!(told.contains("bind_port"), is_told, "{told}");
        assert!(is_told || told.is_empty(), "{told}");
    }
}
