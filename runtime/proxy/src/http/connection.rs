use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use http::HeaderValue;
use mesh_http2::{Limits, Request, server};

use super::headers::{self, Told};
use super::{exchange, refuse};
use crate::drain::Drain;
use crate::http1::{self, Asked};
use crate::interim::{Client, Teller};
use crate::net::Stream;
use crate::net::sniff::Spoken;
use crate::peer::Downstream;
use crate::shared::Shared;
use crate::state::Outbound;
use crate::telemetry::{Reporter, Scope};

/// What clients of HTTP/2 are told.
const LIMITS: Limits = Limits {
    stream_window: 1 << 20,
    connection_window: 4 << 20,
    // More wait at the client.
    streams: 1024,
    // Envoy's limit.
    headers: headers::MOST,
};

/// A client that says nothing is left after this (Envoy's `idle_timeout`).
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
    /// What requests are told of the client's certificate.
    pub(super) told: OnceLock<Option<Told>>,
}

impl HttpConnection {
    pub(crate) fn new(shared: Arc<Shared>, down: Downstream, side: Side) -> Arc<Self> {
        Arc::new(Self {
            shared,
            down,
            side,
            scope: Mutex::default(),
            told: OnceLock::new(),
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
    if codec == Codec::Http1 {
        let service = async |asked: Asked, teller: Teller| match asked {
            Ok(request) => {
                let request = request.map(Into::into);
                let mut answer = exchange::answer(connection.clone(), request, teller).await;
                let tunnel = answer.body.tunnel();
                (answer, tunnel)
            }
            Err(refusal) => (refuse::nonsense(&connection, refusal), None),
        };
        if let Err(error) = http1::serve(stream, drain.clone(), service).await {
            tracing::debug!(%remote, %error, "a client's connection ended");
        }
        return;
    }
    let service = move |mut request: Request<mesh_http2::Incoming>| {
        let teller = Teller::to(request.body.asking().map(Client::Http2));
        exchange::answer(connection.clone(), request.map(Into::into), teller)
    };
    let mut serving = pin!(server::serve(stream, LIMITS, service));
    let mut closing = drain.clone();
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = drain.draining() => {
            // It tells which requests were taken.
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
}
