use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::listener::{OutboundListener, OutboundProtocol};
use mesh_wire::route::{HeaderEdits, WeightedCluster};

use super::{Viewer, gateway_service, name, stream};
use crate::model::{Kind, Mesh, OutboundMode, Port, Service};

/// The cluster of connections that no listener takes.
pub(super) const fn default_cluster(mesh: &Mesh) -> &'static str {
    match mesh.outbound {
        OutboundMode::AllowAny => name::PASSTHROUGH,
        OutboundMode::RegistryOnly => name::BLACK_HOLE,
    }
}

/// What applications may dial, by Istio's names, ordered. Of two listeners that want one place, HTTP wins, then
/// the service that comes first.
pub(super) fn listeners(mesh: &Mesh, viewer: &Viewer<'_>) -> Vec<OutboundListener> {
    let mut all = BTreeMap::new();
    let (http, other): (Vec<_>, Vec<_>) = ports(mesh, viewer).partition(|(_, port)| port.protocol.is_http());
    for (_, port) in http {
        insert(&mut all, http_listener(mesh, port.number));
    }
    for (service, port) in other {
        for listener in byte_listeners(mesh, viewer, service, port) {
            insert(&mut all, listener);
        }
    }
    for listener in gateway_service::all(mesh, viewer.cluster).flat_map(|gateway| gateway_listeners(&gateway))
    {
        insert(&mut all, listener);
    }
    all.into_values().collect()
}

/// TLS services without addresses share the listener of their port: each adds its names.
fn insert(all: &mut BTreeMap<String, OutboundListener>, listener: OutboundListener) {
    let Some(first) = all.get_mut(&listener.name) else {
        all.insert(listener.name.clone(), listener);
        return;
    };
    let protocols = (&mut first.protocol, listener.protocol);
    if let (OutboundProtocol::Tls { routes, .. }, OutboundProtocol::Tls { routes: more, .. }) = protocols {
        routes.extend(more);
    }
}

fn ports<'a>(mesh: &'a Mesh, viewer: &Viewer<'a>) -> impl Iterator<Item = (&'a Service, &'a Port)> {
    viewer
        .services(mesh)
        .flat_map(|service| service.proxied_ports().map(move |port| (service, port)))
}

/// All HTTP services of a port share one listener; the request's host says which is meant.
fn http_listener(mesh: &Mesh, port: u16) -> OutboundListener {
    OutboundListener {
        name: wildcard(port),
        addresses: Vec::new(),
        port,
        protocol: OutboundProtocol::Http {
            routes: port.to_string(),
            otherwise: default_cluster(mesh).to_owned(),
        },
    }
}

/// Listeners for bytes, TLS among them: by the address dialled. Several addresses of a service share one.
fn byte_listeners(mesh: &Mesh, viewer: &Viewer<'_>, service: &Service, port: &Port) -> Vec<OutboundListener> {
    let protocol = |named| stream::protocol(mesh, viewer, service, port, named);
    if matches!(service.kind, Kind::Kubernetes { headless: true }) {
        let own = |address: &IpAddr| viewer.addresses.contains(address);
        let others = super::headless_addresses(mesh, viewer, service)
            .into_iter()
            .filter(|ip| !own(ip));
        return others
            .map(|ip| listener(vec![ip], port.number, protocol(false)))
            .collect();
    }
    let addresses = viewer.dialable(&service.addresses);
    let shared = addresses.is_empty();
    vec![listener(addresses, port.number, protocol(shared))]
}

fn listener(addresses: Vec<IpAddr>, port: u16, protocol: OutboundProtocol) -> OutboundListener {
    let name = addresses
        .first()
        .map_or_else(|| wildcard(port), |address| format!("{address}_{port}"));
    OutboundListener {
        name,
        addresses,
        port,
        protocol,
    }
}

fn gateway_listeners(gateway: &gateway_service::GatewayService<'_>) -> Vec<OutboundListener> {
    let cluster = |port| name::outbound(port, "", &gateway.host);
    let tls = gateway.tls_ports().into_iter();
    let mut all: Vec<_> = tls
        .map(|port| {
            let clusters = all_to(&cluster(port));
            let routes = Vec::new();
            listener(
                vec![gateway.address],
                port,
                OutboundProtocol::Tcp { clusters, routes },
            )
        })
        .collect();
    let status = gateway_service::STATUS_PORT;
    all.push(OutboundListener {
        name: format!("{}_{status}", gateway.address),
        addresses: vec![gateway.address],
        port: status,
        protocol: OutboundProtocol::Http {
            routes: format!("{}:{status}", gateway.host),
            otherwise: cluster(status),
        },
    });
    all
}

fn wildcard(port: u16) -> String {
    format!("0.0.0.0_{port}")
}

/// One cluster takes everything.
pub(super) fn all_to(cluster: &str) -> Vec<WeightedCluster> {
    vec![WeightedCluster {
        cluster: cluster.to_owned(),
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }]
}
