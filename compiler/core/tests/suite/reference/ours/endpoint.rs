use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::cluster::{Cluster, Endpoint, Failover, Locality, LocalityEndpoints, LocalityPolicy};
use mesh_wire::snapshot::Node;

use crate::reference::facts::{Facts, distance, field, fields, place_weight};

pub(crate) fn add(facts: &mut Facts, name: &str, cluster: &Cluster, node: &Node) {
    let all = || {
        let places = cluster.endpoints.iter();
        places.flat_map(|place| std::iter::repeat(place).zip(&place.endpoints))
    };
    let rank = |place: &LocalityEndpoints, endpoint: &Endpoint| match &cluster.locality {
        LocalityPolicy::Ignore | LocalityPolicy::Distribute(_) => (0, 0),
        LocalityPolicy::Given => (0, place.priority),
        LocalityPolicy::Nearest => (0, far(&node.locality, &place.locality)),
        LocalityPolicy::Failover(failover) => taking_over(failover, node, &place.locality, endpoint),
    };
    let ranks: BTreeSet<_> = all().map(|(place, endpoint)| rank(place, endpoint)).collect();
    let shares = shares(cluster, &node.locality);
    for (index, place) in cluster.endpoints.iter().enumerate() {
        let sum = weight(place);
        let Some(share) = shares
            .as_ref()
            .map_or(Some(sum), |shares| shares.get(&index).copied())
        else {
            continue;
        };
        for endpoint in &place.endpoints {
            let own = rank(place, endpoint);
            let priority = ranks.iter().position(|rank| *rank == own).unwrap();
            let locality = parts(&place.locality).join("/");
            let path = format!(
                "endpoint/{name}/{locality}/{}:{}",
                endpoint.address, endpoint.port
            );
            let value = [
                format!("priority={priority}"),
                self::endpoint(endpoint),
                place_weight(share, sum),
            ];
            facts.insert(path, fields(&value));
        }
    }
}

/// First by labels, then by places where they count.
fn taking_over(failover: &Failover, node: &Node, locality: &Locality, endpoint: &Endpoint) -> (usize, u32) {
    let shared = failover.labels.iter().take_while(|choice| {
        let (key, value) = choice.split_once('=').unwrap_or((choice, ""));
        let own = own_label(node, key);
        let asked = if choice.contains('=') {
            Some(value)
        } else {
            own.as_deref()
        };
        endpoint.labels.get(key).map(String::as_str).unwrap_or_default() == asked.unwrap_or_default()
    });
    let by_labels = failover.labels.len() - shared.count();
    if !failover.labels.is_empty() && failover.regions.is_empty() {
        return (by_labels, 0);
    }
    let far = far(&node.locality, locality);
    let next = failover.regions.get(&node.locality.region);
    let last = far == 3 && next.is_some_and(|next| *next != locality.region);
    (by_labels, far + u32::from(last))
}

/// Istio knows a workload's place by labels too.
fn own_label(node: &Node, key: &str) -> Option<String> {
    match key {
        "topology.kubernetes.io/region" => Some(node.locality.region.clone()),
        "topology.kubernetes.io/zone" => Some(node.locality.zone.clone()),
        "topology.istio.io/subzone" => Some(node.locality.subzone.clone()),
        "topology.istio.io/network" => Some(node.network.clone()),
        "topology.istio.io/cluster" => Some(node.cluster.clone()),
        key => node.labels.get(key).cloned(),
    }
}

/// What each place gets where the caller's place has shares: those in none get nothing.
fn shares(cluster: &Cluster, own: &Locality) -> Option<BTreeMap<usize, u64>> {
    let LocalityPolicy::Distribute(all) = &cluster.locality else {
        return None;
    };
    let (_, to) = all.iter().find(|(from, _)| covers(from, own))?;
    let places = || cluster.endpoints.iter().enumerate();
    let mut shares = BTreeMap::new();
    for (pattern, share) in to {
        let inside: Vec<_> = places()
            .filter(|(_, place)| covers(pattern, &place.locality))
            .collect();
        let sum: u64 = inside.iter().map(|(_, place)| weight(place)).sum();
        for (index, place) in inside {
            shares.insert(index, (weight(place) * u64::from(*share)).div_ceil(sum));
        }
    }
    Some(shares)
}

fn covers(pattern: &str, place: &Locality) -> bool {
    let mut wanted = pattern.split('/');
    parts(place)
        .iter()
        .all(|part| wanted.next().is_none_or(|wanted| wanted == "*" || wanted == part))
}

fn weight(place: &LocalityEndpoints) -> u64 {
    place
        .endpoints
        .iter()
        .map(|endpoint| u64::from(endpoint.weight))
        .sum()
}

fn endpoint(endpoint: &Endpoint) -> String {
    let workload = endpoint.workload.as_ref().map(|workload| {
        let revision = workload.revision.trim_start_matches("latest");
        [
            &workload.name,
            &workload.namespace,
            &workload.service,
            revision,
            &workload.cluster,
        ]
        .join(";")
    });
    fields(&[
        format!("weight={} mtls={}", endpoint.weight, endpoint.mtls),
        field("workload", workload),
    ])
}

fn far(own: &Locality, other: &Locality) -> u32 {
    distance(&parts(own), &parts(other))
}

fn parts(locality: &Locality) -> [String; 3] {
    [
        locality.region.clone(),
        locality.zone.clone(),
        locality.subzone.clone(),
    ]
}
