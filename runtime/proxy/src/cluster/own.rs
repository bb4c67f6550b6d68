use std::collections::BTreeMap;

use mesh_wire::Node;
use mesh_wire::cluster::Locality;

/// What of the proxy itself decides which endpoints are near.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(super) place: Locality,
    /// Its labels, and those that Istio puts on every proxy.
    pub(super) labels: BTreeMap<String, String>,
}

impl Own {
    pub(crate) fn of(node: &Node) -> Self {
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
        }
    }
}
