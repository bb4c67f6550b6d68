use std::collections::BTreeSet;
use std::net::SocketAddr;

use ipnet::IpNet;
use mesh_wire::listener::{AddressRoute, OutboundListener, OutboundProtocol, SniRoute};
use mesh_wire::route::WeightedCluster;
use serde_json::{Value, json};

use super::manager::{self, Http};
use super::{Export, extension, host_and_port, inbound, log, socket, time};
use crate::log::Side;

/// What nobody serves.
pub(super) const BLACK_HOLE: &str = "BlackHoleCluster";

/// One that takes all that is redirected, and those that it hands connections on to by the address dialled.
pub(super) fn listeners(export: &mut Export<'_>, place: SocketAddr) -> Vec<Value> {
    let default = export.snapshot.outbound_default.clone();
    let default = default.unwrap_or_else(|| BLACK_HOLE.to_owned());
    if !export.snapshot.clusters.contains_key(BLACK_HOLE) {
        export
            .clusters
            .push(json!({ "name": BLACK_HOLE, "type": "STATIC", "connect_timeout": "1s" }));
    }
    let chains = json!([
        inbound::loop_guard(place.port(), export),
        { "name": "virtualOutbound-catchall-tcp",
          "filters": [tcp(export, "virtualOutbound", &one(&default), Side::Client)] },
    ]);
    let mut all = vec![json!({
        "name": "virtualOutbound", "address": socket(place), "use_original_dst": true,
        "traffic_direction": "OUTBOUND", "filter_chains": chains,
    })];
    let mut taken = BTreeSet::new();
    for wire in &export.snapshot.outbound {
        let mut places: Vec<String> = wire.addresses.iter().map(ToString::to_string).collect();
        if places.is_empty() {
            places = vec!["0.0.0.0".to_owned(), "::".to_owned()];
        }
        // Of two for one address the first serves.
        places.retain(|place| taken.insert((place.clone(), wire.port)));
        let Some((first, others)) = places.split_first() else {
            continue;
        };
        let mut listener = of(export, wire);
        listener["address"] = host_and_port(first, wire.port);
        let others: Vec<Value> = others
            .iter()
            .map(|address| json!({ "address": host_and_port(address, wire.port) }))
            .collect();
        if !others.is_empty() {
            listener["additional_addresses"] = others.into();
        }
        all.push(listener);
    }
    all
}

fn of(export: &mut Export<'_>, wire: &OutboundListener) -> Value {
    let detection = export.snapshot.detection.unwrap_or_default();
    let mut listener = json!({
        "name": wire.name, "bind_to_port": false, "traffic_direction": "OUTBOUND",
        "listener_filters_timeout": time(detection.timeout),
        "continue_on_listener_filters_timeout": detection.continue_on_timeout,
    });
    match &wire.protocol {
        OutboundProtocol::Http { routes, otherwise } => {
            listener["listener_filters"] = json!([http_inspector()]);
            // One for each version: what is offered to peers that get what the client spoke depends on it.
            let chain = |export: &mut Export<'_>, version: &'static str| {
                let http = Http::outbound(&wire.name, routes, version == "h2c");
                json!({ "filter_chain_match": { "transport_protocol": "raw_buffer", "application_protocols": [version] },
                    "filters": [manager::of(export, &http)] })
            };
            let tables = ["http/1.1", "h2c"].map(|version| chain(export, version));
            let old = json!({ "filter_chain_match": { "transport_protocol": "raw_buffer", "application_protocols": ["http/1.0"] },
                "filters": [manager::of(export, &Http::outbound(&wire.name, routes, false))] });
            listener["filter_chains"] = tables.into_iter().chain([old]).collect();
            listener["default_filter_chain"] =
                json!({ "filters": [tcp(export, &wire.name, &one(otherwise), Side::Client)] });
        }
        OutboundProtocol::Tcp { clusters, routes } => {
            let chains = by_address(export, &wire.name, routes);
            if chains.is_empty() {
                listener["filter_chains"] =
                    json!([{ "filters": [tcp(export, &wire.name, clusters, Side::Client)] }]);
            } else {
                listener["filter_chains"] = chains.into();
                listener["default_filter_chain"] =
                    json!({ "filters": [tcp(export, &wire.name, clusters, Side::Client)] });
            }
        }
        OutboundProtocol::Tls { routes, otherwise } => {
            listener["listener_filters"] = json!([tls_inspector()]);
            let chains = by_sni(export, &wire.name, routes);
            listener["filter_chains"] = chains.into();
            listener["default_filter_chain"] =
                json!({ "filters": [tcp(export, &wire.name, &one(otherwise), Side::Client)] });
        }
    }
    listener
}

pub(super) fn http_inspector() -> Value {
    let kind = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
    extension("envoy.filters.listener.http_inspector", kind, json!({}))
}

pub(super) fn tls_inspector() -> Value {
    let kind = "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
    extension("envoy.filters.listener.tls_inspector", kind, json!({}))
}

fn one(cluster: &str) -> Vec<WeightedCluster> {
    vec![WeightedCluster {
        cluster: cluster.to_owned(),
        weight: 1,
        request_headers: mesh_wire::route::HeaderEdits::default(),
        response_headers: mesh_wire::route::HeaderEdits::default(),
    }]
}

/// The filter that passes bytes on.
pub(super) fn tcp(export: &mut Export<'_>, name: &str, shares: &[WeightedCluster], side: Side) -> Value {
    let hashes = |share: &WeightedCluster| {
        let cluster = export.snapshot.clusters.get(&share.cluster);
        cluster.is_some_and(|cluster| cluster.source_hash)
    };
    let mut config = json!({ "stat_prefix": name, "access_log": log::of(export.snapshot, side) });
    if shares.iter().any(hashes) {
        config["hash_policy"] = json!([{ "source_ip": {} }]);
    }
    let first = shares.first();
    let first = first.and_then(|share| export.snapshot.clusters.get(&share.cluster));
    let bounds = first.map(|cluster| cluster.limits.of_bytes()).unwrap_or_default();
    config["idle_timeout"] = bounds.idle_timeout.map(time).into();
    config["max_downstream_connection_duration"] = bounds.connection_age.map(time).into();
    let weighed: Vec<Value> = shares
        .iter()
        .filter(|share| share.weight > 0)
        .map(|share| json!({ "name": share.cluster, "weight": share.weight }))
        .collect();
    if weighed.len() > 1 {
        config["weighted_clusters"] = json!({ "clusters": weighed });
    } else {
        let only = shares.iter().find(|share| share.weight > 0).or(shares.first());
        config["cluster"] = only.map_or(BLACK_HOLE, |share| &share.cluster).into();
    }
    let kind = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
    extension("envoy.filters.network.tcp_proxy", kind, config)
}

fn range(net: &IpNet) -> Value {
    json!({ "address_prefix": net.network().to_string(), "prefix_len": net.prefix_len() })
}

/// Envoy takes no two chains for the same: of equal ranges the first serves, as in the proxy.
fn by_address(export: &mut Export<'_>, name: &str, routes: &[AddressRoute]) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    let mut chains = Vec::new();
    for route in routes {
        let ranges = route.addresses.iter().filter(|net| taken.insert(net.trunc()));
        let ranges: Vec<Value> = ranges.map(range).collect();
        if !ranges.is_empty() {
            chains.push(json!({ "filter_chain_match": { "prefix_ranges": ranges },
                "filters": [tcp(export, name, &route.clusters, Side::Client)] }));
        }
    }
    chains
}

/// Envoy looks at the address before the name, and takes the longest name; the proxy takes the first route that fits.
fn by_sni(export: &mut Export<'_>, name: &str, routes: &[SniRoute]) -> Vec<Value> {
    let mut taken = BTreeSet::new();
    let mut chains = Vec::new();
    for (place, route) in routes.iter().enumerate() {
        if routes[..place].iter().any(|before| hides(before, route)) {
            export.unsaid(format!(
                "{name}: a route for server names stands behind a wider one; Envoy would take the narrower of the two"
            ));
        }
        let fresh = |sni: &&String| taken.insert(((*sni).clone(), route.addresses.clone()));
        let names: Vec<&String> = route.sni.iter().filter(fresh).collect();
        if names.is_empty() {
            continue;
        }
        let any = names.iter().any(|name| *name == "*");
        let ranges: Vec<Value> = route.addresses.iter().map(range).collect();
        let mut matches = json!({ "transport_protocol": "tls", "prefix_ranges": ranges });
        if !any {
            matches["server_names"] = json!(names);
        }
        chains.push(json!({ "filter_chain_match": matches,
            "filters": [tcp(export, name, &route.clusters, Side::Client)] }));
    }
    chains
}

/// Whether connections that Envoy would send by `route` are taken by one before it.
fn hides(before: &SniRoute, route: &SniRoute) -> bool {
    let wider = before.addresses.is_empty() && !route.addresses.is_empty();
    let narrow = |own: &String| {
        let mut others = before.sni.iter();
        others.any(|other| other == own && wider || other != own && covers(other, own))
    };
    before.clusters != route.clusters && route.sni.iter().any(narrow)
}

fn covers(wide: &str, narrow: &str) -> bool {
    wide.strip_prefix('*')
        .is_some_and(|suffix| narrow.trim_start_matches('*').ends_with(suffix))
}
