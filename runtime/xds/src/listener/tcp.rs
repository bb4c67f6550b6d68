//! `envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`.

use mesh_wire::route::{HeaderEdits, WeightedCluster};
use mesh_wire::telemetry::Side;

use super::log;
use crate::reader::Reader;
use crate::translate::{OfConnections, Parts};

/// The clusters behind it. What it says of connections is kept for them, since there it is ours to say.
pub(super) fn read(parts: &mut Parts, mut proxy: Reader<'_>, side: Side) -> Vec<WeightedCluster> {
    proxy.skip("stat_prefix");
    log::read(parts, &mut proxy, side, log::Of::Traffic);
    let clusters = match proxy.some_text("cluster") {
        Some(cluster) => vec![share(cluster, 1)],
        None => weighted(&mut proxy),
    };
    let hashes = proxy.messages("hash_policy").into_iter();
    let said = OfConnections {
        source_hash: hashes.filter_map(|mut hash| hash.message("source_ip")).count() > 0,
        idle: proxy.span("idle_timeout"),
        age: proxy.span("max_downstream_connection_duration"),
    };
    for share in &clusters {
        let path = proxy.path().to_owned();
        parts.of_connections.push((share.cluster.clone(), path, said));
    }
    clusters
}

fn weighted(proxy: &mut Reader<'_>) -> Vec<WeightedCluster> {
    let Some(mut weighted) = proxy.message("weighted_clusters") else {
        return Vec::new();
    };
    let clusters = weighted.messages("clusters").into_iter();
    clusters
        .map(|mut one| share(one.text("name"), one.number("weight").unwrap_or(0)))
        .collect()
}

fn share(cluster: String, weight: u32) -> WeightedCluster {
    WeightedCluster {
        cluster,
        weight,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }
}
