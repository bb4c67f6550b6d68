use std::collections::BTreeSet;

use super::{FORMAT, Snapshot};
use crate::listener::OutboundProtocol;
use crate::route::{RouteAction, RouteTable, WeightedCluster};

/// Why a snapshot cannot be acted on.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum InvalidSnapshot {
    /// A newer writer.
    #[error("format {0} is newer than {FORMAT}, the newest that this meshd reads: update meshd")]
    Format(u32),
    /// The VM's own part is not there.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A reference that leads nowhere.
    #[error("{place} refers to the {kind} `{name}`, which is not in the snapshot")]
    Dangling {
        /// Who refers.
        place: String,
        /// To what kind of thing.
        kind: &'static str,
        /// To which.
        name: String,
    },
    /// Two listeners of one direction and place.
    #[error("two listeners are named `{0}`")]
    Duplicate(String),
    /// A list that needs at least one entry.
    #[error("{0} has no cluster to go to")]
    Empty(String),
}

pub(super) fn validate(snapshot: &Snapshot) -> Result<(), InvalidSnapshot> {
    if snapshot.format > FORMAT {
        return Err(InvalidSnapshot::Format(snapshot.format));
    }
    if snapshot.node.is_none() {
        return Err(InvalidSnapshot::Missing("node"));
    }
    if snapshot.identity.is_none() {
        return Err(InvalidSnapshot::Missing("identity"));
    }
    let check = References { snapshot };
    if let Some(default) = &snapshot.outbound_default {
        check.cluster("outbound-default", default)?;
    }
    if let Some(telemetry) = &snapshot.telemetry {
        let collectors = telemetry.tracing.iter().map(|tracing| &tracing.cluster);
        for cluster in collectors.chain(
            telemetry
                .logs()
                .filter_map(|(_, options)| options.cluster.as_ref()),
        ) {
            check.cluster("telemetry", cluster)?;
        }
    }
    // Istio names listeners of both directions alike: what a workload serves on a port and what it dials there.
    let mut names = BTreeSet::new();
    for listener in &snapshot.inbound {
        unique(&mut names, &listener.name)?;
        check.cluster(&listener.name, &listener.cluster)?;
        if let Some(table) = &listener.routes {
            check.table(&listener.name, table)?;
        }
    }
    names.clear();
    for listener in &snapshot.outbound {
        unique(&mut names, &listener.name)?;
        check.outbound(&listener.name, &listener.protocol)?;
    }
    snapshot
        .routes
        .iter()
        .try_for_each(|(name, table)| check.table(name, table))
}

fn unique<'a>(names: &mut BTreeSet<&'a str>, name: &'a str) -> Result<(), InvalidSnapshot> {
    if names.insert(name) {
        Ok(())
    } else {
        Err(InvalidSnapshot::Duplicate(name.to_owned()))
    }
}

struct References<'a> {
    snapshot: &'a Snapshot,
}

impl References<'_> {
    fn cluster(&self, place: &str, name: &str) -> Result<(), InvalidSnapshot> {
        if self.snapshot.clusters.contains_key(name) {
            return Ok(());
        }
        Err(InvalidSnapshot::Dangling {
            place: place.to_owned(),
            kind: "cluster",
            name: name.to_owned(),
        })
    }

    fn clusters(&self, place: &str, clusters: &[WeightedCluster]) -> Result<(), InvalidSnapshot> {
        if clusters.is_empty() {
            return Err(InvalidSnapshot::Empty(place.to_owned()));
        }
        clusters
            .iter()
            .try_for_each(|share| self.cluster(place, &share.cluster))
    }

    fn outbound(&self, place: &str, protocol: &OutboundProtocol) -> Result<(), InvalidSnapshot> {
        match protocol {
            OutboundProtocol::Http { routes, otherwise } => {
                if !self.snapshot.routes.contains_key(routes) {
                    let (place, name) = (place.to_owned(), routes.clone());
                    return Err(InvalidSnapshot::Dangling {
                        place,
                        kind: "route table",
                        name,
                    });
                }
                self.cluster(place, otherwise)
            }
            OutboundProtocol::Tcp { clusters, routes } => {
                routes
                    .iter()
                    .try_for_each(|route| self.clusters(place, &route.clusters))?;
                self.clusters(place, clusters)
            }
            OutboundProtocol::Tls { routes, otherwise } => {
                routes
                    .iter()
                    .try_for_each(|route| self.clusters(place, &route.clusters))?;
                self.cluster(place, otherwise)
            }
        }
    }

    fn table(&self, place: &str, table: &RouteTable) -> Result<(), InvalidSnapshot> {
        for route in table.virtual_hosts.iter().flat_map(|host| &host.routes) {
            if let RouteAction::Forward(forward) = &route.action {
                self.clusters(place, &forward.clusters)?;
                forward
                    .mirrors
                    .iter()
                    .try_for_each(|mirror| self.cluster(place, &mirror.cluster))?;
            }
        }
        Ok(())
    }
}
