//! Where connections of the application arrive.

use ipnet::IpNet;
use mesh_wire::Snapshot;
use mesh_wire::listener::{AddressRoute, OutboundListener, OutboundProtocol, SniRoute};
use mesh_wire::route::WeightedCluster;
use serde_json::{Value, json};

use super::http::{self, Direction};
use super::{BLACK_HOLE, OUTBOUND_PORT, extension, route, socket_address};

/// The listener that captured connections come to. It hands them to the listener of the address that was dialled.
pub(super) fn catch_all(snapshot: &Snapshot) -> Value {
    let default = snapshot.outbound_default.as_deref().unwrap_or(BLACK_HOLE);
    json!({
        "name": "virtualOutbound",
        "address": socket_address("0.0.0.0", OUTBOUND_PORT),
        "use_original_dst": true,
        "traffic_direction": "OUTBOUND",
        "filter_chains": [
            // Whoever dials the port itself would be sent round and round.
            {
                "name": "virtualOutbound-blackhole",
                "filter_chain_match": { "destination_port": OUTBOUND_PORT },
                "filters": [to(BLACK_HOLE)],
            },
            { "name": "virtualOutbound-catchall-tcp", "filters": [to(default)] },
        ],
    })
}

/// The listener of an address; it has no socket of its own.
pub(super) fn listener(snapshot: &Snapshot, of: &OutboundListener) -> Value {
    let mut addresses = of
        .addresses
        .iter()
        .map(|address| socket_address(address, of.port));
    let first = addresses
        .next()
        .unwrap_or_else(|| socket_address("0.0.0.0", of.port));
    let more: Vec<Value> = addresses.map(|address| json!({ "address": address })).collect();
    let mut fields = json!({
        "name": of.name,
        "address": first,
        "additional_addresses": more,
        "bind_to_port": false,
        "traffic_direction": "OUTBOUND",
        "listener_filters_timeout": "0s",
        "continue_on_listener_filters_timeout": true,
    });
    match &of.protocol {
        OutboundProtocol::Http { routes, otherwise } => http(&mut fields, snapshot, routes, otherwise),
        OutboundProtocol::Tcp { clusters, routes } if routes.is_empty() => {
            fields["filter_chains"] = json!([{ "filters": [proxy(&of.name, clusters)] }]);
        }
        OutboundProtocol::Tcp { clusters, routes } => {
            let chain = |it: &AddressRoute| json!({ "filter_chain_match": { "prefix_ranges": ranges(&it.addresses) }, "filters": [proxy(&of.name, &it.clusters)] });
            fields["filter_chains"] = routes.iter().map(chain).collect();
            fields["default_filter_chain"] = json!({ "filters": [proxy(&of.name, clusters)] });
        }
        OutboundProtocol::Tls { routes, otherwise } => tls(&mut fields, &of.name, routes, otherwise),
    }
    fields
}

fn http(fields: &mut Value, snapshot: &Snapshot, routes: &str, otherwise: &str) {
    let empty = mesh_wire::route::RouteTable::default();
    let table = route::table(routes, snapshot.routes.get(routes).unwrap_or(&empty));
    let manager = http::manager(&format!("outbound_{routes}"), table, vec![], Direction::Outbound);
    fields["filter_chains"] = json!([{
        "filter_chain_match": { "transport_protocol": "raw_buffer", "application_protocols": ["http/1.1", "h2c"] },
        "filters": [manager],
    }]);
    fields["default_filter_chain"] = json!({ "name": "PassthroughFilterChain", "filters": [to(otherwise)] });
    let kind = "filters.listener.http_inspector.v3.HttpInspector";
    fields["listener_filters"] = json!([extension(
        "envoy.filters.listener.http_inspector",
        kind,
        json!({})
    )]);
}

fn tls(fields: &mut Value, name: &str, routes: &[SniRoute], otherwise: &str) {
    let chain = |it: &SniRoute| {
        let mut matching = json!({ "server_names": it.sni });
        if !it.addresses.is_empty() {
            matching["prefix_ranges"] = ranges(&it.addresses);
        }
        json!({ "filter_chain_match": matching, "filters": [proxy(name, &it.clusters)] })
    };
    fields["filter_chains"] = routes.iter().map(chain).collect();
    fields["default_filter_chain"] = json!({ "filters": [to(otherwise)] });
    let kind = "filters.listener.tls_inspector.v3.TlsInspector";
    fields["listener_filters"] = json!([extension("envoy.filters.listener.tls_inspector", kind, json!({}))]);
}

/// Envoy's `CidrRange`s.
fn ranges(all: &[IpNet]) -> Value {
    let range = |it: &IpNet| json!({ "address_prefix": it.network(), "prefix_len": it.prefix_len() });
    all.iter().map(range).collect()
}

fn to(cluster: &str) -> Value {
    tcp_proxy(cluster, ("cluster", json!(cluster)), Direction::Outbound)
}

fn proxy(name: &str, clusters: &[WeightedCluster]) -> Value {
    tcp_proxy(name, route::destination(clusters), Direction::Outbound)
}

/// A filter that passes bytes on.
pub(super) fn tcp_proxy(name: &str, (key, destination): (&str, Value), direction: Direction) -> Value {
    let mut fields = json!({ "stat_prefix": name, "access_log": http::access_log(direction) });
    fields[key] = destination;
    extension(
        "envoy.filters.network.tcp_proxy",
        "filters.network.tcp_proxy.v3.TcpProxy",
        fields,
    )
}
