use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::{Held, Lease, Pool, PoolError, Upstream, idle_timeout, is_old, most_served, pending};
use crate::body::RequestBody;
use crate::cluster::{Cluster, Endpoint, Permit, dial};
use crate::net::Stream;
use crate::tls::{Credentials, Purpose};

/// Until a connection whose last response has ended takes the next request, or never will.
const SETTLE: Duration = Duration::from_millis(500);

/// An HTTP/1 connection.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) sender: http1::SendRequest<RequestBody>,
    upstream: Arc<Upstream>,
    served: u32,
    began: Instant,
    idle: Idle,
    _permit: Permit,
}

/// Since when a connection has been idle; `None` while it serves. Its own task looks at it.
#[derive(Clone, Debug, Default)]
struct Idle(Arc<Mutex<Option<Instant>>>);

impl Idle {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn lasts(&self) -> Duration {
        let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }
}

/// A kept connection, or a new one as soon as the cluster's limit lets it be.
pub(super) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    fresh: bool,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
    let held = |mut single: Single, reused| {
        single.served += 1;
        let upstream = single.upstream.clone();
        Lease {
            held: Held::Single(single, cluster.clone(), endpoint.clone()),
            upstream,
            reused,
        }
    };
    let mut waiting = None;
    loop {
        if !fresh && let Some(single) = settled(&endpoint.pool, cluster, credentials).await {
            return Ok(held(single, true));
        }
        // Asked for before the look, so that what is freed in between is not missed.
        let freed = cluster.usage.freed.notified();
        let limit = cluster.wire.limits.connections;
        if let Some(permit) = Permit::connection(&cluster.usage, &endpoint.pool.open, limit) {
            let _pending = match waiting.take() {
                Some(waiting) => waiting,
                None => pending(cluster)?,
            };
            return open(cluster, endpoint, credentials, permit)
                .await
                .map(|single| held(single, false));
        }
        if waiting.is_none() {
            waiting = Some(pending(cluster)?);
        }
        // An idle connection to another endpoint must not starve this one.
        if !cluster.endpoints().iter().any(|other| other.pool.evict()) {
            freed.await;
        }
    }
}

/// A kept connection that takes a request now.
async fn settled(pool: &Pool, cluster: &Cluster, credentials: Option<&Credentials>) -> Option<Single> {
    while let Some(mut single) = pool.take(cluster, credentials) {
        let ready = single.sender.is_ready()
            || tokio::time::timeout(SETTLE, single.sender.ready())
                .await
                .is_ok_and(|ready| ready.is_ok());
        if ready {
            return Some(single);
        }
    }
    None
}

async fn open(
    cluster: &Cluster,
    endpoint: &Endpoint,
    credentials: Option<&Credentials>,
    permit: Permit,
) -> Result<Single, PoolError> {
    let mut dialed = dial(cluster, endpoint, Purpose::Http1, credentials).await?;
    let upstream = Upstream::of(&mut dialed);
    let handshake = http1::Builder::new().handshake(TokioIo::new(dialed.stream)).await;
    let (sender, connection) = handshake.map_err(PoolError::Handshake)?;
    let idle = Idle::default();
    let age = cluster.wire.limits.connection_age.filter(|age| !age.is_zero());
    let old = age.map(|age| Instant::now() + age.to_duration());
    tokio::spawn(serve(connection, idle.clone(), idle_timeout(cluster), old));
    Ok(Single {
        sender,
        upstream,
        served: 0,
        began: Instant::now(),
        idle,
        _permit: permit,
    })
}

/// Drives the connection until it ends, has been idle for too long, or is idle when it is `old`.
async fn serve(
    connection: http1::Connection<TokioIo<Stream>, RequestBody>,
    idle: Idle,
    most: Duration,
    mut old: Option<Instant>,
) {
    let mut connection = std::pin::pin!(connection.with_upgrades());
    let mut next = most;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "an upstream connection ended");
                }
                return;
            }
            () = async { tokio::time::sleep_until(old.unwrap_or_else(Instant::now)).await }, if old.is_some() => {
                if idle.lasts() > Duration::ZERO {
                    return;
                }
                // Who serves now is not kept afterwards.
                old = None;
            }
            () = tokio::time::sleep(next) => match most.checked_sub(idle.lasts()) {
                Some(rest) if !rest.is_zero() => next = rest,
                _ => return,
            },
        }
    }
}

impl Single {
    pub(super) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Keeps it for the next request, unless it has done its work.
    pub(super) fn give_back(self, cluster: &Cluster, pool: &Pool) {
        if self.sender.is_closed() || self.served >= most_served(cluster) || is_old(cluster, self.began) {
            return;
        }
        self.idle.set(Some(Instant::now()));
        let mut kept = pool.own().idle.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|single| !single.sender.is_closed());
        kept.push(self);
        drop(kept);
        cluster.usage.freed.notify_one();
    }
}

impl Pool {
    /// Closes the connection that was idle for longest at one of the workers.
    fn evict(&self) -> bool {
        self.parts.iter().any(|part| {
            let mut kept = part.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let any = !kept.is_empty();
            kept.drain(..usize::from(any));
            any
        })
    }

    /// An idle connection that is still open, the last one used first.
    fn take(&self, cluster: &Cluster, credentials: Option<&Credentials>) -> Option<Single> {
        let idle = idle_timeout(cluster);
        let mut kept = self.own().idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(single) = kept.pop() {
            let usable = !single.sender.is_closed() && single.upstream.is_current(credentials);
            if usable && single.idle.lasts() < idle && !is_old(cluster, single.began) {
                single.idle.set(None);
                return Some(single);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Usage;

    #[tokio::test]
    async fn a_pool_of_closed_connections_is_not_used_and_holds_nothing() {
        let (client, _server) = tokio::io::duplex(64);
        let (sender, connection) = http1::handshake(TokioIo::new(client)).await.unwrap();
        let usage = Arc::<Usage>::default();
        let upstream = Upstream {
            local: None,
            remote: ([127, 0, 0, 1], 80).into(),
            peer: None,
            generation: 0,
        };
        let single = Single {
            sender,
            upstream: Arc::new(upstream),
            served: 1,
            began: Instant::now(),
            idle: Idle::default(),
            _permit: Permit::take(&usage, |usage| &usage.connections, None).unwrap(),
        };
        let pool = Pool::default();
        pool.own().idle.lock().unwrap().push(single);
        assert!(pool.is_used());
        drop(connection);
        assert!(!pool.is_used());
        assert_eq!(usage.connections.get(), 0);
    }
}
