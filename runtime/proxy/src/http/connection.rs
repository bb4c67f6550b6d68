use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::exchange;
use crate::drain::Drain;
use crate::net::Stream;
use crate::net::sniff::Spoken;
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::Outbound;
use crate::telemetry::{Reporter, Scope};

/// Windows of HTTP/2 towards clients.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Envoy's limit of a request's headers.
const HEADERS: u32 = 60 * 1024;
/// Requests under way on one HTTP/2 connection; more wait at the client.
const STREAMS: u32 = 1024;

/// How long an HTTP/1 connection is left open when a drain begins. Only an answer can tell the client that the connection
/// ends: one that is closed while idle may cross a request on its way, which is lost then.
const LAST_REQUEST: Duration = Duration::from_millis(500);

/// A client that has begun no request, or not ended its headers, is left after this (Envoy's `idle_timeout`).
const IDLE: Duration = Duration::from_secs(3600);

/// What of HTTP a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Http1,
    Http2,
    /// Its first bytes tell.
    Either,
}

/// Which way a connection goes.
#[derive(Clone, Debug)]
pub(crate) enum Side {
    /// With the listener that took it.
    Outbound(Arc<Outbound>),
    /// Each request asks for the listener anew: who may what must not depend on when the connection began.
    Inbound,
}

impl Side {
    pub(crate) fn reporter(&self) -> Reporter {
        match self {
            Self::Outbound(_) => Reporter::Source,
            Self::Inbound => Reporter::Destination,
        }
    }
}

/// A client's connection that carries requests.
#[derive(Debug)]
pub(crate) struct HttpConnection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) down: Downstream,
    pub(crate) side: Side,
    /// The series of the last request, with the metadata that it came with: a peer's is always the same.
    pub(crate) scope: Mutex<Option<(Option<HeaderValue>, Arc<Scope>)>>,
}

impl HttpConnection {
    pub(crate) fn new(shared: Arc<Shared>, down: Downstream, side: Side) -> Arc<Self> {
        Arc::new(Self {
            shared,
            down,
            side,
            scope: Mutex::default(),
        })
    }

    /// Serves requests until the client goes, or the drain ends.
    pub(crate) async fn serve(self: Arc<Self>, mut stream: Stream, codec: Codec, mut drain: Drain) {
        let codec = match (codec, &stream) {
            // What is neither is left to HTTP/1 to refuse.
            (Codec::Either, Stream::Plain(_)) => match stream.sniff(IDLE).await {
                Ok(Some(Spoken::Http2)) => Codec::Http2,
                Ok(Some(_)) => Codec::Http1,
                Ok(None) | Err(_) => return,
            },
            // Inside TLS bytes cannot be put back; ALPN told nothing, and HTTP/1 is what all speak.
            (Codec::Either, _) => Codec::Http1,
            (known, _) => known,
        };
        serve_as(self, stream, codec, &mut drain).await;
    }
}

async fn serve_as(connection: Arc<HttpConnection>, stream: Stream, codec: Codec, drain: &mut Drain) {
    let remote = connection.down.remote;
    let leaving = drain.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let (connection, leaving) = (connection.clone(), leaving.clone());
        async move {
            let mut answer = exchange::answer(connection, request).await;
            if codec != Codec::Http2
                && leaving.is_draining()
                && answer.status() != StatusCode::SWITCHING_PROTOCOLS
            {
                answer
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let mut closing = drain.clone();
    // Both have the same shape and no trait in common.
    macro_rules! until_drained {
        ($serving:expr, $idle:expr) => {{
            let mut serving = std::pin::pin!($serving);
            let ended = tokio::select! {
                ended = serving.as_mut() => ended,
                () = async { drain.draining().await; tokio::time::sleep($idle).await } => {
                    serving.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = serving.as_mut() => ended,
                        () = closing.closed() => Ok(()),
                    }
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%remote, %error, "a client's connection ended");
            }
        }};
    }
    if codec == Codec::Http2 {
        until_drained!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .max_concurrent_streams(STREAMS)
                .max_header_list_size(HEADERS)
                .serve_connection(TokioIo::new(stream), service),
            // A GOAWAY tells which requests were taken.
            Duration::ZERO
        );
    } else {
        until_drained!(
            http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(IDLE)
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades(),
            LAST_REQUEST
        );
    }
}
