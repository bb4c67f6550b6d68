//! Which endpoints of a cluster serve a caller, and their shares.

use std::collections::BTreeMap;

use mesh_wire::cluster::{Cluster, Endpoint, Failover, Locality, LocalityPolicy};

/// Shares are split in so many parts, so that small ones stay exact.
const FINE: u64 = 10_000;

/// An endpoint and how it counts for one caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// Where it stands.
    pub locality: &'a Locality,
    /// `0` serves; the next take over when those before fail.
    pub level: usize,
    /// Its share among those of its level, relative to the others.
    pub weight: u64,
}

/// The endpoints of `cluster` for a caller at `place` with `labels`, nearest first (Istio `localityLbSetting`).
/// Endpoints of weight 0 get nothing.
pub fn ranked<'a>(
    cluster: &'a Cluster,
    place: &Locality,
    labels: &BTreeMap<String, String>,
) -> Vec<Ranked<'a>> {
    let mut all = Vec::new();
    for group in &cluster.endpoints {
        for endpoint in group.endpoints.iter().filter(|endpoint| endpoint.weight > 0) {
            let rank = match &cluster.locality {
                LocalityPolicy::Ignore | LocalityPolicy::Distribute(_) => 0,
                LocalityPolicy::Given => group.priority,
                LocalityPolicy::Nearest => distance(place, &group.locality),
                LocalityPolicy::Failover(failover) => {
                    after(failover, place, &group.locality, labels, endpoint)
                }
            };
            let weight = u64::from(endpoint.weight);
            all.push((rank, weight, endpoint, &group.locality));
        }
    }
    if let LocalityPolicy::Distribute(shares) = &cluster.locality
        && let Some((_, to)) = shares.iter().find(|(from, _)| covers(from, place))
    {
        all = distributed(to, &all);
    }
    all.sort_by_key(|(rank, ..)| *rank);
    let mut ranks: Vec<u32> = all.iter().map(|(rank, ..)| *rank).collect();
    ranks.dedup();
    let level = |rank| ranks.iter().position(|other| *other == rank).unwrap_or(0);
    let each = all.into_iter().map(|(rank, weight, endpoint, locality)| Ranked {
        endpoint,
        locality,
        level: level(rank),
        weight,
    });
    each.collect()
}

type Entry<'a> = (u32, u64, &'a Endpoint, &'a Locality);

/// 0 in the same sub-zone, 1 in the zone, 2 in the region, 3 elsewhere.
fn distance(own: &Locality, other: &Locality) -> u32 {
    if own.region != other.region {
        3
    } else if own.zone != other.zone {
        2
    } else {
        u32::from(own.subzone != other.subzone)
    }
}

/// Labels come before places: the more of them, from the first on, are shared, the nearer.
fn after(
    failover: &Failover,
    own: &Locality,
    other: &Locality,
    labels: &BTreeMap<String, String>,
    endpoint: &Endpoint,
) -> u32 {
    let distance = distance(own, other);
    let next = failover.regions.get(&own.region);
    let of_place = distance + u32::from(distance == 3 && next.is_some_and(|next| *next != other.region));
    if failover.labels.is_empty() {
        return of_place;
    }
    let shared = failover.labels.iter().take_while(|label| {
        let (key, wanted) = match label.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (label.as_str(), labels.get(*label).map(String::as_str)),
        };
        endpoint.labels.get(key).map(String::as_str) == wanted
    });
    let missing = u32::try_from(failover.labels.len() - shared.count()).unwrap_or(u32::MAX);
    let places = if failover.regions.is_empty() { 0 } else { of_place };
    missing.saturating_mul(5).saturating_add(places)
}

/// `region/zone/subzone`, each `*` or left out for any.
fn covers(pattern: &str, place: &Locality) -> bool {
    let parts = [&place.region, &place.zone, &place.subzone];
    let mut wanted = pattern.split('/');
    parts
        .into_iter()
        .all(|part| wanted.next().is_none_or(|wanted| wanted == "*" || wanted == part))
}

fn distributed<'a>(to: &BTreeMap<String, u32>, all: &[Entry<'a>]) -> Vec<Entry<'a>> {
    let mut out = Vec::new();
    for (pattern, share) in to {
        let inside = || all.iter().filter(|(.., locality)| covers(pattern, locality));
        let sum: u64 = inside().map(|(_, weight, ..)| weight).sum();
        for (rank, weight, endpoint, locality) in inside() {
            let weight = weight * u64::from(*share) * FINE / sum.max(1);
            if weight > 0 {
                out.push((*rank, weight, *endpoint, *locality));
            }
        }
    }
    out
}
