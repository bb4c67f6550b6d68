//! What other meshes say of clusters that the captured one does not.

#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod said;

use mesh_wire::cluster::{Balance, Discovery, Transport};
use said::{NONE, told, translated, typed};
use serde_json::{Value, json};

fn cluster(mut said: Value) -> Value {
    said["name"] = json!("outbound|443||api.example");
    typed("envoy.config.cluster.v3.Cluster", said)
}

#[test]
fn tls_with_files_is_begun_for_the_application() {
    let context = json!({
        "sni": "api.example",
        "commonTlsContext": {
            "tlsCertificateSdsSecretConfigs": [{"name": "file-cert:/etc/a.pem~/etc/a.key", "sdsConfig": {"ads": {}}}],
            "combinedValidationContext": {
                "defaultValidationContext": {"matchSubjectAltNames": [{"exact": "api.example"}]},
                "validationContextSdsSecretConfig": {"name": "file-root:/etc/ca.pem"}
            }
        }
    });
    let context = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        context,
    );
    let socket = json!({"name": "envoy.transport_sockets.tls", "typedConfig": context});
    let translation = translated(json!([cluster(
        json!({"type": "STRICT_DNS", "dnsRefreshRate": "5s", "transportSocket": socket})
    )]));
    let cluster = &translation.snapshot.clusters["outbound|443||api.example"];
    let Transport::Tls(tls) = &cluster.transport else {
        panic!("{:?}", cluster.transport)
    };
    assert_eq!(cluster.discovery, Discovery::StrictDns);
    assert_eq!(cluster.name_refresh, Some(mesh_wire::Millis(5_000)));
    assert_eq!(tls.ca_file.as_deref(), Some("/etc/ca.pem"));
    assert_eq!(tls.client.as_ref().unwrap().key, "/etc/a.key");
    assert!(!tls.insecure_skip_verify);
    assert_eq!(told(&translation), NONE);
}

#[test]
fn places_with_shares_weigh_what_they_should() {
    let endpoint = |address: &str, weight: u32| {
        let address = json!({"socketAddress": {"address": address, "portValue": 80}});
        json!({"endpoint": {"address": address}, "loadBalancingWeight": weight})
    };
    let place =
        |weight: u32, endpoints: Value| json!({"loadBalancingWeight": weight, "lbEndpoints": endpoints});
    let places = json!([
        place(80, json!([endpoint("10.0.0.1", 1), endpoint("10.0.0.2", 3)])),
        place(20, json!([endpoint("10.0.0.3", 1)])),
    ]);
    let said = json!({
        "type": "EDS",
        "lbPolicy": "RING_HASH",
        "edsClusterConfig": {"edsConfig": {"ads": {}}, "serviceName": "somebody"},
        "commonLbConfig": {"localityWeightedLbConfig": {}},
    });
    let assignment = json!({"clusterName": "somebody", "endpoints": places});
    let assignment = typed("envoy.config.endpoint.v3.ClusterLoadAssignment", assignment);
    let translation = translated(json!([assignment, cluster(said)]));
    let cluster = &translation.snapshot.clusters["outbound|443||api.example"];
    let places = cluster.endpoints.iter().flat_map(|place| &place.endpoints);
    let weights: Vec<_> = places.map(|endpoint| endpoint.weight).collect();
    assert_eq!(weights, [20_000, 60_000, 20_000]);
    assert_eq!(cluster.balance, Balance::RingHash { minimum_size: 1024 });
    assert_eq!(cluster.panic_threshold, 50);
    assert_eq!(told(&translation), NONE);
}

#[test]
fn what_a_cluster_says_and_nothing_acts_on_is_told() {
    let said =
        json!({"type": "EDS", "perConnectionBufferLimitBytes": 5, "healthChecks": [{}], "somethingNew": 1});
    assert_eq!(
        told(&translated(json!([cluster(said)]))),
        [
            "cds/outbound|443||api.example/#somethingNew = [\"1 bytes\"]: nothing acts on it",
            "cds/outbound|443||api.example/health_checks = [{}]: nothing acts on it",
            "cds/outbound|443||api.example/per_connection_buffer_limit_bytes = 5: nothing acts on it",
        ]
    );
    let unknown = translated(json!([typed("envoy.config.overload.v3.Other", json!({}))]));
    assert!(told(&unknown)[0].contains("the type is not known"), "{unknown:?}");
}

#[test]
fn servers_are_checked_whatever_holds_the_roots() {
    let transport = |context: Value| {
        let context = json!({ "commonTlsContext": context });
        let context = typed(
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            context,
        );
        let socket = json!({"name": "envoy.transport_sockets.tls", "typedConfig": context});
        let translation = translated(json!([cluster(
            json!({"type": "EDS", "transportSocket": socket})
        )]));
        match translation.snapshot.clusters["outbound|443||api.example"]
            .transport
            .clone()
        {
            Transport::Tls(tls) => (tls, told(&translation)),
            other => panic!("{other:?}"),
        }
    };
    let (files, left) = transport(json!({
        "validationContext": {"trustedCa": {"filename": "/etc/ca.pem"}},
        "tlsCertificates": [{"certificateChain": {"filename": "/a"}, "privateKey": {"filename": "/b"}}]
    }));
    assert_eq!(
        (files.ca_file.as_deref(), files.insecure_skip_verify),
        (Some("/etc/ca.pem"), false)
    );
    assert_eq!(files.client.unwrap().cert_chain, "/a");
    assert_eq!(left, NONE);
    let (inline, left) = transport(json!({"validationContext": {"trustedCa": {"inlineString": "PEM"}}}));
    assert!(!inline.insecure_skip_verify);
    assert_eq!(left.len(), 2, "{left:?}");
    let (system, left) = transport(json!({"validationContext": {"systemRootCerts": {}}}));
    assert_eq!((system.ca_file, system.insecure_skip_verify), (None, false));
    assert_eq!(left, NONE);
    let (nobody, _) = transport(json!({}));
    assert!(nobody.insecure_skip_verify);
}

#[test]
fn secrets_are_never_shown() {
    let certificate =
        json!({"privateKey": {"inlineString": "KEY"}, "certificateChain": {"filename": "a.pem"}});
    let secret = json!({"name": "default", "tlsCertificate": certificate});
    let secret = typed("envoy.extensions.transport_sockets.tls.v3.Secret", secret);
    let context = json!({"commonTlsContext": {"tlsCertificates": [certificate]}});
    let context = typed(
        "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        context,
    );
    let socket = json!({"name": "envoy.transport_sockets.tls", "typedConfig": context});
    let translation = translated(json!([
        secret,
        cluster(json!({"type": "EDS", "transportSocket": socket}))
    ]));
    let told = told(&translation).join("\n");
    assert!(told.contains("sds/default"), "{told}");
    assert!(told.contains("tls_certificates"), "{told}");
    assert!(!told.contains("KEY"), "{told}");
}

/// Envoy has one bound of requests' connections, by the cluster, and one of others, by the listener.
#[test]
fn connections_without_requests_have_bounds_of_their_own() {
    let name = "outbound|443||api.example";
    let options = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        json!({"commonHttpProtocolOptions": {"idleTimeout": "300s"}}),
    );
    let described = || {
        cluster(
            json!({"typedExtensionProtocolOptions": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}}),
        )
    };
    let listener = |port: u16, mut said: Value| {
        said["cluster"] = json!(name);
        let config = typed("envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy", said);
        let filter = json!({"name": "envoy.filters.network.tcp_proxy", "typedConfig": config});
        let listener = json!({
            "name": format!("0.0.0.0_{port}"),
            "address": {"socketAddress": {"address": "0.0.0.0", "portValue": port}},
            "trafficDirection": "OUTBOUND", "bindToPort": false, "filterChains": [{"filters": [filter]}],
        });
        typed("envoy.config.listener.v3.Listener", listener)
    };
    let limits = |all: Value| {
        let translation = translated(all);
        let limits = translation.snapshot.clusters[name].limits.clone();
        assert_eq!(limits.idle_timeout, Some(mesh_wire::Millis::from_secs(300)));
        let idle = limits.of_bytes().idle_timeout.map(|idle| idle.0 / 1000);
        (limits.bytes.is_some(), idle, told(&translation).len())
    };
    let idle = |span: &str| json!({"idleTimeout": span});
    assert_eq!(limits(json!([described()])), (false, Some(300), 0));
    assert_eq!(
        limits(json!([described(), listener(1, idle("300s"))])),
        (false, Some(300), 0)
    );
    assert_eq!(
        limits(json!([described(), listener(1, json!({}))])),
        (true, None, 0)
    );
    let two = json!([described(), listener(1, idle("60s")), listener(2, idle("60s"))]);
    assert_eq!(limits(two), (true, Some(60), 0));
    let apart = json!([described(), listener(1, idle("60s")), listener(2, idle("30s"))]);
    assert_eq!(limits(apart), (true, Some(60), 1));
}
