use std::collections::BTreeMap;

use mesh_wire::cluster::{Cluster, Endpoint, Locality, LocalityEndpoints};
use mesh_wire::nearness::{Own, covers};
use serde_json::{Value, json};

use super::{Export, host_and_port};

/// Weights are multiplied by this before they are split, so that small shares stay exact.
const FINE: u64 = 10_000;

/// Envoy's `ClusterLoadAssignment`, with the priorities that istiod would compute for this proxy.
pub(super) fn all(export: &Export<'_>, name: &str, cluster: &Cluster) -> Value {
    let own = export.snapshot.node.as_ref().map(Own::of).unwrap_or_default();
    let mut ranked: Vec<(u32, usize, &Endpoint)> = Vec::new();
    for (place, all) in cluster.endpoints.iter().enumerate() {
        for endpoint in all.endpoints.iter().filter(|endpoint| endpoint.weight > 0) {
            let rank = cluster
                .locality
                .rank(&own, all.priority, &all.locality, &endpoint.labels);
            ranked.push((rank, place, endpoint));
        }
    }
    ranked.sort_by_key(|(rank, place, _)| (*rank, *place));
    let mut places: Vec<Value> = Vec::new();
    let (mut priority, mut last) = (0, None);
    for (rank, place, endpoint) in ranked {
        if last != Some((rank, place)) {
            if last.is_some_and(|(before, _)| before != rank) {
                priority += 1;
            }
            last = Some((rank, place));
            let locality = &cluster.endpoints[place].locality;
            places.push(json!({ "priority": priority, "lb_endpoints": [],
                "locality": { "region": locality.region, "zone": locality.zone, "sub_zone": locality.subzone } }));
        }
        if let Some(Value::Array(all)) = places.last_mut().and_then(|place| place.get_mut("lb_endpoints")) {
            all.push(of(endpoint));
        }
    }
    if let Some(shares) = cluster.locality.shares(&own) {
        weigh(&mut places, shares, cluster);
    }
    json!({ "cluster_name": name, "endpoints": places })
}

/// The share of each place; of one pattern that covers several, by how heavy their endpoints are.
fn weigh(places: &mut Vec<Value>, shares: &BTreeMap<String, u32>, cluster: &Cluster) {
    let mut weights: BTreeMap<Locality, u64> = BTreeMap::new();
    let heavy = |place: &LocalityEndpoints| -> u64 {
        place
            .endpoints
            .iter()
            .map(|endpoint| u64::from(endpoint.weight))
            .sum()
    };
    for (pattern, share) in shares {
        let inside = || {
            cluster
                .endpoints
                .iter()
                .filter(|place| covers(pattern, &place.locality))
        };
        let sum: u64 = inside().map(heavy).sum();
        for place in inside() {
            *weights.entry(place.locality.clone()).or_default() +=
                heavy(place) * u64::from(*share) * FINE / sum.max(1);
        }
    }
    places.retain_mut(|place| {
        let said = |key: &str| place["locality"][key].as_str().unwrap_or_default().to_owned();
        let locality = Locality {
            region: said("region"),
            zone: said("zone"),
            subzone: said("sub_zone"),
        };
        let weight = weights.get(&locality).copied().unwrap_or_default();
        place["load_balancing_weight"] = weight.into();
        weight > 0
    });
}

fn of(endpoint: &Endpoint) -> Value {
    let metadata = endpoint
        .mtls
        .then(|| json!({ "filter_metadata": { "envoy.transport_socket_match": { "tlsMode": "istio" } } }));
    json!({ "endpoint": { "address": host_and_port(&endpoint.address, endpoint.port) },
        "load_balancing_weight": endpoint.weight, "metadata": metadata })
}
