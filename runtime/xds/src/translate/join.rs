//! What answers of several types say together.

use std::collections::{BTreeMap, BTreeSet};

use mesh_wire::Snapshot;
use mesh_wire::cluster::OfBytes;
use mesh_wire::listener::OutboundProtocol;
use mesh_wire::route::{RouteAction, RouteTable, WeightedCluster};
use mesh_wire::snapshot::Telemetry;
use serde_json::json;

use super::{From, Parts};
use crate::report::Report;
use crate::{cluster, endpoint};

/// Clusters get their endpoints, also those that came apart.
pub(super) fn endpoints(parts: &mut Parts, report: &Report) {
    let mut wanted = BTreeSet::new();
    for (name, asked) in &parts.asked {
        let places = match &asked.from {
            From::Here(places) => Some(places),
            From::Apart(name) => {
                wanted.insert(name);
                parts.endpoints.get(name)
            }
        };
        if let (Some(cluster), Some(places)) = (parts.snapshot.clusters.get_mut(name), places) {
            cluster.endpoints = endpoint::of_places(places, asked.shared);
        }
    }
    for name in parts.endpoints.keys().filter(|name| !wanted.contains(name)) {
        let why = "no cluster asks for these endpoints";
        report.add(format!("eds/{name}"), &json!(name), why);
    }
}

/// What listeners said of connections is ours to say by the cluster: where they say otherwise than the cluster, of those
/// that carry no requests alone.
pub(super) fn connections(parts: &mut Parts, report: &Report) {
    let mut said: BTreeMap<&str, OfBytes> = BTreeMap::new();
    for (name, path, here) in &parts.of_connections {
        let Some(cluster) = parts.snapshot.clusters.get_mut(name) else {
            continue;
        };
        cluster.source_hash |= here.source_hash;
        let own = OfBytes {
            idle_timeout: here.idle,
            connection_age: here.age,
        };
        let held = *said.entry(name).or_insert(own);
        let age = "max_downstream_connection_duration";
        for (field, held, own) in [
            ("idle_timeout", held.idle_timeout, own.idle_timeout),
            (age, held.connection_age, own.connection_age),
        ] {
            if held != own {
                let why =
                    "connections without requests to a cluster have one bound: that of the first listener";
                report.add(format!("{path}/{field}"), &json!(own), why);
            }
        }
    }
    for (name, own) in said {
        if let Some(cluster) = parts.snapshot.clusters.get_mut(name)
            && cluster.limits.of_bytes() != own
        {
            cluster.limits.bytes = Some(own);
        }
    }
}

/// Routes that a listener asks for and nobody sent: its requests find nothing.
pub(super) fn tables(snapshot: &mut Snapshot, report: &Report) {
    for listener in &snapshot.outbound {
        let OutboundProtocol::Http { routes, .. } = &listener.protocol else {
            continue;
        };
        if !snapshot.routes.contains_key(routes) {
            let path = format!("lds/{}/route_config_name", listener.name);
            report.add(
                path,
                &json!(routes),
                "no routes of this name were sent: requests are answered with 404",
            );
            snapshot.routes.insert(routes.clone(), RouteTable::default());
        }
    }
}

/// Clusters that something leads to and nobody described.
pub(super) fn nobodys(snapshot: &mut Snapshot) {
    let mut names = Names::default();
    names.0.extend(snapshot.outbound_default.clone());
    for listener in &snapshot.outbound {
        match &listener.protocol {
            OutboundProtocol::Http { otherwise, .. } => names.add(otherwise),
            OutboundProtocol::Tcp { clusters, routes } => {
                names.add_shares(clusters);
                routes.iter().for_each(|route| names.add_shares(&route.clusters));
            }
            OutboundProtocol::Tls { routes, otherwise } => {
                names.add(otherwise);
                routes.iter().for_each(|route| names.add_shares(&route.clusters));
            }
        }
    }
    for listener in &snapshot.inbound {
        names.add(&listener.cluster);
        listener.routes.iter().for_each(|table| names.add_table(table));
    }
    snapshot.routes.values().for_each(|table| names.add_table(table));
    for name in names.0 {
        snapshot.clusters.entry(name).or_insert_with(cluster::nobody);
    }
}

#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn add(&mut self, name: &str) {
        if !self.0.contains(name) {
            self.0.insert(name.to_owned());
        }
    }

    fn add_shares(&mut self, shares: &[WeightedCluster]) {
        shares.iter().for_each(|share| self.add(&share.cluster));
    }

    fn add_table(&mut self, table: &RouteTable) {
        for route in table.virtual_hosts.iter().flat_map(|host| &host.routes) {
            if let RouteAction::Forward(forward) = &route.action {
                self.add_shares(&forward.clusters);
                forward
                    .mirrors
                    .iter()
                    .for_each(|mirror| self.add(&mirror.cluster));
            }
        }
    }
}

/// What is counted and written down.
pub(super) fn telemetry(parts: &mut Parts) {
    let mut telemetry = Telemetry {
        tracing: parts.tracing.take(),
        ..Telemetry::default()
    };
    std::mem::take(&mut parts.metrics).end(&mut telemetry);
    std::mem::take(&mut parts.logs).end(&mut telemetry);
    if telemetry != Telemetry::default() {
        parts.snapshot.telemetry = Some(telemetry);
    }
}
