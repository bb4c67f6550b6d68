use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mesh_http2::{Limits, client};
use tokio::time::Instant;

use super::{Held, Lease, PoolError, Upstream, is_old, most_served, pending};
use crate::body::RequestBody;
use crate::cluster::{Cluster, Endpoint, Permit, dial};
use crate::tls::{Credentials, Purpose};

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
    client: client::Client<RequestBody>,
    upstream: Arc<Upstream>,
    served: u32,
    began: Instant,
    /// Requests under way.
    streams: Arc<AtomicU32>,
}

/// A request under way on a connection that others share.
#[derive(Debug)]
pub(super) struct Stream(Arc<AtomicU32>);

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The connection that all share, or a new one.
pub(super) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
    let lent = |multi: &mut Multi, reused| {
        multi.served += 1;
        multi.streams.fetch_add(1, Ordering::AcqRel);
        let held = Held::Multi {
            client: multi.client.clone(),
            _stream: Stream(multi.streams.clone()),
        };
        Lease {
            held,
            upstream: multi.upstream.clone(),
            reused,
        }
    };
    let mut shared = match endpoint.pool.own().shared.try_lock() {
        Ok(shared) => shared,
        Err(_) => {
            let _pending = pending(cluster)?;
            endpoint.pool.own().shared.lock().await
        }
    };
    if let Some(lease) = usable(&mut shared, cluster, credentials).map(|multi| lent(multi, true)) {
        return Ok(lease);
    }
    let limit = cluster.wire.limits.connections;
    let Some(permit) = Permit::connection(&cluster.usage, &endpoint.pool.open, limit) else {
        // Those of other workers do too, where there may be no more; one of them may be opening just now. Nobody waits
        // for another's while he holds his own.
        drop(shared);
        for part in &endpoint.pool.parts {
            let mut shared = part.shared.lock().await;
            if let Some(multi) = usable(&mut shared, cluster, credentials) {
                return Ok(lent(multi, true));
            }
        }
        return Err(PoolError::Overflow);
    };
    let _pending = pending(cluster)?;
    let mut multi = open(cluster, endpoint, credentials, permit).await?;
    let lease = lent(&mut multi, false);
    shared.push(multi);
    Ok(lease)
}

/// One of the connections that takes another request; those that never will are forgotten.
fn usable<'a>(
    shared: &'a mut Vec<Multi>,
    cluster: &Cluster,
    credentials: Option<&Credentials>,
) -> Option<&'a mut Multi> {
    let most = most_served(cluster);
    shared.retain(|multi| {
        let usable = multi.served < most && !is_old(cluster, multi.began);
        !multi.client.is_closed() && usable && multi.upstream.is_current(credentials)
    });
    let streams = cluster.wire.limits.streams.filter(|most| *most > 0);
    let streams = streams.unwrap_or(u32::MAX);
    let room = |multi: &&mut Multi| multi.streams.load(Ordering::Acquire) < streams;
    shared.iter_mut().find(room)
}

async fn open(
    cluster: &Cluster,
    endpoint: &Endpoint,
    credentials: Option<&Credentials>,
    permit: Permit,
) -> Result<Multi, PoolError> {
    let mut dialed = dial(cluster, endpoint, Purpose::Http2, credentials).await?;
    let upstream = Upstream::of(&mut dialed);
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
    Ok(Multi {
        client,
        upstream,
        served: 0,
        began: Instant::now(),
        streams: Arc::default(),
    })
}
