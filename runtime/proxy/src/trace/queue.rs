use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, TE};
use http::{Method, Request, StatusCode};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::snapshot::TracingProvider;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::{Span, Tracer, otlp, zipkin};
use crate::client;
use crate::cluster::Cluster;
use crate::shared::Shared;

/// Spans that may wait for their collector; what comes beyond is dropped and counted, for no request waits for one.
const WAITING: usize = 4096;
/// Spans of one message.
const MOST: usize = 512;
/// How long spans are gathered (Envoy gathers Zipkin's for five seconds at most).
const GATHERED: Duration = Duration::from_secs(1);
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Spans on their way to the collector.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: Sender<Span>,
    /// Taken by who sends them.
    receiver: Mutex<Option<Receiver<Span>>>,
    dropped: AtomicU64,
}

impl Default for Queue {
    fn default() -> Self {
        let (sender, receiver) = channel(WAITING);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            dropped: AtomicU64::new(0),
        }
    }
}

impl Queue {
    pub(crate) fn put(&self, span: Span) {
        let lost = self.sender.try_send(span).is_err();
        if lost
            && self
                .dropped
                .fetch_add(1, Ordering::Relaxed)
                .is_multiple_of(10_000)
        {
            tracing::warn!("spans are dropped: the collector takes them too slowly, or not at all");
        }
    }
}

/// Sends the spans of requests to the collector that the snapshot names, for ever. What a collector does not take is lost.
///
/// Of several callers only the first sends.
pub async fn send_spans(shared: Arc<Shared>) {
    let queue = &shared.telemetry().spans;
    let taken = queue
        .receiver
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let Some(mut receiver) = taken else { return };
    let mut spans = Vec::new();
    loop {
        if receiver.recv_many(&mut spans, MOST).await == 0 {
            return;
        }
        let more = async { while spans.len() < MOST && receiver.recv_many(&mut spans, MOST).await > 0 {} };
        let _gathered = tokio::time::timeout(GATHERED, more).await;
        if let Some(state) = shared.state().clone()
            && let Some(tracer) = &state.tracer
            && let Some(cluster) = state.clusters.get(&tracer.cluster)
        {
            send(&shared, tracer, cluster, &spans).await;
        }
        spans.clear();
    }
}

async fn send(shared: &Shared, tracer: &Tracer, cluster: &Arc<Cluster>, spans: &[Span]) {
    let (path, kind, body) = match tracer.provider {
        TracingProvider::Zipkin => (
            zipkin::PATH,
            "application/json",
            zipkin::encode(&tracer.service, spans),
        ),
        TracingProvider::Otlp => (
            otlp::PATH,
            "application/grpc",
            otlp::encode(&tracer.service, spans),
        ),
    };
    // gRPC is HTTP/2, whatever else is said.
    let http2 = tracer.provider == TracingProvider::Otlp || cluster.wire.http == HttpVersion::Http2;
    // `outbound|PORT|SUBSET|HOST`
    let host = tracer.cluster.rsplit('|').next().unwrap_or(&tracer.cluster);
    let uri = if http2 {
        format!("http://{host}{path}")
    } else {
        path.to_owned()
    };
    let (Ok(uri), Ok(host)) = (uri.parse(), HeaderValue::try_from(host)) else {
        return;
    };
    let mut request = Request::new(Bytes::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if http2 {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    } else {
        headers.insert(HOST, host);
    }
    let name = &*cluster.name;
    match client::ask(shared, cluster, http2, request, PATIENCE).await {
        Ok(answer) if matches!(answer.parts.status, StatusCode::OK | StatusCode::ACCEPTED) => {
            let grpc = answer.parts.headers.get("grpc-status");
            if let Some(status) = grpc.filter(|status| *status != "0") {
                tracing::warn!(cluster = name, ?status, "the collector refuses spans");
            }
        }
        Ok(answer) => {
            tracing::warn!(cluster = name, status = %answer.parts.status, "the collector refuses spans");
        }
        Err(error) => tracing::warn!(cluster = name, %error, "spans cannot be sent"),
    }
}
