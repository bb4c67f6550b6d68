use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::HeaderValue;
use mesh_wire::cluster as wire;
use rustls_pki_types::ServerName;
use tokio::time::Instant;

use super::outlier::Health;
use super::pool::Pool;
use super::{ClusterError, Outcome};
use crate::telemetry::Scope;

/// How long the addresses of a name are used before they are asked for again.
const NAME_KEPT: Duration = Duration::from_secs(5);

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
    Name(Mutex<Option<(Instant, Vec<SocketAddr>)>>),
}

/// Every endpoint of a cluster, those of `old` that are the same taken over.
pub(super) fn compile(
    cluster: &wire::Cluster,
    old: &[Arc<Endpoint>],
) -> Result<Vec<Arc<Endpoint>>, ClusterError> {
    let names = matches!(
        cluster.discovery,
        wire::Discovery::StrictDns | wire::Discovery::LogicalDns
    );
    let mut known: std::collections::HashMap<(&str, u16), &Arc<Endpoint>> = std::collections::HashMap::new();
    for endpoint in old {
        known.insert((&endpoint.wire.address, endpoint.wire.port), endpoint);
    }
    let mut endpoints = Vec::new();
    for group in &cluster.endpoints {
        for wire in &group.endpoints {
            let same = known.get(&(wire.address.as_str(), wire.port)).filter(|old| {
                old.wire == *wire && old.locality == group.locality && old.priority == group.priority
            });
            endpoints.push(match same {
                Some(old) => Arc::clone(old),
                None => {
                    let born = match known.get(&(wire.address.as_str(), wire.port)) {
                        Some(before) => before.born,
                        None => (!old.is_empty()).then(Instant::now),
                    };
                    Arc::new(Endpoint::new(wire, group, names, born)?)
                }
            });
        }
    }
    Ok(endpoints)
}

impl Endpoint {
    fn new(
        wire: &wire::Endpoint,
        group: &wire::LocalityEndpoints,
        names: bool,
        born: Option<Instant>,
    ) -> Result<Self, ClusterError> {
        let host = match wire.address.parse::<IpAddr>() {
            Ok(ip) => Host::Address(SocketAddr::new(ip, wire.port)),
            Err(_) if names => Host::Name(Mutex::default()),
            Err(_) => return Err(ClusterError::Address(wire.address.clone())),
        };
        let text = match &host {
            Host::Address(address) => address.to_string(),
            Host::Name(_) => format!("{}:{}", wire.address, wire.port),
        };
        Ok(Self {
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
        })
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

    /// The address to dial; names are looked up, and where that fails the last answer is used.
    pub(crate) async fn address(&self, any: bool) -> std::io::Result<SocketAddr> {
        let cache = match &self.host {
            Host::Address(address) => return Ok(*address),
            Host::Name(cache) => cache,
        };
        let kept = cache.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let addresses = match kept {
            Some((at, addresses)) if at.elapsed() < NAME_KEPT => addresses,
            kept => match tokio::net::lookup_host((self.wire.address.as_str(), self.wire.port)).await {
                Ok(found) => {
                    let found: Vec<SocketAddr> = found.collect();
                    let entry = Some((Instant::now(), found.clone()));
                    *cache.lock().unwrap_or_else(PoisonError::into_inner) = entry;
                    found
                }
                Err(error) => kept.map(|(_, addresses)| addresses).ok_or(error)?,
            },
        };
        let chosen = if any {
            fastrand::usize(..addresses.len().max(1))
        } else {
            0
        };
        addresses
            .get(chosen)
            .copied()
            .ok_or_else(|| std::io::Error::other("the name has no address"))
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
