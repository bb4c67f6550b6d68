//! Requests of the proxy's own: to who keeps the keys of tokens, and to collectors.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http::response::Parts;
use http_body_util::{BodyExt as _, Limited};

use crate::body::RequestBody;
use crate::cluster::{Caller, Cluster, Hint, PoolError, SendError, Unsent, lease};
use crate::interim::Teller;
use crate::shared::Shared;

/// Longer answers are not read.
const LONGEST: usize = 1 << 20;

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// Why a request of the proxy's own has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error("it has no endpoint that could be asked")]
    NoEndpoint,
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("the answer cannot be read: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("no answer within {0:?}")]
    Timeout(Duration),
}

/// Sends `request` to an endpoint of `cluster` and reads the whole answer, within `bound`.
pub(crate) async fn ask(
    shared: &Shared,
    cluster: &Arc<Cluster>,
    http2: bool,
    request: Request<Bytes>,
    bound: Duration,
) -> Result<Answer, AskError> {
    tokio::time::timeout(bound, exchange(shared, cluster, http2, request))
        .await
        .unwrap_or(Err(AskError::Timeout(bound)))
}

async fn exchange(
    shared: &Shared,
    cluster: &Arc<Cluster>,
    http2: bool,
    request: Request<Bytes>,
) -> Result<Answer, AskError> {
    // Nobody dialled anything: a cluster that goes where others wanted to go has no endpoint.
    let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mesh_http2::Request { head, body } = request.into();
    cluster.ready().await;
    let mut fresh = false;
    loop {
        let endpoint = cluster
            .pick(nowhere, &Hint::default())
            .ok_or(AskError::NoEndpoint)?;
        let credentials = shared.credentials().clone();
        let mut lease = lease(
            cluster,
            &endpoint,
            http2,
            fresh,
            Caller::new(credentials.as_deref()),
        )
        .await?;
        let response = match lease
            .send(&head, RequestBody::whole(body.clone()), &Teller::default())
            .await
        {
            Ok(response) => response,
            // A kept connection that was closed meanwhile.
            Err(Unsent { nothing: true, .. }) if lease.reused && !fresh => {
                fresh = true;
                continue;
            }
            Err(unsent) => return Err(unsent.error.into()),
        };
        let (parts, body) = http::Response::from(response).into_parts();
        let body = Limited::new(body, LONGEST)
            .collect()
            .await
            .map_err(AskError::Body)?;
        let body = body.to_bytes();
        return Ok(Answer { parts, body });
    }
}
