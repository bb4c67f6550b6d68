use ipnet::IpNet;
use mesh_wire::Snapshot;
use mesh_wire::listener::{OutboundListener, OutboundProtocol};
use mesh_wire::route::WeightedCluster;

use super::shares;
use crate::reference::facts::{field, fields, set};

pub(super) fn text(snapshot: &Snapshot, listener: &OutboundListener) -> String {
    let addresses = set(listener.addresses.iter().map(ToString::to_string));
    let chain =
        |names: &[String], ranges: &[IpNet], to: &[WeightedCluster]| chain(snapshot, names, ranges, to);
    let protocol = match &listener.protocol {
        OutboundProtocol::Http { routes, otherwise } => format!("http routes={routes} otherwise={otherwise}"),
        OutboundProtocol::Tcp { clusters, routes } => {
            let each = routes.iter();
            let each = each.map(|route| chain(&[], &route.addresses, &route.clusters));
            format!("tcp {}", sorted(each.chain([chain(&[], &[], clusters)])))
        }
        OutboundProtocol::Tls { routes, otherwise } => {
            let each = routes.iter();
            let each = each.map(|route| chain(&route.sni, &route.addresses, &route.clusters));
            format!("tls {} otherwise={otherwise}", sorted(each))
        }
    };
    format!("addresses={addresses} port={} {protocol}", listener.port)
}

fn sorted(chains: impl Iterator<Item = String>) -> String {
    let mut all: Vec<_> = chains.collect();
    all.sort();
    all.join(" | ")
}

/// What connections are taken, and where they go. Envoy has said by the listener what we say by the cluster.
fn chain(snapshot: &Snapshot, names: &[String], ranges: &[IpNet], to: &[WeightedCluster]) -> String {
    let first = to.first().and_then(|share| snapshot.clusters.get(&share.cluster));
    let hash = first.is_some_and(|cluster| cluster.source_hash);
    let limits = first.map(|cluster| cluster.limits.of_bytes()).unwrap_or_default();
    fields(&[
        set(names.to_vec()),
        set(ranges.iter().map(ToString::to_string)),
        format!("to={}", shares(to)),
        field("hash", hash.then_some("source-ip")),
        field("idle", limits.idle_timeout.map(|span| span.0)),
        field("age", limits.connection_age.map(|span| span.0)),
    ])
}
