//! Which listener serves a connection.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use mesh_wire::Snapshot;
use mesh_wire::listener as wire;
use mesh_wire::route::WeightedCluster;

use super::authorizers::Authorizer;
use super::jwt::{Issuers, Remotes};
use super::policy::Policies;
use super::routes::{Forward, Routes};
use super::{Clusters, CompileError, cluster};
use crate::cluster::Cluster;
use crate::telemetry::{Decisions, Places};

/// All listeners, found by the address that was dialled.
#[derive(Debug)]
pub(crate) struct Listeners {
    exact: HashMap<SocketAddr, Arc<Outbound>>,
    by_port: HashMap<u16, Arc<Outbound>>,
    unknown: Option<Arc<Outbound>>,
    inbound: HashMap<u16, Arc<Inbound>>,
    inbound_other: Option<Arc<Inbound>>,
    /// How long the first bytes are waited for; zero is for ever.
    pub(crate) detection: Duration,
    /// What is not detected by then goes on as bytes.
    pub(crate) undetected_goes_on: bool,
}

/// Connections that applications open.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) name: Arc<str>,
    pub(crate) protocol: OutboundProtocol,
}

#[derive(Debug)]
pub(crate) enum OutboundProtocol {
    Http {
        routes: Arc<Routes>,
        otherwise: Shares,
    },
    Tcp {
        /// The narrowest range first.
        routes: Vec<(IpNet, Shares)>,
        otherwise: Shares,
    },
    Tls {
        routes: Vec<SniRoute>,
        otherwise: Shares,
    },
}

/// Where TLS connections of some names go.
#[derive(Debug)]
pub(crate) struct SniRoute {
    names: Vec<String>,
    /// Ranges that the address dialled lies in; empty is any.
    addresses: Vec<IpNet>,
    shares: Shares,
}

/// Connections that arrive from outside.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) name: Arc<str>,
    pub(crate) protocol: wire::InboundProtocol,
    pub(crate) mtls: wire::MtlsMode,
    /// The application sees the client's own address.
    pub(crate) client_source: bool,
    pub(crate) cluster: Arc<Cluster>,
    /// Tokens that requests may carry.
    pub(crate) issuers: Issuers,
    /// Who is asked before the policies.
    pub(crate) authorizers: Vec<Authorizer>,
    pub(crate) policies: Policies,
    pub(crate) routes: Option<Routes>,
    /// Where requests go that no route table directs.
    pub(crate) forward: Forward,
}

/// Clusters of connections, by weight.
#[derive(Clone, Debug)]
pub(crate) struct Shares(Vec<(Arc<Cluster>, u32)>);

impl Shares {
    fn compile(shares: &[WeightedCluster], clusters: &Clusters) -> Result<Self, CompileError> {
        let share = |share: &WeightedCluster| Ok((cluster(clusters, &share.cluster)?, share.weight));
        shares
            .iter()
            .map(share)
            .collect::<Result<_, CompileError>>()
            .map(Self)
    }

    fn one(name: &str, clusters: &Clusters) -> Result<Self, CompileError> {
        Ok(Self(vec![(cluster(clusters, name)?, 1)]))
    }

    /// One of them, drawn by weight.
    pub(crate) fn draw(&self) -> Option<&Arc<Cluster>> {
        let total: u64 = self.0.iter().map(|(_, weight)| u64::from(*weight)).sum();
        if self.0.len() < 2 || total == 0 {
            return self.0.first().map(|(cluster, _)| cluster);
        }
        let mut at = fastrand::u64(..total);
        let found = self.0.iter().find(|(_, weight)| {
            let here = at < u64::from(*weight);
            at = at.saturating_sub(u64::from(*weight));
            here
        });
        found.map(|(cluster, _)| cluster)
    }
}

impl Listeners {
    pub(super) fn compile(
        snapshot: &Snapshot,
        clusters: &Clusters,
        remotes: &Remotes,
        decisions: &Decisions,
    ) -> Result<Self, CompileError> {
        let detection = snapshot.detection.unwrap_or_default();
        let mut listeners = Self {
            exact: HashMap::new(),
            by_port: HashMap::new(),
            unknown: None,
            inbound: HashMap::new(),
            inbound_other: None,
            detection: detection.timeout.to_duration(),
            undetected_goes_on: detection.continue_on_timeout,
        };
        let mut tables = HashMap::new();
        for (name, table) in &snapshot.routes {
            tables.insert(name.as_str(), Arc::new(Routes::compile(name, table, clusters)?));
        }
        for wire in &snapshot.outbound {
            let outbound = Arc::new(Outbound {
                name: wire.name.as_str().into(),
                protocol: OutboundProtocol::compile(&wire.protocol, &tables, clusters)?,
            });
            if wire.addresses.is_empty() {
                listeners
                    .by_port
                    .entry(wire.port)
                    .or_insert_with(|| outbound.clone());
            }
            for address in &wire.addresses {
                let place = SocketAddr::new(*address, wire.port);
                listeners.exact.entry(place).or_insert_with(|| outbound.clone());
            }
        }
        if let Some(default) = &snapshot.outbound_default {
            let protocol = OutboundProtocol::Tcp {
                routes: Vec::new(),
                otherwise: Shares::one(default, clusters)?,
            };
            listeners.unknown = Some(Arc::new(Outbound {
                name: "virtualOutbound".into(),
                protocol,
            }));
        }
        for wire in &snapshot.inbound {
            let inbound = Arc::new(Inbound::compile(wire, clusters, remotes, decisions)?);
            match wire.port {
                Some(port) => _ = listeners.inbound.entry(port).or_insert(inbound),
                None => _ = listeners.inbound_other.get_or_insert(inbound),
            }
        }
        Ok(listeners)
    }

    /// The most specific listener for a destination; `None` closes the connection.
    pub(crate) fn outbound(&self, destination: SocketAddr) -> Option<&Arc<Outbound>> {
        self.exact
            .get(&destination)
            .or_else(|| self.by_port.get(&destination.port()))
            .or(self.unknown.as_ref())
    }

    /// The listener for a destination of this machine; `None` closes the connection.
    pub(crate) fn inbound(&self, destination: SocketAddr) -> Option<&Arc<Inbound>> {
        self.inbound
            .get(&destination.port())
            .or(self.inbound_other.as_ref())
    }
}

impl OutboundProtocol {
    fn compile(
        wire: &wire::OutboundProtocol,
        tables: &HashMap<&str, Arc<Routes>>,
        clusters: &Clusters,
    ) -> Result<Self, CompileError> {
        Ok(match wire {
            wire::OutboundProtocol::Http { routes, otherwise } => Self::Http {
                routes: tables.get(routes.as_str()).cloned().unwrap_or_default(),
                otherwise: Shares::one(otherwise, clusters)?,
            },
            wire::OutboundProtocol::Tcp {
                clusters: otherwise,
                routes,
            } => Self::Tcp {
                routes: address_routes(routes, clusters)?,
                otherwise: Shares::compile(otherwise, clusters)?,
            },
            wire::OutboundProtocol::Tls { routes, otherwise } => {
                let route = |route: &wire::SniRoute| {
                    Ok(SniRoute {
                        names: route.sni.iter().map(|name| name.to_ascii_lowercase()).collect(),
                        addresses: route.addresses.clone(),
                        shares: Shares::compile(&route.clusters, clusters)?,
                    })
                };
                Self::Tls {
                    routes: routes.iter().map(route).collect::<Result<_, CompileError>>()?,
                    otherwise: Shares::one(otherwise, clusters)?,
                }
            }
        })
    }
}

/// Envoy looks at the address before anything else, and takes the narrowest range.
fn address_routes(
    routes: &[wire::AddressRoute],
    clusters: &Clusters,
) -> Result<Vec<(IpNet, Shares)>, CompileError> {
    let mut all = Vec::new();
    for route in routes {
        let shares = Shares::compile(&route.clusters, clusters)?;
        all.extend(route.addresses.iter().map(|range| (*range, shares.clone())));
    }
    all.sort_by_key(|(range, _)| std::cmp::Reverse(range.prefix_len()));
    Ok(all)
}

/// The clusters for connections to an address.
pub(crate) fn by_address(routes: &[(IpNet, Shares)], dialled: IpAddr) -> Option<&Shares> {
    let dialled = dialled.to_canonical();
    let found = routes.iter().find(|(range, _)| range.contains(&dialled));
    found.map(|(_, shares)| shares)
}

/// The clusters of the first route that takes a server name, dialled at an address.
pub(crate) fn by_sni<'a>(routes: &'a [SniRoute], sni: Option<&str>, dialled: IpAddr) -> Option<&'a Shares> {
    let sni = sni?.to_ascii_lowercase();
    let takes = |name: &String| match name.strip_prefix('*') {
        Some(suffix) => sni.len() > suffix.len() && sni.ends_with(suffix) || suffix.is_empty(),
        None => *name == sni,
    };
    let dialled = dialled.to_canonical();
    let there = |route: &SniRoute| {
        route.addresses.is_empty() || route.addresses.iter().any(|range| range.contains(&dialled))
    };
    routes
        .iter()
        .find(|route| route.names.iter().any(takes) && there(route))
        .map(|route| &route.shares)
}

impl Inbound {
    fn compile(
        wire: &wire::InboundListener,
        clusters: &Clusters,
        remotes: &Remotes,
        decisions: &Decisions,
    ) -> Result<Self, CompileError> {
        let prefix = wire.manager();
        let requests = (wire.protocol != wire::InboundProtocol::Tcp).then_some(prefix.as_str());
        let places = Places::new(decisions, requests, wire.protocol != wire::InboundProtocol::Http);
        let bad = |source| CompileError::Pattern {
            place: wire.name.clone(),
            source,
        };
        let cluster = cluster(clusters, &wire.cluster)?;
        let routes = wire
            .routes
            .as_ref()
            .map(|table| Routes::compile(&wire.name, table, clusters));
        Ok(Self {
            name: wire.name.as_str().into(),
            protocol: wire.protocol,
            mtls: wire.mtls,
            client_source: wire.client_source,
            issuers: Issuers::compile(&wire.jwt, remotes).map_err(|what| CompileError::Value {
                place: wire.name.clone(),
                what,
            })?,
            authorizers: wire
                .authorizers
                .iter()
                .map(|one| Authorizer::compile(one, clusters, &places))
                .collect::<Result<_, _>>()
                .map_err(bad)?,
            policies: Policies::compile(&wire.policy, &places).map_err(bad)?,
            routes: routes.transpose()?,
            forward: Forward::to(cluster.clone()),
            cluster,
        })
    }
}

/// The place of the route that [`by_sni`] takes, of routes without clusters.
#[cfg(test)]
pub(super) fn place_by_sni(routes: &[wire::SniRoute], sni: &str, dialled: IpAddr) -> Option<usize> {
    let compiled: Vec<_> = routes
        .iter()
        .map(|route| SniRoute {
            names: route.sni.iter().map(|name| name.to_ascii_lowercase()).collect(),
            addresses: route.addresses.clone(),
            shares: Shares(Vec::new()),
        })
        .collect();
    let found: *const Shares = by_sni(&compiled, Some(sni), dialled)?;
    compiled
        .iter()
        .position(|route| std::ptr::eq(&raw const route.shares, found))
}
