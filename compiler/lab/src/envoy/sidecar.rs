//! The Envoy beside a pod.

use std::collections::BTreeSet;

use mesh_wire::Snapshot;
use mesh_wire::route::RouteAction;
use serde_json::{Value, json};

use super::{ADMIN_PORT, BLACK_HOLE, cluster, inbound, outbound, socket_address};

/// The bootstrap of a sidecar that does what `snapshot` says.
pub fn sidecar(snapshot: &Snapshot) -> Value {
    let mut listeners = vec![outbound::catch_all(snapshot), inbound::listener(snapshot)];
    listeners.extend(
        snapshot
            .outbound
            .iter()
            .map(|it| outbound::listener(snapshot, it)),
    );
    let http = http_clusters(snapshot);
    let mut clusters: Vec<Value> = snapshot
        .clusters
        .iter()
        .map(|(name, it)| cluster::cluster(name, it, http.contains(name.as_str())))
        .collect();
    if !snapshot.clusters.contains_key(BLACK_HOLE) {
        clusters.push(cluster::black_hole());
    }
    let node = snapshot.node.as_ref();
    json!({
        "node": {
            "id": node.map_or("sidecar", |it| it.id.as_str()),
            "cluster": node.map_or_else(String::new, |it| format!("{}.{}", it.workload, it.namespace)),
        },
        "admin": { "address": socket_address("127.0.0.1", ADMIN_PORT) },
        "static_resources": { "listeners": listeners, "clusters": clusters },
    })
}

/// The clusters that requests go to; in the others, connections are passed on.
fn http_clusters(snapshot: &Snapshot) -> BTreeSet<&str> {
    let hosts = snapshot.routes.values().flat_map(|table| &table.virtual_hosts);
    let forwards = hosts
        .flat_map(|host| &host.routes)
        .filter_map(|route| match &route.action {
            RouteAction::Forward(forward) => Some(forward),
            _ => None,
        });
    forwards
        .flat_map(|forward| &forward.clusters)
        .map(|share| share.cluster.as_str())
        .collect()
}
