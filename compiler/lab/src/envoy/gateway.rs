//! An east-west gateway (Istio `AUTO_PASSTHROUGH`): it passes mutual TLS on by its SNI and opens none of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use mesh_wire::Snapshot;
use mesh_wire::cluster::{Discovery, Transport};
use serde_json::{Value, json};

use super::{ADMIN_PORT, BLACK_HOLE, GATEWAY_PORT, cluster, extension, http, outbound, socket_address};

/// What Istio's clients offer; others are not let through.
const MESH_ALPN: [&str; 5] = [
    "istio",
    "istio-peer-exchange",
    "istio-http/1.0",
    "istio-http/1.1",
    "istio-h2",
];

/// What the gateway lets in: SNI -> where it goes.
pub type Exports = BTreeMap<String, Vec<SocketAddr>>;

/// The bootstrap of a gateway that lets in `exports`.
pub fn gateway(exports: &Exports) -> Value {
    let names: Vec<&String> = exports.keys().collect();
    let mut clusters: Vec<Value> = exports
        .iter()
        .map(|(sni, endpoints)| passed_on(sni, endpoints))
        .collect();
    clusters.push(cluster::black_hole());
    let kind = "filters.listener.tls_inspector.v3.TlsInspector";
    json!({
        "node": { "id": "istio-eastwestgateway", "cluster": "istio-eastwestgateway" },
        "admin": { "address": socket_address("127.0.0.1", ADMIN_PORT) },
        "static_resources": {
            "listeners": [{
                "name": format!("0.0.0.0_{GATEWAY_PORT}"),
                "address": socket_address("0.0.0.0", GATEWAY_PORT),
                "listener_filters": [extension("envoy.filters.listener.tls_inspector", kind, json!({}))],
                "filter_chains": [{
                    "filter_chain_match": { "server_names": names, "application_protocols": MESH_ALPN },
                    "filters": [
                        extension("envoy.filters.network.sni_cluster", "filters.network.sni_cluster.v3.SniCluster", json!({})),
                        // The filter before it puts the SNI in the place of this cluster.
                        outbound::tcp_proxy(BLACK_HOLE, ("cluster", json!(BLACK_HOLE)), http::Direction::Inbound),
                    ],
                }],
            }],
            "clusters": clusters,
        },
    })
}

/// The exports of a gateway, from what a workload of its network sees: every service that has endpoints which
/// `is_local` knows as the gateway's own.
pub fn exports(snapshot: &Snapshot, is_local: impl Fn(&SocketAddr) -> bool) -> Exports {
    let mut all = Exports::new();
    for cluster in snapshot
        .clusters
        .values()
        .filter(|it| it.discovery == Discovery::Listed)
    {
        let Transport::Mesh(tls) = &cluster.transport else {
            continue;
        };
        let endpoints = cluster.endpoints.iter().flat_map(|place| &place.endpoints);
        let addresses = endpoints.filter_map(|it| Some(SocketAddr::new(it.address.parse().ok()?, it.port)));
        let local: Vec<SocketAddr> = addresses.filter(&is_local).collect();
        if !local.is_empty() {
            all.insert(tls.sni.clone(), local);
        }
    }
    all
}

fn passed_on(sni: &str, endpoints: &[SocketAddr]) -> Value {
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|it| json!({ "endpoint": { "address": socket_address(it.ip(), it.port()) } }))
        .collect();
    json!({
        "name": sni,
        "type": "STATIC",
        "connect_timeout": "10s",
        "lb_policy": "LEAST_REQUEST",
        "load_assignment": { "cluster_name": sni, "endpoints": [{ "lb_endpoints": endpoints }] },
    })
}
