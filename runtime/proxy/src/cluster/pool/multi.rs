use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use mesh_http2::{Limits, client};
use tokio::time::Instant;

use super::{Held, Lease, Part, PoolError, Upstream, is_old, most_served, pending};
use crate::body::RequestBody;
use crate::cluster::{Caller, Cluster, Endpoint, Permit, dial};
use crate::tls::Purpose;

const LIMITS: Limits = Limits {
    // Enough for a gigabit over 30 ms.
    stream_window: 1 << 20,
    connection_window: 4 << 20,
    // Of requests that the server would send: there are none.
    streams: 0,
    // Envoy's limit.
    headers: 60 * 1024,
};

/// An HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Multi {
    carrier: Arc<Carrier>,
    served: u32,
    began: Instant,
}

/// What its requests have together.
#[derive(Debug)]
struct Carrier {
    client: client::Client<RequestBody>,
    upstream: Arc<Upstream>,
    /// Requests under way.
    streams: AtomicU32,
}

/// A request under way on a connection that others share.
#[derive(Debug)]
pub(super) struct Stream(Arc<Carrier>);

impl Stream {
    pub(super) fn client(&self) -> &client::Client<RequestBody> {
        &self.0.client
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Multi {
    fn lend(&mut self, reused: bool) -> Lease {
        self.served += 1;
        self.carrier.streams.fetch_add(1, Ordering::AcqRel);
        Lease {
            held: Held::Multi(Stream(self.carrier.clone())),
            upstream: self.carrier.upstream.clone(),
            reused,
        }
    }
}

impl Part {
    fn shared(&self) -> MutexGuard<'_, Vec<Multi>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self, cluster: &Cluster, caller: Caller<'_>) -> Option<Lease> {
        usable(&mut self.shared(), cluster, caller).map(|multi| multi.lend(true))
    }
}

/// The connection that all share, or a new one.
pub(super) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    caller: Caller<'_>,
) -> Result<Lease, PoolError> {
    let part = endpoint.pool.own();
    match part.lend(cluster, caller) {
        Some(lease) => Ok(lease),
        None => Box::pin(fresh(cluster, endpoint, part, caller)).await,
    }
}

/// There is none that could be shared now.
async fn fresh(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    part: &Part,
    caller: Caller<'_>,
) -> Result<Lease, PoolError> {
    let dialing = match part.dialing.try_lock() {
        Ok(dialing) => dialing,
        Err(_) => {
            let _pending = pending(cluster)?;
            part.dialing.lock().await
        }
    };
    // Who dialled meanwhile may have one now.
    if let Some(lease) = part.lend(cluster, caller) {
        return Ok(lease);
    }
    let limit = cluster.wire.limits.connections;
    let Some(permit) = Permit::connection(&cluster.usage, &endpoint.pool.open, limit) else {
        // Those of other workers do too, where there may be no more; one of them may be opening just now. Nobody waits
        // for another's while he holds his own.
        drop(dialing);
        for part in &endpoint.pool.parts {
            let _dialed = part.dialing.lock().await;
            if let Some(lease) = part.lend(cluster, caller) {
                return Ok(lease);
            }
        }
        return Err(PoolError::Overflow);
    };
    let _pending = pending(cluster)?;
    let mut multi = open(cluster, endpoint, caller, permit).await?;
    let lease = multi.lend(false);
    part.shared().push(multi);
    Ok(lease)
}

/// One of the connections that takes another request; those that never will are forgotten.
fn usable<'a>(shared: &'a mut Vec<Multi>, cluster: &Cluster, caller: Caller<'_>) -> Option<&'a mut Multi> {
    let most = most_served(cluster);
    shared.retain(|multi| {
        let usable = multi.served < most && !is_old(cluster, multi.began);
        !multi.carrier.client.is_closed() && usable && multi.carrier.upstream.is_current(caller)
    });
    let streams = cluster.wire.limits.streams.filter(|most| *most > 0);
    let streams = streams.unwrap_or(u32::MAX);
    let room = |multi: &&mut Multi| {
        multi.carrier.streams.load(Ordering::Acquire) < streams && multi.carrier.upstream.is_from(caller)
    };
    shared.iter_mut().find(room)
}

async fn open(
    cluster: &Cluster,
    endpoint: &Endpoint,
    caller: Caller<'_>,
    permit: Permit,
) -> Result<Multi, PoolError> {
    let mut dialed = dial(cluster, endpoint, Purpose::Http2, caller).await?;
    let upstream = Upstream::of(&mut dialed, caller);
    let ping = cluster.wire.limits.ping.as_ref().map(|ping| client::Ping {
        interval: ping.interval.to_duration(),
        timeout: ping.timeout.to_duration(),
    });
    let (client, connection) = client::connect(dialed.stream, LIMITS, ping);
    tokio::spawn(async move {
        let _permit = permit;
        if let Err(error) = connection.await {
            tracing::debug!(%error, "an upstream connection ended");
        }
    });
    let streams = AtomicU32::new(0);
    Ok(Multi {
        carrier: Arc::new(Carrier {
            client,
            upstream,
            streams,
        }),
        served: 0,
        began: Instant::now(),
    })
}
