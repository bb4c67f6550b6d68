//! `envoy.config.endpoint.v3.ClusterLoadAssignment` (Istio `pilot/pkg/xds/endpoints/endpoint_builder.go`).

use mesh_wire::cluster::{Endpoint, Locality, LocalityEndpoints, WorkloadName};
use serde_json::json;

use crate::reader::Reader;
use crate::translate::Parts;

pub(crate) fn add(parts: &mut Parts, mut resource: Reader<'_>) {
    let name = resource.text("cluster_name");
    resource.step(&format!("eds/{name}"));
    parts.endpoints.insert(name, assignment(resource));
}

/// Endpoints of one place, and what the place gets where places have shares of their own.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    endpoints: LocalityEndpoints,
    weight: Option<u32>,
}

/// The places of one cluster, in the order given.
pub(crate) fn assignment(mut assignment: Reader<'_>) -> Vec<Place> {
    assignment.skip("cluster_name");
    // Envoy's own, which the proxy has too.
    assignment.given("policy", &[json!({"overprovisioning_factor": 140})]);
    let places = assignment.messages("endpoints").into_iter();
    places.map(place).collect()
}

fn place(mut place: Reader<'_>) -> Place {
    let locality = place.message("locality").map(|mut locality| Locality {
        region: locality.text("region"),
        zone: locality.text("zone"),
        subzone: locality.text("sub_zone"),
    });
    let endpoints = place.messages("lb_endpoints").into_iter();
    let endpoints = LocalityEndpoints {
        locality: locality.unwrap_or_default(),
        priority: place.number("priority").unwrap_or(0),
        endpoints: endpoints.filter_map(endpoint).collect(),
    };
    let weight = place.number("load_balancing_weight");
    Place { endpoints, weight }
}

/// The endpoints of a cluster. Where places have shares, endpoints get them: together they weigh what their place does.
pub(crate) fn of_places(places: &[Place], shared: bool) -> Vec<LocalityEndpoints> {
    let mut all: Vec<_> = places.iter().map(|place| place.endpoints.clone()).collect();
    let differs = |place: &Place| {
        place
            .weight
            .is_some_and(|weight| u64::from(weight) != sum(&place.endpoints))
    };
    if shared && places.iter().any(differs) {
        for (place, given) in all.iter_mut().zip(places) {
            // Envoy leaves a place without a weight out.
            scale(place, given.weight.unwrap_or(0));
        }
        all.retain(|place| !place.endpoints.is_empty());
    }
    all
}

fn sum(place: &LocalityEndpoints) -> u64 {
    place
        .endpoints
        .iter()
        .map(|endpoint| u64::from(endpoint.weight))
        .sum()
}

/// Parts of a unit of weight: endpoints of one place share it out in whole numbers.
const PARTS: u64 = 1000;

fn scale(place: &mut LocalityEndpoints, weight: u32) {
    let sum = sum(place);
    if weight == 0 || sum == 0 {
        place.endpoints.clear();
    }
    for endpoint in &mut place.endpoints {
        let share = u64::from(endpoint.weight)
            .saturating_mul(u64::from(weight))
            .saturating_mul(PARTS)
            / sum;
        endpoint.weight = u32::try_from(share.max(1)).unwrap_or(u32::MAX);
    }
}

fn endpoint(mut entry: Reader<'_>) -> Option<Endpoint> {
    let health = entry.word("health_status");
    let Some(mut inner) = entry.message("endpoint") else {
        entry.refuse_all("an endpoint without an address");
        return None;
    };
    inner.skip("hostname");
    inner.given("health_check_config", &[json!({})]);
    let (address, port) = address(inner.message("address")?)?;
    if let Some(health) = health.filter(|health| health != "UNKNOWN" && health != "HEALTHY") {
        entry.tell(
            "health_status",
            &json!(health),
            "an endpoint that is not healthy gets nothing",
        );
        return None;
    }
    let (mtls, workload) = said(&mut entry);
    Some(Endpoint {
        address,
        port,
        weight: entry.number("load_balancing_weight").unwrap_or(1),
        mtls,
        workload,
        labels: std::collections::BTreeMap::new(),
    })
}

/// The address and port of a socket; names stand for themselves.
pub(crate) fn address(mut address: Reader<'_>) -> Option<(String, u16)> {
    let Some(mut socket) = address.message("socket_address") else {
        address.refuse_all("no address of a socket");
        return None;
    };
    socket.given("protocol", &[json!("TCP")]);
    let port = socket.number("port_value").unwrap_or(0);
    Some((socket.text("address"), port))
}

/// Whether it can do the mesh's TLS, and whose it is: `NAME;NAMESPACE;SERVICE;REVISION;CLUSTER`. A gateway is nobody's.
fn said(entry: &mut Reader<'_>) -> (bool, Option<WorkloadName>) {
    let Some(mut metadata) = entry.message("metadata") else {
        return (false, None);
    };
    let mut filters = metadata.structures("filter_metadata");
    let mode = filters
        .remove("envoy.transport_socket_match")
        .map(|mut wanted| wanted.text("tlsMode"));
    let workload = filters
        .remove("istio")
        .map(|mut istio| istio.text("workload"))
        .unwrap_or_default();
    let mut parts = workload.split(';').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    let workload = WorkloadName {
        name: part(),
        namespace: part(),
        service: part(),
        revision: part(),
        cluster: part(),
    };
    let is_known = !workload.name.is_empty();
    (mode.as_deref() == Some("istio"), is_known.then_some(workload))
}
