//! Collectors: who is told of requests over the network, without anybody waiting for it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, TE};
use http::{Method, Request, StatusCode};

use crate::client;
use crate::cluster::Cluster;
use crate::shared::Shared;

pub(crate) mod otlp;
mod queue;

pub(crate) use queue::{Queue, Weigh};

/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells the collectors that the snapshot names of requests, for ever: spans, and records of the access log. What a
/// collector does not take is lost.
///
/// Of several callers only the first tells.
pub async fn tell_collectors(shared: Arc<Shared>) {
    tokio::join!(
        crate::trace::send_spans(&shared),
        crate::telemetry::send_records(&shared)
    );
}

/// What is sent at once.
pub(crate) struct Message {
    /// What it is made of.
    pub(crate) what: &'static str,
    pub(crate) path: &'static str,
    pub(crate) kind: &'static str,
    /// By HTTP/2, as gRPC is.
    pub(crate) http2: bool,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// A call of gRPC.
    pub(crate) fn grpc(what: &'static str, path: &'static str, body: Vec<u8>) -> Self {
        Self {
            what,
            path,
            kind: "application/grpc",
            http2: true,
            body,
        }
    }
}

/// Sends `message` to an endpoint of `cluster`.
pub(crate) async fn send(shared: &Shared, cluster: &Arc<Cluster>, message: Message) {
    let (what, name, http2) = (message.what, &*cluster.name, message.http2);
    let Some(request) = request(name, message) else {
        return;
    };
    match client::ask(shared, cluster, http2, request, PATIENCE).await {
        Ok(answer) if matches!(answer.parts.status, StatusCode::OK | StatusCode::ACCEPTED) => {
            let grpc = answer.parts.headers.get("grpc-status");
            if let Some(status) = grpc.filter(|status| *status != "0") {
                tracing::warn!(cluster = name, ?status, "the collector refuses {what}");
            }
        }
        Ok(answer) => {
            tracing::warn!(cluster = name, status = %answer.parts.status, "the collector refuses {what}");
        }
        Err(error) => tracing::warn!(cluster = name, %error, "{what} cannot be sent"),
    }
}

fn request(cluster: &str, message: Message) -> Option<Request<Bytes>> {
    let (path, http2) = (message.path, message.http2);
    // `outbound|PORT|SUBSET|HOST`
    let host = cluster.rsplit('|').next().unwrap_or(cluster);
    let uri = if http2 {
        format!("http://{host}{path}")
    } else {
        path.to_owned()
    };
    let mut request = Request::new(Bytes::from(message.body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.parse().ok()?;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(message.kind));
    if http2 {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    } else {
        headers.insert(HOST, HeaderValue::try_from(host).ok()?);
    }
    Some(request)
}
