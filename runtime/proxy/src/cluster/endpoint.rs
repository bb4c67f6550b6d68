use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::{ArcSwap, ArcSwapOption};
use http::HeaderValue;
use mesh_wire::cluster as wire;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::outlier::Health;
use super::pool::Pool;
use super::{ClusterError, Outcome};
use crate::telemetry::Scope;

/// One endpoint, with all that is known of it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// `ADDRESS:PORT`, as logs have it.
    pub(crate) text: Arc<str>,
    pub(crate) wire: wire::Endpoint,
    pub(crate) locality: wire::Locality,
    pub(crate) priority: u32,
    pub(crate) health: Health,
    pub(crate) pool: Pool,
    /// The series of requests to it.
    pub(crate) scope: OnceLock<Arc<Scope>>,
    /// The series of those whose answer said of whom it is, with what it said: behind a gateway there may be several.
    pub(crate) told: ArcSwapOption<(HeaderValue, Arc<Scope>)>,
    /// What TLS asks for, where that depends on the request.
    pub(super) sni: Option<ServerName<'static>>,
    /// When it joined endpoints that served already; `None` for the first ones.
    pub(super) born: Option<Instant>,
    host: Host,
    active: AtomicU32,
}

#[derive(Debug)]
enum Host {
    Address(SocketAddr),
    /// Of a name; other addresses take its place.
    Newest(ArcSwap<SocketAddr>),
}

/// Every endpoint of a cluster, those of `old` that are the same taken over. `addresses` knows those of names.
pub(super) fn compile(
    cluster: &wire::Cluster,
    old: &[Arc<Endpoint>],
    addresses: &dyn Fn(&str) -> Option<Vec<IpAddr>>,
) -> Result<Vec<Arc<Endpoint>>, ClusterError> {
    // One address may be listed for several places.
    let mut known: HashMap<_, Vec<&Arc<Endpoint>>> = HashMap::new();
    for endpoint in old {
        known.entry(endpoint.key()).or_default().push(endpoint);
    }
    let mut endpoints = Vec::new();
    for group in &cluster.endpoints {
        for wire in &group.endpoints {
            for host in hosts(cluster.discovery, wire, addresses)? {
                let before = known.get(&(wire.address.as_str(), wire.port, host.fixed()));
                let before = before.map(Vec::as_slice).unwrap_or_default();
                let same = before.iter().find(|old| {
                    old.wire == *wire && old.locality == group.locality && old.priority == group.priority
                });
                endpoints.push(match same {
                    Some(old) => {
                        old.host.follow(&host);
                        Arc::clone(old)
                    }
                    None => {
                        let born = match before.first() {
                            Some(before) => before.born,
                            None => (!old.is_empty()).then(Instant::now),
                        };
                        Arc::new(Endpoint::new(wire, group, host, born))
                    }
                });
            }
        }
    }
    Ok(endpoints)
}

/// What is dialled for one endpoint of the configuration.
fn hosts(
    discovery: wire::Discovery,
    wire: &wire::Endpoint,
    addresses: &dyn Fn(&str) -> Option<Vec<IpAddr>>,
) -> Result<Vec<Host>, ClusterError> {
    let at = |ip| SocketAddr::new(ip, wire.port);
    if let Ok(ip) = wire.address.parse() {
        return Ok(vec![Host::Address(at(ip))]);
    }
    let unknown = || ClusterError::Address(wire.address.clone());
    let found = addresses(&wire.address).ok_or_else(unknown)?.into_iter().map(at);
    Ok(if discovery == wire::Discovery::LogicalDns {
        let newest = |address| Host::Newest(ArcSwap::from_pointee(address));
        found.take(1).map(newest).collect()
    } else {
        found.map(Host::Address).collect()
    })
}

impl Host {
    /// The address that never changes.
    fn fixed(&self) -> Option<SocketAddr> {
        match self {
            Self::Address(address) => Some(*address),
            Self::Newest(_) => None,
        }
    }

    fn follow(&self, other: &Self) {
        if let (Self::Newest(own), Self::Newest(newer)) = (self, other) {
            own.store(newer.load_full());
        }
    }
}

impl Endpoint {
    fn new(
        wire: &wire::Endpoint,
        group: &wire::LocalityEndpoints,
        host: Host,
        born: Option<Instant>,
    ) -> Self {
        let text = match &host {
            Host::Address(address) => address.to_string(),
            Host::Newest(_) => format!("{}:{}", wire.address, wire.port),
        };
        Self {
            text: text.into(),
            wire: wire.clone(),
            locality: group.locality.clone(),
            priority: group.priority,
            health: Health::default(),
            pool: Pool::default(),
            scope: OnceLock::new(),
            told: ArcSwapOption::empty(),
            sni: None,
            born,
            host,
            active: AtomicU32::new(0),
        }
    }

    /// What tells it from the others of its cluster.
    fn key(&self) -> (&str, u16, Option<SocketAddr>) {
        (&self.wire.address, self.wire.port, self.host.fixed())
    }

    /// The endpoint at an address that a client dialled, whether mutual TLS is spoken to it, and the host that other TLS
    /// asks for.
    pub(super) fn original(destination: SocketAddr, mtls: bool, host: Option<&str>) -> Self {
        Self {
            text: destination.to_string().into(),
            wire: wire::Endpoint {
                address: destination.ip().to_string(),
                port: destination.port(),
                weight: 1,
                mtls,
                workload: None,
                labels: std::collections::BTreeMap::new(),
            },
            locality: wire::Locality::default(),
            priority: 0,
            health: Health::default(),
            pool: Pool::default(),
            scope: OnceLock::new(),
            told: ArcSwapOption::empty(),
            sni: host.and_then(|host| ServerName::try_from(host.to_owned()).ok()),
            born: None,
            host: Host::Address(destination),
            active: AtomicU32::new(0),
        }
    }

    /// The address to dial: of a name whose addresses are one endpoint, the newest.
    pub(super) fn address(&self) -> SocketAddr {
        match &self.host {
            Host::Address(address) => *address,
            Host::Newest(address) => **address.load(),
        }
    }

    /// Requests and connections under way.
    pub(crate) fn active(&self) -> u32 {
        self.active.load(Ordering::Relaxed)
    }

    pub(super) fn is_busy(&self) -> bool {
        self.active() > 0 || self.pool.is_used()
    }

    /// Counts one more as under way, until it is dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Ordering::Relaxed);
        Active(self.clone())
    }

    /// Notes how something ended; ejects the endpoint where that is due and enough others are left.
    pub(crate) fn note(&self, outcome: Outcome, cluster: &super::Cluster) {
        let Some(outliers) = &cluster.wire.outliers else {
            return;
        };
        if !self.health.note(outcome, outliers) || self.health.is_ejected() {
            return;
        }
        let all = cluster.endpoints();
        let out = all.iter().filter(|endpoint| endpoint.health.is_ejected()).count();
        if (out + 1) * 100 <= all.len() * usize::from(outliers.max_percent) {
            self.health.eject(outliers);
            tracing::warn!(
                cluster = &*cluster.name,
                endpoint = &*self.text,
                "endpoint is left out for a while"
            );
        }
    }
}

/// Something that is under way at an endpoint.
#[derive(Debug)]
pub(crate) struct Active(Arc<Endpoint>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::Relaxed);
    }
}
