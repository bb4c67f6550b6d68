use std::sync::Arc;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::{Held, Lease, PoolError, Upstream, most_served, pending};
use crate::body::RequestBody;
use crate::cluster::{Cluster, Endpoint, Permit, dial};
use crate::tls::{Credentials, Purpose};

/// Windows of HTTP/2: enough for a gigabit over 30 ms.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// An HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Multi {
    sender: http2::SendRequest<RequestBody>,
    upstream: Arc<Upstream>,
    served: u32,
}

/// The connection that all share, or a new one.
pub(super) async fn lease(
    cluster: &Arc<Cluster>,
    endpoint: &Arc<Endpoint>,
    credentials: Option<&Credentials>,
) -> Result<Lease, PoolError> {
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
            let _pending = pending(cluster)?;
            endpoint.pool.shared.lock().await
        }
    };
    let most = most_served(cluster);
    shared.retain(|multi| {
        !multi.sender.is_closed() && multi.served < most && multi.upstream.is_current(credentials)
    });
    if let Some(multi) = shared.first_mut() {
        return Ok(lent(multi, true));
    }
    let limit = cluster.wire.limits.connections;
    let permit =
        Permit::take(&cluster.usage, |usage| &usage.connections, limit).ok_or(PoolError::Overflow)?;
    let mut multi = open(cluster, endpoint, credentials, permit).await?;
    let lease = lent(&mut multi, false);
    shared.push(multi);
    Ok(lease)
}

async fn open(
    cluster: &Cluster,
    endpoint: &Endpoint,
    credentials: Option<&Credentials>,
    permit: Permit,
) -> Result<Multi, PoolError> {
    let mut dialed = dial(cluster, endpoint, Purpose::Http2, credentials).await?;
    let upstream = Upstream::of(&mut dialed);
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
