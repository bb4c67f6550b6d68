//! How near endpoints are to a proxy: Istio's `localityLbSetting`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::cluster::{Failover, Locality, LocalityPolicy};
use crate::snapshot::Node;

/// What of the proxy itself decides which endpoints are near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Where it stands.
    pub place: Locality,
    /// Its labels, and those that Istio puts on every proxy.
    pub labels: BTreeMap<String, String>,
    /// Its addresses: those of other families it does not reach.
    pub addresses: Vec<IpAddr>,
}

impl Own {
    /// Those of `node`.
    pub fn of(node: &Node) -> Self {
        let place = &node.locality;
        let mut labels = node.labels.clone();
        for (label, value) in [
            ("topology.kubernetes.io/region", &place.region),
            ("topology.kubernetes.io/zone", &place.zone),
            ("topology.istio.io/subzone", &place.subzone),
            ("topology.istio.io/network", &node.network),
            ("topology.istio.io/cluster", &node.cluster),
        ] {
            if !value.is_empty() {
                labels.entry(label.to_owned()).or_insert_with(|| value.clone());
            }
        }
        Self {
            place: place.clone(),
            labels,
            addresses: node.addresses.clone(),
        }
    }
}

impl LocalityPolicy {
    /// How late the endpoints at `there` with `labels` are turned to, lower first; `given` is the priority that they carry.
    pub fn rank(&self, own: &Own, given: u32, there: &Locality, labels: &BTreeMap<String, String>) -> u32 {
        let place = &own.place;
        match self {
            Self::Ignore | Self::Distribute(_) => 0,
            Self::Given => given,
            Self::Nearest => distance(place, there),
            Self::Failover(failover) => {
                let labels = unlike(failover, own, labels);
                // Labels alone where nothing is said of regions (Istio `ApplyLocalityLoadBalancer`).
                let places = failover.labels.is_empty() || !failover.regions.is_empty();
                let far = after(failover.regions.get(&place.region), distance(place, there), there);
                labels * (FARTHEST + 1) + if places { far } else { 0 }
            }
        }
    }

    /// Pattern of places -> share in percent, where shares are said for a proxy at the place of `own`.
    pub fn shares(&self, own: &Own) -> Option<&BTreeMap<String, u32>> {
        let Self::Distribute(shares) = self else {
            return None;
        };
        let found = shares.iter().find(|(from, _)| covers(from, &own.place));
        found.map(|(_, to)| to)
    }
}

/// The highest that [`after`] gives.
const FARTHEST: u32 = 4;
/// The label that makes no difference to those behind it.
const NETWORK: &str = "topology.istio.io/network";

/// How unlike the proxy an endpoint is: the number of labels from the first on that it does not share. The network,
/// where it comes first, counts by itself (Istio `applyFailoverPriorityPerLocality`).
fn unlike(failover: &Failover, own: &Own, labels: &BTreeMap<String, String>) -> u32 {
    let count = u32::try_from(failover.labels.len()).unwrap_or(u32::MAX);
    if own.labels.is_empty() {
        return 0;
    }
    let value = |key: &str| labels.get(key).map(String::as_str);
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
pub fn covers(pattern: &str, place: &Locality) -> bool {
    let parts = [&place.region, &place.zone, &place.subzone];
    let mut wanted = pattern.split('/');
    parts
        .into_iter()
        .all(|part| wanted.next().is_none_or(|wanted| wanted == "*" || wanted == part))
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

    fn labelled(labels: &[(&str, &str)]) -> BTreeMap<String, String> {
        let pairs = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
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
