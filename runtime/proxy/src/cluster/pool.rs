//! HTTP connections that are kept: one request at a time on HTTP/1, many on HTTP/2.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use super::{Cluster, DialError, Endpoint, Permit, dial};
use crate::body::RequestBody;
use crate::tls::{Credentials, PeerIdentity, Purpose};

/// Envoy's idle timeout of connections without one of their own.
const IDLE: Duration = Duration::from_secs(3600);
/// Until a connection whose last response has ended takes the next request, or never will.
const SETTLE: Duration = Duration::from_millis(500);
/// Windows of HTTP/2: enough for a gigabit over 30 ms.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// The connections to one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<Single>>,
    /// Held while one is dialled, so that a burst of requests opens one and not many.
    shared: tokio::sync::Mutex<Vec<Multi>>,
}

/// What a connection to an endpoint is, for logs and metrics.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: SocketAddr,
    pub(crate) peer: Option<Arc<PeerIdentity>>,
    generation: u64,
}

/// An HTTP/1 connection.
#[derive(Debug)]
struct Single {
    sender: http1::SendRequest<RequestBody>,
    upstream: Arc<Upstream>,
    served: u32,
    since: Instant,
    _permit: Permit,
}

/// An HTTP/2 connection.
#[derive(Debug)]
struct Multi {
    sender: http2::SendRequest<RequestBody>,
    upstream: Arc<Upstream>,
    served: u32,
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
    Single(Single, Arc<Cluster>, Arc<Endpoint>),
    Multi(http2::SendRequest<RequestBody>),
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolError {
    #[error(transparent)]
    Dial(#[from] DialError),
    #[error("handshake of HTTP: {0}")]
    Handshake(hyper::Error),
    #[error("too many requests wait for a connection")]
    Overflow,
}

impl Pool {
    pub(super) fn is_used(&self) -> bool {
        !self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
    }

    /// Closes the connection that was idle for longest.
    fn evict(&self) -> bool {
        let mut kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_empty() {
            return false;
        }
        kept.remove(0);
        true
    }

    /// An idle connection that is still open, the last one used first.
    fn take(&self, idle: Duration, generation: u64) -> Option<Single> {
        let mut kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // The oldest lie at the bottom.
        let old = kept
            .iter()
            .take_while(|single| single.since.elapsed() >= idle)
            .count();
        kept.drain(..old);
        while let Some(single) = kept.pop() {
            let shown = single.upstream.generation;
            if !single.sender.is_closed() && (shown == 0 || shown == generation) {
                return Some(single);
            }
        }
        None
    }
}

/// A connection to `endpoint` for one request.
pub(crate) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    http2: bool,
    fresh: bool,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
    if http2 {
        multi(cluster, endpoint, credentials).await
    } else {
        single(cluster, endpoint, fresh, credentials).await
    }
}

async fn single(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    fresh: bool,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
    let limits = &cluster.wire.limits;
    let idle = limits.idle_timeout.map_or(IDLE, |timeout| timeout.to_duration());
    let generation = credentials.map_or(0, |credentials| credentials.generation);
    let held = |single: Single, reused| {
        let upstream = single.upstream.clone();
        Lease {
            held: Held::Single(single, cluster.clone(), endpoint.clone()),
            upstream,
            reused,
        }
    };
    let mut waiting = None;
    loop {
        while let Some(mut single) = if fresh {
            None
        } else {
            endpoint.pool.take(idle, generation)
        } {
            let ready = single.sender.is_ready()
                || tokio::time::timeout(SETTLE, single.sender.ready())
                    .await
                    .is_ok_and(|ready| ready.is_ok());
            if ready {
                return Ok(held(single, true));
            }
        }
        // Subscribed before the look, so that what is freed in between is not missed.
        let freed = cluster.usage.freed.notified();
        if let Some(permit) = Permit::take(&cluster.usage, |usage| &usage.connections, limits.connections) {
            let _pending = waiting
                .take()
                .or_else(|| pending(cluster))
                .ok_or(PoolError::Overflow)?;
            return open_single(cluster, endpoint, credentials, permit)
                .await
                .map(|single| held(single, false));
        }
        if waiting.is_none() {
            waiting = Some(pending(cluster).ok_or(PoolError::Overflow)?);
        }
        // An idle connection to another endpoint must not starve this one.
        let evicted = cluster.endpoints().iter().any(|other| other.pool.evict());
        if !evicted {
            freed.await;
        }
    }
}

fn pending(cluster: &Cluster) -> Option<Permit> {
    Permit::take(
        &cluster.usage,
        |usage| &usage.pending,
        cluster.wire.limits.pending,
    )
}

async fn open_single(
    cluster: &Cluster,
    endpoint: &Endpoint,
    credentials: Option<&Credentials>,
    permit: Permit,
) -> Result<Single, PoolError> {
    let dialed = dial(cluster, endpoint, Purpose::Http1, credentials).await?;
    let upstream = Arc::new(Upstream {
        local: dialed.local,
        remote: dialed.remote,
        peer: dialed.peer,
        generation: dialed.generation,
    });
    let handshake = http1::Builder::new().handshake(TokioIo::new(dialed.stream)).await;
    let (sender, connection) = handshake.map_err(PoolError::Handshake)?;
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "an upstream connection ended");
        }
    });
    Ok(Single {
        sender,
        upstream,
        served: 0,
        since: Instant::now(),
        _permit: permit,
    })
}

async fn multi(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
    let generation = credentials.map_or(0, |credentials| credentials.generation);
    let most = cluster
        .wire
        .limits
        .requests_per_connection
        .filter(|most| *most > 0)
        .unwrap_or(u32::MAX);
    let lent = |multi: &mut Multi, reused| {
        multi.served += 1;
        Lease {
            held: Held::Multi(multi.sender.clone()),
            upstream: multi.upstream.clone(),
            reused,
        }
    };
    let mut shared = match endpoint.pool.shared.try_lock() {
        Ok(shared) => shared,
        Err(_) => {
            let _pending = pending(cluster).ok_or(PoolError::Overflow)?;
            endpoint.pool.shared.lock().await
        }
    };
    shared.retain(|multi| {
        let shown = multi.upstream.generation;
        !multi.sender.is_closed() && multi.served < most && (shown == 0 || shown == generation)
    });
    if let Some(multi) = shared.first_mut() {
        return Ok(lent(multi, true));
    }
    let permit = Permit::take(
        &cluster.usage,
        |usage| &usage.connections,
        cluster.wire.limits.connections,
    )
    .ok_or(PoolError::Overflow)?;
    let multi = open_multi(cluster, endpoint, credentials, permit).await?;
    shared.push(multi);
    let last = shared.len() - 1;
    Ok(lent(&mut shared[last], false))
}

async fn open_multi(
    cluster: &Cluster,
    endpoint: &Endpoint,
    credentials: Option<&Credentials>,
    permit: Permit,
) -> Result<Multi, PoolError> {
    let dialed = dial(cluster, endpoint, Purpose::Http2, credentials).await?;
    let upstream = Arc::new(Upstream {
        local: dialed.local,
        remote: dialed.remote,
        peer: dialed.peer,
        generation: dialed.generation,
    });
    let handshake = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .handshake(TokioIo::new(dialed.stream))
        .await;
    let (sender, connection) = handshake.map_err(PoolError::Handshake)?;
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an upstream connection ended");
        }
    });
    Ok(Multi {
        sender,
        upstream,
        served: 0,
    })
}

impl Lease {
    /// Sends a request. Where nothing of it was sent, it comes back with the error.
    pub(crate) async fn send(
        &mut self,
        request: http::Request<RequestBody>,
    ) -> Result<http::Response<hyper::body::Incoming>, (hyper::Error, Option<http::Request<RequestBody>>)>
    {
        let sent = match &mut self.held {
            Held::Single(single, ..) => {
                single.served += 1;
                single.sender.try_send_request(request).await
            }
            Held::Multi(sender) => sender.try_send_request(request).await,
        };
        sent.map_err(|mut error| {
            let request = error.take_message();
            (error.into_error(), request)
        })
    }

    /// The response has ended well: the connection may serve the next request.
    pub(crate) fn give_back(self) {
        let Held::Single(mut single, cluster, endpoint) = self.held else {
            return;
        };
        let most = cluster
            .wire
            .limits
            .requests_per_connection
            .filter(|most| *most > 0)
            .unwrap_or(u32::MAX);
        if single.sender.is_closed() || single.served >= most {
            return;
        }
        single.since = Instant::now();
        let mut kept = endpoint.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = cluster
            .wire
            .limits
            .idle_timeout
            .map_or(IDLE, |timeout| timeout.to_duration());
        kept.retain(|single| single.since.elapsed() < idle && !single.sender.is_closed());
        kept.push(single);
        drop(kept);
        cluster.usage.freed.notify_one();
    }
}
