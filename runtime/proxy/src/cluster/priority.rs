//! Which endpoints come first, and how heavy each is: Istio's `localityLbSetting`.

use std::sync::Arc;

use mesh_wire::cluster::{Failover, Locality, LocalityPolicy};

use super::{Endpoint, Own};

/// Weights are multiplied by this before they are split, so that small shares stay exact.
const FINE: u64 = 10_000;

/// Endpoints of each priority with their weights; the first is preferred.
pub(super) fn levels(
    policy: &LocalityPolicy,
    own: &Own,
    endpoints: &[Arc<Endpoint>],
) -> Vec<Vec<(Arc<Endpoint>, u64)>> {
    let place = &own.place;
    let rank = |endpoint: &Endpoint| match policy {
        LocalityPolicy::Ignore | LocalityPolicy::Distribute(_) => 0,
        LocalityPolicy::Given => endpoint.priority,
        LocalityPolicy::Nearest => distance(place, &endpoint.locality),
        LocalityPolicy::Failover(failover) => {
            let labels = unlike(failover, own, endpoint);
            // Labels alone where nothing is said of regions (Istio `ApplyLocalityLoadBalancer`).
            let places = failover.labels.is_empty() || !failover.regions.is_empty();
            let there = &endpoint.locality;
            let far = after(failover.regions.get(&place.region), distance(place, there), there);
            labels * (FARTHEST + 1) + if places { far } else { 0 }
        }
    };
    let mut ranked: Vec<_> = endpoints
        .iter()
        .map(|endpoint| (rank(endpoint), endpoint))
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    let mut levels: Vec<Vec<(Arc<Endpoint>, u64)>> = Vec::new();
    let mut last = None;
    for (rank, endpoint) in ranked {
        // Endpoints of weight 0 get no traffic (Istio drains with it).
        if endpoint.wire.weight == 0 {
            continue;
        }
        if last != Some(rank) {
            levels.push(Vec::new());
            last = Some(rank);
        }
        if let Some(level) = levels.last_mut() {
            level.push((endpoint.clone(), u64::from(endpoint.wire.weight)));
        }
    }
    if let LocalityPolicy::Distribute(shares) = policy
        && let Some((_, to)) = shares.iter().find(|(from, _)| covers(from, place))
    {
        return vec![distributed(to, levels.pop().unwrap_or_default())];
    }
    levels
}

/// The highest that [`after`] gives.
const FARTHEST: u32 = 4;
/// The label that makes no difference to those behind it.
const NETWORK: &str = "topology.istio.io/network";

/// How unlike the proxy an endpoint is: the number of labels from the first on that it does not share. The network,
/// where it comes first, counts by itself (Istio `applyFailoverPriorityPerLocality`).
fn unlike(failover: &Failover, own: &Own, endpoint: &Endpoint) -> u32 {
    let count = u32::try_from(failover.labels.len()).unwrap_or(u32::MAX);
    if own.labels.is_empty() {
        return 0;
    }
    let value = |key: &str| endpoint.wire.labels.get(key).map(String::as_str);
    let mut apart = 0;
    for (place, label) in (0..).zip(&failover.labels) {
        let (key, wanted) = match label.split_once('=') {
            Some((key, wanted)) => (key, Some(wanted)),
            None => (label.as_str(), own.labels.get(label).map(String::as_str)),
        };
        if wanted.unwrap_or_default() == value(key).unwrap_or_default() {
            continue;
        }
        if place == 0 && key == NETWORK {
            apart = count;
            continue;
        }
        return count - place + apart;
    }
    apart
}

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

/// The same, with the region that takes over before all others.
fn after(next: Option<&String>, distance: u32, other: &Locality) -> u32 {
    distance + u32::from(distance == 3 && next.is_some_and(|next| *next != other.region))
}

/// `region/zone/subzone`, each `*` or left out for any.
fn covers(pattern: &str, place: &Locality) -> bool {
    let parts = [&place.region, &place.zone, &place.subzone];
    let mut wanted = pattern.split('/');
    parts
        .into_iter()
        .all(|part| wanted.next().is_none_or(|wanted| wanted == "*" || wanted == part))
}

fn distributed(
    to: &std::collections::BTreeMap<String, u32>,
    endpoints: Vec<(Arc<Endpoint>, u64)>,
) -> Vec<(Arc<Endpoint>, u64)> {
    let mut out = Vec::new();
    for (pattern, share) in to {
        let inside: Vec<_> = endpoints
            .iter()
            .filter(|(endpoint, _)| covers(pattern, &endpoint.locality))
            .collect();
        let sum: u64 = inside.iter().map(|(_, weight)| weight).sum();
        for (endpoint, weight) in inside {
            let weight = weight * u64::from(*share) * FINE / sum.max(1);
            if weight > 0 {
                out.push((endpoint.clone(), weight));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(region: &str, zone: &str) -> Locality {
        Locality {
            region: region.to_owned(),
            zone: zone.to_owned(),
            subzone: String::new(),
        }
    }

    #[test]
    fn the_nearer_the_less_distant() {
        let own = place("r", "a");
        assert_eq!(distance(&own, &own), 0);
        assert_eq!(distance(&own, &place("r", "b")), 2);
        assert_eq!(distance(&own, &place("s", "a")), 3);
    }

    #[test]
    fn the_region_that_takes_over_comes_before_others() {
        let next = "s".to_owned();
        assert_eq!(after(Some(&next), 3, &place("s", "a")), 3);
        assert_eq!(after(Some(&next), 3, &place("t", "a")), 4);
        assert_eq!(after(None, 3, &place("t", "a")), 3);
        assert_eq!(after(Some(&next), 1, &place("r", "a")), 1);
    }

    fn labelled(labels: &[(&str, &str)]) -> Endpoint {
        let mut endpoint = Endpoint::original(([10, 0, 0, 1], 80).into(), false, None);
        let pairs = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        endpoint.wire.labels = pairs.collect();
        endpoint
    }

    #[test]
    fn labels_count_from_the_first_on_and_the_network_for_itself() {
        let mut own = Own::default();
        for (key, value) in [(NETWORK, "n"), ("a", "1"), ("b", "2")] {
            own.labels.insert(key.to_owned(), value.to_owned());
        }
        let by = |labels: &[&str]| Failover {
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            ..Failover::default()
        };
        let plain = by(&["a", "b"]);
        for (labels, expected) in [
            (&[("a", "1"), ("b", "2")][..], 0),
            (&[("a", "1"), ("b", "9")], 1),
            (&[("a", "9"), ("b", "2")], 2),
            (&[], 2),
        ] {
            assert_eq!(unlike(&plain, &own, &labelled(labels)), expected, "{labels:?}");
        }
        let networks = by(&[NETWORK, "a", "b=7"]);
        for (labels, expected) in [
            (&[(NETWORK, "n"), ("a", "1"), ("b", "7")][..], 0),
            (&[(NETWORK, "n"), ("a", "1"), ("b", "2")], 1),
            (&[(NETWORK, "m"), ("a", "1"), ("b", "7")], 3),
            (&[(NETWORK, "m"), ("a", "9"), ("b", "7")], 5),
        ] {
            assert_eq!(unlike(&networks, &own, &labelled(labels)), expected, "{labels:?}");
        }
    }

    #[test]
    fn patterns_cover_what_they_leave_out() {
        assert!(covers("r/a/*", &place("r", "a")));
        assert!(covers("r", &place("r", "b")));
        assert!(covers("*", &place("x", "y")));
        assert!(!covers("r/b", &place("r", "a")));
    }
}
