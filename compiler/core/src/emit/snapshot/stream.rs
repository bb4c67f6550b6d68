use std::collections::BTreeSet;

use mesh_wire::listener::{AddressRoute, OutboundProtocol, SniRoute};

use super::outbound::{all_to, default_cluster};
use super::route::shares;
use super::{Viewer, name};
use crate::model::{Mesh, Port, Service, StreamRoute};

/// What becomes of connections to a port without requests (Istio `networking/core/tls.go`). `named` is for listeners
/// that several services share: what is TLS is told apart by the names of its hosts.
pub(super) fn protocol(
    mesh: &Mesh,
    viewer: &Viewer<'_>,
    service: &Service,
    port: &Port,
    named: bool,
) -> OutboundProtocol {
    if !port.protocol.is_tls() {
        return by_address(viewer, service, port.number);
    }
    let cluster = name::outbound(port.number, "", &service.host);
    let mut routes = by_name(viewer, service, port.number);
    if routes.is_empty() {
        if !named {
            return OutboundProtocol::Tcp {
                clusters: all_to(&cluster),
                routes: Vec::new(),
            };
        }
        routes.push(SniRoute {
            sni: vec![service.host.clone()],
            addresses: Vec::new(),
            clusters: all_to(&cluster),
        });
    }
    OutboundProtocol::Tls {
        routes,
        otherwise: default_cluster(mesh).to_owned(),
    }
}

fn of_port(routes: &[StreamRoute], port: u16) -> impl Iterator<Item = &StreamRoute> {
    routes
        .iter()
        .filter(move |route| route.port.is_none_or(|only| only == port))
}

/// Of two routes for the same names the first counts.
fn by_name(viewer: &Viewer<'_>, service: &Service, port: u16) -> Vec<SniRoute> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    for route in of_port(&service.routes.tls, port) {
        let fitting = route
            .matches
            .iter()
            .filter(|matching| viewer.is_one_of(&matching.from));
        for matching in fitting {
            if seen.insert((&matching.sni, &matching.addresses)) {
                all.push(SniRoute {
                    sni: matching.sni.clone(),
                    addresses: matching.addresses.clone(),
                    clusters: shares(&route.to, port),
                });
            }
        }
    }
    all
}

/// The first route that asks for no address takes the rest.
fn by_address(viewer: &Viewer<'_>, service: &Service, port: u16) -> OutboundProtocol {
    let mut routes = Vec::new();
    for route in of_port(&service.routes.tcp, port) {
        let clusters = || shares(&route.to, port);
        let fitting = route
            .matches
            .iter()
            .filter(|matching| viewer.is_one_of(&matching.from));
        let fitting: Vec<_> = fitting.collect();
        if route.matches.is_empty() || fitting.iter().any(|matching| matching.addresses.is_empty()) {
            return OutboundProtocol::Tcp {
                clusters: clusters(),
                routes,
            };
        }
        let addresses: Vec<_> = fitting
            .iter()
            .flat_map(|matching| matching.addresses.iter().copied())
            .collect();
        if !addresses.is_empty() {
            routes.push(AddressRoute {
                addresses,
                clusters: clusters(),
            });
        }
    }
    OutboundProtocol::Tcp {
        clusters: all_to(&name::outbound(port, "", &service.host)),
        routes,
    }
}
