//! Where requests and connections go to: endpoints that serve the same, balanced, bounded and watched.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use mesh_wire::cluster as wire;

use crate::tls::{MeshClient, OriginatedClient, OriginationError};

mod balance;
mod caller;
mod dial;
mod endpoint;
mod names;
mod outlier;
mod pool;
mod priority;
mod usage;

pub(crate) use balance::Hint;
pub(crate) use caller::Caller;
pub(crate) use dial::{DialError, Dialed, dial};
pub(crate) use endpoint::{Active, Endpoint};
pub(crate) use mesh_wire::nearness::Own;
pub(crate) use outlier::Outcome;
pub(crate) use pool::{AnswerBody, Lease, PoolError, SendError, Unsent, lease};
pub(crate) use usage::{Permit, Usage};

use balance::Balancer;
use names::Names;

/// Original destinations that one cluster remembers; beyond, the idle ones are forgotten.
const MOST_ORIGINALS: usize = 1024;

/// A set of endpoints, and how they are reached.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) name: Arc<str>,
    pub(crate) wire: wire::Cluster,
    pub(crate) transport: Arc<Transport>,
    /// What is under way; outlives changes of the cluster, as its limits are meant.
    pub(crate) usage: Arc<Usage>,
    /// Where the proxy is, by which [`Balancer`] was made.
    own: Arc<Own>,
    balancer: ArcSwap<Balancer>,
    /// `None` where no endpoint has a name.
    names: Option<Names>,
    originals: Mutex<Originals>,
}

/// Endpoints made for addresses that clients dialled, by the host that TLS asks for.
#[derive(Debug, Default)]
struct Originals {
    /// The one that was asked for last: most ask for the same.
    last: Option<(Original, Arc<Endpoint>)>,
    all: HashMap<Original, Arc<Endpoint>>,
}

/// An address that a client dialled, and the host that its request is for where that matters.
type Original = (SocketAddr, Option<Box<str>>);

/// How the wire is protected.
#[derive(Debug)]
pub(crate) enum Transport {
    Plaintext,
    Mesh(MeshClient),
    Tls(OriginatedClient),
    /// A file that TLS needs is not there, or is none: connections fail, and other clusters serve.
    Unusable(String),
}

/// Why a cluster cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    #[error("{0}")]
    Transport(String),
    #[error("the endpoint `{0}` is no IP address, and only DNS clusters look names up")]
    Address(String),
}

impl Cluster {
    /// The cluster that `wire` describes, with all that is still true of `old`; with `reread` the files that it names are
    /// not, and those of before go on where they cannot be used any more.
    pub(crate) fn compile(
        name: &str,
        wire: &wire::Cluster,
        own: &Arc<Own>,
        old: Option<&Arc<Self>>,
        reread: bool,
    ) -> Result<Arc<Self>, ClusterError> {
        let transport = Transport::compile(name, &wire.transport, old.map(|old| &**old), reread)?;
        if let Some(old) = old
            && old.wire == *wire
            && old.own == *own
            && Arc::ptr_eq(&old.transport, &transport)
        {
            return Ok(old.clone());
        }
        // Where only the list of endpoints changed, those that stay keep connections and ejections.
        let kept = old.filter(|old| same_but_endpoints(&old.wire, wire));
        let kept = kept.map(|old| old.endpoints());
        let names = Names::of(wire, old.and_then(|old| old.names.as_ref()));
        let endpoints = endpoint::compile(wire, kept.as_deref().unwrap_or_default(), &|name| {
            names.as_ref().map(|names| names.addresses(name))
        })?;
        Ok(Arc::new(Self {
            name: name.into(),
            wire: wire.clone(),
            transport,
            usage: old.map(|old| old.usage.clone()).unwrap_or_default(),
            own: own.clone(),
            balancer: ArcSwap::from_pointee(Balancer::new(wire, own, endpoints)),
            names,
            originals: Mutex::default(),
        }))
    }

    /// The endpoint for one request or connection to `destination`.
    pub(crate) fn pick(&self, destination: SocketAddr, hint: &Hint<'_>) -> Option<Arc<Endpoint>> {
        match self.wire.discovery {
            wire::Discovery::BlackHole => None,
            wire::Discovery::OriginalDestination => {
                let port = self.wire.port_override.unwrap_or(destination.port());
                let host = hint.host.filter(|_| self.asks_for_hosts());
                Some(self.original(SocketAddr::new(destination.ip(), port), host))
            }
            wire::Discovery::Listed | wire::Discovery::StrictDns | wire::Discovery::LogicalDns => {
                self.balancer.load().pick(&self.wire, hint)
            }
        }
    }

    /// Room for one more try of a request; `None` where there are enough under way.
    pub(crate) fn retry(&self) -> Option<Permit> {
        let limit = match &self.wire.limits.retry_budget {
            Some(budget) => Some(self.usage.budget(budget)),
            None => self.wire.limits.retries,
        };
        Permit::take(&self.usage, |usage| &usage.retries, limit)
    }

    /// Every endpoint that is listed or was found.
    pub(crate) fn endpoints(&self) -> Arc<[Arc<Endpoint>]> {
        self.balancer.load().endpoints().clone()
    }

    /// TLS asks for the host of each request, since nothing else is said (Istio `auto_sni`).
    pub(crate) fn asks_for_hosts(&self) -> bool {
        matches!(&*self.transport, Transport::Tls(client) if client.sni.is_none())
    }

    fn original(&self, destination: SocketAddr, host: Option<&str>) -> Arc<Endpoint> {
        // Nobody could say whether a workload that is not listed can: the transport does for all of them.
        let mtls = matches!(*self.transport, Transport::Mesh(_));
        let mut originals = self.originals.lock().unwrap_or_else(PoisonError::into_inner);
        let key: Original = (destination, host.map(Into::into));
        if let Some((_, last)) = originals.last.as_ref().filter(|(last, _)| *last == key) {
            return last.clone();
        }
        let known = originals.all.get(&key).cloned();
        let endpoint = known.unwrap_or_else(|| {
            if originals.all.len() >= MOST_ORIGINALS {
                originals.all.retain(|_, endpoint| endpoint.is_busy());
            }
            let endpoint = Arc::new(Endpoint::original(destination, mtls, host));
            originals.all.insert(key.clone(), endpoint.clone());
            endpoint
        });
        originals.last = Some((key, endpoint.clone()));
        endpoint
    }
}

impl Transport {
    /// That of `old` where it is the same.
    fn compile(
        name: &str,
        wire: &wire::Transport,
        old: Option<&Cluster>,
        reread: bool,
    ) -> Result<Arc<Self>, ClusterError> {
        let old = old
            .filter(|old| old.wire.transport == *wire)
            .map(|old| &old.transport);
        if let Some(old) = old
            && !matches!(**old, Self::Unusable(_))
            && !(reread && matches!(**old, Self::Tls(_)))
        {
            return Ok(old.clone());
        }
        Ok(Arc::new(match wire {
            wire::Transport::Plaintext => Self::Plaintext,
            wire::Transport::Mesh(tls) => {
                Self::Mesh(MeshClient::new(tls).map_err(|error| ClusterError::Transport(error.to_string()))?)
            }
            wire::Transport::Tls(tls) => match (OriginatedClient::new(tls), old) {
                (Ok(client), _) => Self::Tls(client),
                (Err(error @ OriginationError::File { .. }), Some(old)) if matches!(**old, Self::Tls(_)) => {
                    tracing::warn!(cluster = name, %error, "what the file said before goes on");
                    return Ok(old.clone());
                }
                (Err(error @ OriginationError::File { .. }), _) => {
                    tracing::warn!(cluster = name, %error, "nothing can be sent there until the file is right");
                    Self::Unusable(error.to_string())
                }
                (Err(error), _) => return Err(ClusterError::Transport(error.to_string())),
            },
        }))
    }
}

/// Envoy's hash of all that is hashed.
pub(crate) fn xxhash(bytes: &[u8], seed: u64) -> u64 {
    twox_hash::XxHash64::oneshot(seed, bytes)
}

fn same_but_endpoints(old: &wire::Cluster, new: &wire::Cluster) -> bool {
    let bare = |cluster: &wire::Cluster| wire::Cluster {
        endpoints: Vec::new(),
        ..cluster.clone()
    };
    bare(old) == bare(new)
}
