//! Which listener takes a connection.

use std::net::IpAddr;

use mesh_wire::Snapshot;
use mesh_wire::listener::{AddressRoute, InboundListener, OutboundListener, SniRoute};

/// The most specific listener for a destination: that of its address and port, then that of its port alone.
pub fn outbound(snapshot: &Snapshot, address: Option<IpAddr>, port: u16) -> Option<&OutboundListener> {
    let of_port = || {
        snapshot
            .outbound
            .iter()
            .filter(move |listener| listener.port == port)
    };
    let exact = address.and_then(|address| of_port().find(|listener| listener.addresses.contains(&address)));
    exact.or_else(|| of_port().find(|listener| listener.addresses.is_empty()))
}

/// The listener for a port of the machine itself.
pub fn inbound(snapshot: &Snapshot, port: u16) -> Option<&InboundListener> {
    let exact = snapshot
        .inbound
        .iter()
        .find(|listener| listener.port == Some(port));
    exact.or_else(|| snapshot.inbound.iter().find(|listener| listener.port.is_none()))
}

/// The route for connections to an address: the narrowest range decides, of equal ones the first.
pub fn by_address(routes: &[AddressRoute], dialled: IpAddr) -> Option<&AddressRoute> {
    let dialled = dialled.to_canonical();
    let narrowest = |route: &AddressRoute| {
        let ranges = route.addresses.iter().filter(|range| range.contains(&dialled));
        ranges.map(ipnet::IpNet::prefix_len).max()
    };
    let mut best: Option<(u8, &AddressRoute)> = None;
    for route in routes {
        if let Some(length) = narrowest(route)
            && best.is_none_or(|(longest, _)| length > longest)
        {
            best = Some((length, route));
        }
    }
    best.map(|(_, route)| route)
}

/// The first route that takes a server name, dialled at an address.
pub fn by_sni<'a>(routes: &'a [SniRoute], sni: &str, dialled: Option<IpAddr>) -> Option<&'a SniRoute> {
    let sni = sni.to_ascii_lowercase();
    let takes = |name: &String| {
        let name = name.to_ascii_lowercase();
        match name.strip_prefix('*') {
            Some(suffix) => suffix.is_empty() || sni.len() > suffix.len() && sni.ends_with(suffix),
            None => name == sni,
        }
    };
    let there = |route: &&SniRoute| {
        let inside = |dialled: IpAddr| {
            let dialled = dialled.to_canonical();
            route.addresses.iter().any(|range| range.contains(&dialled))
        };
        route.addresses.is_empty() || dialled.is_some_and(inside)
    };
    routes
        .iter()
        .filter(there)
        .find(|route| route.sni.iter().any(takes))
}
