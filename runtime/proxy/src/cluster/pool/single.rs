use std::sync::{Arc, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::{
    Held, Lease, Part, Pool, PoolError, Upstream, connection_age, idle_timeout, is_old, most_served, pending,
};
use crate::cluster::{Caller, Cluster, Endpoint, Permit, dial};
use crate::http1::Connection;
use crate::net::{Rewind, Stream};
use crate::tls::Purpose;
use crate::workers;

/// How often connections at rest are looked at: no task of their own notices that they are closed, or old.
const LOOK: Duration = Duration::from_secs(1);

/// An HTTP/1 connection.
#[derive(Debug)]
pub(super) struct Single {
    pub(super) connection: Connection,
    upstream: Arc<Upstream>,
    served: u32,
    began: Instant,
    /// Since when it has been at rest.
    since: Instant,
    permit: Permit,
}

/// How long connections are kept. Where it changes, the endpoint is another one.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    idle: Duration,
    age: Option<Duration>,
}

impl Bounds {
    fn of(cluster: &Cluster) -> Self {
        Self {
            idle: idle_timeout(cluster),
            age: connection_age(cluster),
        }
    }
}

/// Those of one worker that are at rest.
#[derive(Debug, Default)]
pub(super) struct Resting {
    #[expect(
        clippy::vec_box,
        reason = "it moves between pool, lease and answer: a pointer is cheaper"
    )]
    kept: Vec<Box<Single>>,
    /// Somebody looks at them.
    watched: bool,
}

/// A kept connection, or a new one as soon as the cluster's limit lets it be.
pub(super) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    fresh: bool,
    caller: Caller<'_>,
) -> Result<Lease, PoolError> {
    let held = |mut single: Box<Single>, reused| {
        single.served += 1;
        let upstream = single.upstream.clone();
        Lease {
            held: Held::Single(Some(single), cluster.clone(), endpoint.clone()),
            upstream,
            reused,
        }
    };
    let mut waiting = None;
    loop {
        if !fresh && let Some(single) = endpoint.pool.take(cluster, caller) {
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
            return open(cluster, endpoint, caller, permit)
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

async fn open(
    cluster: &Cluster,
    endpoint: &Endpoint,
    caller: Caller<'_>,
    permit: Permit,
) -> Result<Box<Single>, PoolError> {
    let mut dialed = Box::pin(dial(cluster, endpoint, Purpose::Http1, caller)).await?;
    let upstream = Upstream::of(&mut dialed, caller);
    Ok(Box::new(Single {
        connection: Connection::new(dialed.stream),
        upstream,
        served: 0,
        began: Instant::now(),
        since: Instant::now(),
        permit,
    }))
}

impl Single {
    /// Keeps it for the next request, unless it has done its work.
    pub(super) fn give_back(mut self: Box<Self>, cluster: &Arc<Cluster>, endpoint: &Arc<Endpoint>) {
        let done = self.served >= most_served(cluster) || is_old(cluster, self.began);
        if done || !self.connection.is_at_rest() {
            return;
        }
        self.since = Instant::now();
        let part = endpoint.pool.own();
        let mut resting = part.resting();
        resting.kept.push(self);
        let watched = std::mem::replace(&mut resting.watched, true);
        drop(resting);
        if !watched {
            tokio::spawn(watch(
                Arc::downgrade(endpoint),
                Bounds::of(cluster),
                workers::current(),
            ));
        }
        cluster.usage.freed.notify_one();
    }

    /// The bare connection, and what has to be held while it is used.
    pub(super) fn into_stream(self) -> (Rewind<Stream>, Permit) {
        (self.connection.into_stream(), self.permit)
    }

    /// It is neither closed, nor has it rested for too long, nor is it old.
    fn is_usable(&mut self, bounds: Bounds) -> bool {
        let is_old = bounds.age.is_some_and(|age| self.began.elapsed() >= age);
        !is_old && self.since.elapsed() < bounds.idle && self.connection.is_open()
    }
}

/// Closes those at rest that are not usable any more, until none is left.
async fn watch(endpoint: Weak<Endpoint>, bounds: Bounds, worker: usize) {
    loop {
        tokio::time::sleep(LOOK.min(bounds.idle)).await;
        // Whose endpoint is gone are closed with it.
        let Some(endpoint) = endpoint.upgrade() else {
            return;
        };
        let mut resting = endpoint.pool.of(worker).resting();
        resting.kept.retain_mut(|single| single.is_usable(bounds));
        if resting.kept.is_empty() {
            resting.watched = false;
            return;
        }
    }
}

impl Part {
    fn resting(&self) -> MutexGuard<'_, Resting> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Some connection is open; those that are closed are forgotten.
    pub(super) fn rests(&self) -> bool {
        let mut resting = self.resting();
        resting.kept.retain_mut(|single| single.connection.is_open());
        !resting.kept.is_empty()
    }
}

impl Pool {
    /// Closes the connection that was idle for longest at one of the workers.
    fn evict(&self) -> bool {
        self.parts.iter().any(|part| {
            let mut resting = part.resting();
            let any = !resting.kept.is_empty();
            resting.kept.drain(..usize::from(any));
            any
        })
    }

    /// An idle connection that is still open, the last one used first.
    fn take(&self, cluster: &Cluster, caller: Caller<'_>) -> Option<Box<Single>> {
        let bounds = Bounds::of(cluster);
        let mut resting = self.own().resting();
        // Those of other clients stay: what is opened from a client's own address serves nobody else.
        while let Some(place) = resting
            .kept
            .iter()
            .rposition(|single| single.upstream.is_from(caller))
        {
            let mut single = resting.kept.remove(place);
            if single.upstream.is_current(caller) && single.is_usable(bounds) {
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
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let remote = listener.local_addr().unwrap();
        let client = tokio::net::TcpStream::connect(remote).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let usage = Arc::<Usage>::default();
        let upstream = Upstream {
            local: None,
            remote,
            peer: None,
            generation: 0,
            address: None,
        };
        let single = Single {
            connection: Connection::new(client.into()),
            upstream: Arc::new(upstream),
            served: 1,
            began: Instant::now(),
            since: Instant::now(),
            permit: Permit::take(&usage, |usage| &usage.connections, None).unwrap(),
        };
        let pool = Pool::default();
        pool.own().resting().kept.push(Box::new(single));
        assert!(pool.is_used());
        drop(server);
        // Until the end has come.
        while pool.is_used() {
            tokio::task::yield_now().await;
        }
        assert_eq!(usage.connections.get(), 0);
    }
}
