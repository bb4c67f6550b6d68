//! HTTP connections that are kept: one request at a time on HTTP/1, many on HTTP/2.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::EXPECT;
use mesh_http2::{RequestHead, Response, ResponseHead};
use tokio::time::Instant;

use super::usage::Counter;
use super::{Caller, Cluster, DialError, Dialed, Endpoint, Permit};
use crate::body::RequestBody;
use crate::http1;
use crate::interim::Teller;
use crate::tls::PeerIdentity;
use crate::workers::{self, WORKERS};

mod answer;
mod multi;
mod single;

pub(crate) use answer::AnswerBody;
use answer::Answered;
use multi::{Multi, Stream};
use single::{Resting, Single};

/// Envoy's idle timeout of connections without one of their own.
const IDLE: Duration = Duration::from_secs(3600);

/// The connections to one endpoint, those of each worker apart.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    parts: [Part; WORKERS],
    /// How many there are, those that serve too.
    open: Arc<Counter>,
}

/// The connections of one worker.
#[derive(Debug, Default)]
struct Part {
    resting: Mutex<Resting>,
    shared: Mutex<Vec<Multi>>,
    /// Held while one is dialled, so that a burst of requests opens one and not many.
    dialing: tokio::sync::Mutex<()>,
}

/// What a connection to an endpoint is, for logs and metrics.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
    pub(crate) peer: Option<Arc<PeerIdentity>>,
    /// Of the credentials that it began with; 0 without.
    generation: u64,
    /// The client's, where it was to come from there.
    address: Option<IpAddr>,
}

/// A connection lent for one request.
#[derive(Debug)]
pub(crate) struct Lease {
    held: Held,
    pub(crate) upstream: Arc<Upstream>,
    /// It served before: its other end may have closed it meanwhile.
    pub(crate) reused: bool,
}

#[derive(Debug)]
enum Held {
    /// Without a connection once the answer has it.
    Single(Option<Box<Single>>, Arc<Cluster>, Arc<Endpoint>),
    Multi(Stream),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("too many requests wait for a connection")]
    Overflow,
}

/// A request that was not answered.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) error: SendError,
    /// Nothing of it was sent: it may be sent again.
    pub(crate) nothing: bool,
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Single(#[from] http1::Error),
    #[error(transparent)]
    Multi(#[from] mesh_http2::Error),
}

impl SendError {
    /// HTTP/2's code for requests of which nothing was done (RFC 9113, 8.7).
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self, Self::Multi(error) if error.is_refused())
    }

    /// What began an answer cannot be read.
    pub(crate) fn is_no_http(&self) -> bool {
        matches!(self, Self::Single(http1::Error::Bad(_)))
    }

    /// The other end ended the stream, and the connection goes on.
    pub(crate) fn is_reset(&self) -> bool {
        matches!(self, Self::Multi(error) if error.is_reset())
    }
}

/// A connection to `endpoint` for one request; a `fresh` one where the kept ones proved stale.
pub(crate) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    http2: bool,
    fresh: bool,
    caller: Caller<'_>,
) -> Result<Lease, PoolError> {
    if http2 {
        multi::lease(cluster, endpoint, caller).await
    } else {
        single::lease(cluster, endpoint, fresh, caller).await
    }
}

impl Pool {
    /// There is a connection that is open; those that are closed are forgotten, and count against no limit.
    pub(super) fn is_used(&self) -> bool {
        self.parts.iter().any(Part::rests)
    }

    /// Those of the worker that asks.
    fn own(&self) -> &Part {
        self.of(workers::current())
    }

    fn of(&self, worker: usize) -> &Part {
        &self.parts[worker % WORKERS]
    }
}

impl Upstream {
    fn of(dialed: &mut Dialed, caller: Caller<'_>) -> Arc<Self> {
        let peer = dialed.peer.take();
        let Dialed {
            local,
            remote,
            generation,
            ..
        } = *dialed;
        Arc::new(Self {
            local,
            remote,
            peer,
            generation,
            address: caller.address,
        })
    }

    /// It was begun with credentials that are still shown, or without any.
    fn is_current(&self, caller: Caller<'_>) -> bool {
        let shown = caller.credentials.map_or(0, |credentials| credentials.generation);
        self.generation == 0 || self.generation == shown
    }

    /// It comes from where the caller's connections are to come from.
    fn is_from(&self, caller: Caller<'_>) -> bool {
        self.address == caller.address
    }
}

impl Lease {
    /// Sends a request; what is said before its answer goes to `teller`.
    pub(crate) async fn send(
        &mut self,
        head: &RequestHead,
        body: RequestBody,
        teller: &Teller,
    ) -> Result<Response<AnswerBody>, Unsent> {
        // The endpoint is asked whether it wants the body: it alone says so.
        if teller.is_awaited() && head.headers.contains_key(EXPECT) {
            teller.leave();
        }
        match &mut self.held {
            Held::Single(held, cluster, endpoint) => {
                let Some(mut single) = held.take() else {
                    let error = http1::Error::Closed.into();
                    return Err(Unsent { error, nothing: true });
                };
                let sent = single.connection.send(head, body, teller).await;
                let response = sent.map_err(|unsent| Unsent {
                    error: unsent.error.into(),
                    nothing: unsent.nothing,
                })?;
                let body = Answered::new(single, cluster.clone(), endpoint.clone());
                Ok(response.map(|()| AnswerBody::Single(body)))
            }
            Held::Multi(stream) => {
                let hear = |said: ResponseHead| teller.tell(said.status, &said.headers);
                let sent = stream.client().send_head(head, body, hear).await;
                let response = sent.map_err(|unanswered| Unsent {
                    nothing: unanswered.nothing,
                    error: unanswered.error.into(),
                })?;
                Ok(response.map(AnswerBody::Multi))
            }
        }
    }
}

/// A place among the requests that wait for a connection.
fn pending(cluster: &Cluster) -> Result<Permit, PoolError> {
    let limit = cluster.wire.limits.pending;
    Permit::take(&cluster.usage, |usage| &usage.pending, limit).ok_or(PoolError::Overflow)
}

/// How many requests one connection of the cluster carries in its life.
fn most_served(cluster: &Cluster) -> u32 {
    cluster
        .wire
        .limits
        .requests_per_connection
        .filter(|most| *most > 0)
        .unwrap_or(u32::MAX)
}

/// Whether a connection that began then takes no more requests (Envoy `max_connection_duration`).
fn is_old(cluster: &Cluster, began: Instant) -> bool {
    connection_age(cluster).is_some_and(|age| began.elapsed() >= age)
}

fn connection_age(cluster: &Cluster) -> Option<Duration> {
    let age = cluster.wire.limits.connection_age?;
    (!age.is_zero()).then(|| age.to_duration())
}

fn idle_timeout(cluster: &Cluster) -> Duration {
    let given = cluster
        .wire
        .limits
        .idle_timeout
        .map(mesh_wire::Millis::to_duration);
    given.filter(|timeout| !timeout.is_zero()).unwrap_or(IDLE)
}
