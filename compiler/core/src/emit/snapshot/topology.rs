use std::collections::BTreeMap;

use mesh_wire::cluster::Locality;

/// Labels with those that Istio adds to every endpoint (`AugmentLabels`): where it stands. Empty ones are left out;
/// a network that the labels name already is not said again.
pub(super) fn with_places(
    mut labels: BTreeMap<String, String>,
    locality: &Locality,
    network: &str,
    cluster: &str,
) -> BTreeMap<String, String> {
    let places = [
        ("topology.kubernetes.io/region", locality.region.as_str()),
        ("topology.kubernetes.io/zone", locality.zone.as_str()),
        ("topology.istio.io/subzone", locality.subzone.as_str()),
        ("topology.istio.io/cluster", cluster),
    ];
    for (key, value) in places.into_iter().filter(|(_, value)| !value.is_empty()) {
        labels.insert(key.to_owned(), value.to_owned());
    }
    if !network.is_empty() {
        labels
            .entry("topology.istio.io/network".to_owned())
            .or_insert_with(|| network.to_owned());
    }
    labels
}
