//! Requests that others decide about (Istio's `CUSTOM`, Envoy `extensions.filters.http.ext_authz.v3`).

use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue, SERVER, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use mesh_http2::{Fields, Response};
use mesh_wire::authorizer::{AskedBody, AskedBy};

use super::exchange::Exchange;
use super::finish::Finish;
use super::reply::{Reply, local};
use crate::body::Replay;
use crate::incoming::Incoming;
use crate::state::authorizers::Authorizer;
use crate::telemetry::Flag;
use crate::written::Written;

mod by_grpc;
mod by_http;
mod query;

/// What an authorizer says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Yes {
    /// Headers that the request gets in place of its own.
    set: Vec<(HeaderName, HeaderValue)>,
    /// What headers that the request has get behind what they say.
    add: Vec<(HeaderName, HeaderValue)>,
    /// Headers that the request loses.
    remove: Vec<HeaderName>,
    /// Parameters of the query that the request gets in place of its own.
    set_query: Vec<(String, String)>,
    /// Parameters of the query that the request loses.
    remove_query: Vec<String>,
    /// Headers that the answer to the client gets, and how.
    answer: Vec<Said>,
}

/// A header, and what becomes of one of its name that is there already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    name: HeaderName,
    value: HeaderValue,
    how: How,
}

/// Envoy's `HeaderAppendAction`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum How {
    /// Both stand there.
    #[default]
    Beside,
    /// The one that is there stays.
    IfAbsent,
    /// This one counts.
    Instead,
    /// This one counts, but only where there is one.
    IfPresent,
}

impl Said {
    /// Puts it on an answer.
    pub(super) fn tell(self, headers: &mut Fields) {
        let is_there = headers.contains_key(&self.name);
        match self.how {
            How::Beside => headers.append(self.name, self.value),
            How::IfAbsent if is_there => {}
            How::IfPresent if !is_there => {}
            How::IfAbsent | How::IfPresent | How::Instead => _ = headers.insert(self.name, self.value),
        }
    }
}

/// What the client gets instead of an answer of the application.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct No {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    details: &'static str,
}

type Ruling = Result<Yes, No>;

/// The body as an authorizer gets it.
#[derive(Debug, Default)]
struct Shown {
    bytes: Bytes,
    /// Whether it is the beginning of a longer one; `None` where none is shown.
    partial: Option<bool>,
    /// As bytes, where a text could be told too.
    raw: bool,
}

impl Shown {
    /// The value of `x-envoy-auth-partial-body`.
    fn told(&self) -> Option<&'static str> {
        self.partial.map(|partial| if partial { "true" } else { "false" })
    }
}

/// What was read of a body to be shown, and goes on to the application.
#[derive(Debug, Default)]
pub(super) struct First {
    pub(super) frames: Vec<Bytes>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Exchange<'_> {
    /// Asks those of `all` whose rules match, one after the other; the first no counts.
    /// What they say for others is `written` down.
    pub(super) async fn ask(
        &mut self,
        all: &[Authorizer],
        body: &mut Incoming,
        written: &mut Written,
    ) -> Option<No> {
        for authorizer in all {
            if !authorizer.is_asked(&self.attempt(), written) {
                continue;
            }
            match self.rule(authorizer, body, written).await {
                Ok(yes) => self.follow(yes),
                Err(no) => return Some(no),
            }
        }
        None
    }

    async fn rule(&mut self, authorizer: &Authorizer, body: &mut Incoming, written: &mut Written) -> Ruling {
        let is_there = !self.first.frames.is_empty() || !Pin::new(&mut *body).is_end_stream();
        let shown = match authorizer.wire.body.filter(|_| is_there) {
            Some(asked) => self.read(asked, body).await?,
            None => Shown::default(),
        };
        let ruling = match (&authorizer.cluster, &authorizer.wire.by) {
            (None, _) => Err("there is no way to it from here".to_owned()),
            (Some(cluster), AskedBy::Grpc) => by_grpc::ask(self, authorizer, cluster, &shown, written).await,
            (Some(cluster), AskedBy::Http { .. }) => by_http::ask(self, authorizer, cluster, &shown).await,
        };
        match ruling {
            Ok(ruling) => ruling,
            Err(why) => {
                tracing::warn!(target: "rbac", authorizer = authorizer.wire.name, why, "an authorizer does not answer");
                if authorizer.wire.fail_open {
                    return Ok(Yes::default());
                }
                Err(No {
                    status: authorizer.status_on_error,
                    headers: Vec::new(),
                    body: Bytes::new(),
                    details: "ext_authz_error",
                })
            }
        }
    }

    /// As much of the body as may be shown. What is read goes on to the application all the same.
    async fn read(&mut self, asked: AskedBody, body: &mut Incoming) -> Result<Shown, No> {
        let most = usize::try_from(asked.most).unwrap_or(usize::MAX);
        let mut size: usize = self.first.frames.iter().map(Bytes::len).sum();
        while size <= most && !Pin::new(&mut *body).is_end_stream() {
            let frame = match body.frame().await {
                Some(Ok(frame)) => frame,
                Some(Err(_)) => return Err(No::plain(StatusCode::BAD_REQUEST, "http1.codec_error")),
                None => break,
            };
            match frame.into_data() {
                Ok(data) => {
                    size += data.len();
                    self.first.frames.push(data);
                }
                Err(frame) => self.first.trailers = frame.into_trailers().ok(),
            }
        }
        let partial = size > most;
        if partial && !asked.partial {
            return Err(No::plain(
                StatusCode::PAYLOAD_TOO_LARGE,
                "request_payload_too_large",
            ));
        }
        let mut bytes = BytesMut::with_capacity(size.min(most));
        for frame in &self.first.frames {
            bytes.extend_from_slice(&frame[..frame.len().min(most - bytes.len())]);
        }
        Ok(Shown {
            bytes: bytes.freeze(),
            partial: Some(partial),
            raw: asked.bytes,
        })
    }

    /// The body, with what of it was read to be shown; kept where the request may be tried again.
    pub(super) fn replay(&mut self, body: Incoming, again: bool) -> Replay {
        let keeping = again.then(|| self.connection.shared.bodies.keeping());
        let first = std::mem::take(&mut self.first);
        match first.frames.is_empty() && first.trailers.is_none() {
            true => Replay::new(body, keeping),
            false => Replay::behind(first.frames, first.trailers, body, keeping),
        }
    }

    fn follow(&mut self, yes: Yes) {
        let headers = &mut self.parts.headers;
        for name in &yes.remove {
            headers.remove(name);
        }
        for (name, value) in yes.set {
            headers.insert(name, value);
        }
        for (name, value) in yes.add {
            // Envoy adds none that is not there.
            if let Some(own) = headers.get_mut(&name)
                && let Ok(joined) =
                    HeaderValue::from_bytes(&[own.as_bytes(), b",", value.as_bytes()].concat())
            {
                *own = joined;
            }
        }
        if !yes.set_query.is_empty() || !yes.remove_query.is_empty() {
            let query = self.target.query_mut();
            *query = query::changed(query.as_deref(), &yes.set_query, &yes.remove_query);
        }
        self.allowed.extend(yes.answer);
    }
}

impl No {
    fn plain(status: StatusCode, details: &'static str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Bytes::from_static(status.canonical_reason().unwrap_or_default().as_bytes()),
            details,
        }
    }

    /// The answer to the client.
    pub(super) fn answer(self, mut finish: Box<Finish>) -> Response<Reply> {
        if self.details.starts_with("ext_authz") {
            finish.flag.why = Flag::Unauthorized;
        }
        finish.details = Some(self.details.into());
        let mut response = local(self.status, self.body, finish);
        let headers = &mut response.head.headers;
        // Several of one name are all told, in place of what is there.
        for (name, _) in &self.headers {
            headers.remove(name);
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// What says of a message how it is carried, not what it means.
fn carries(name: &HeaderName) -> bool {
    const FRAMING: [HeaderName; 5] = [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE, SERVER];
    FRAMING.contains(name)
}

/// The cluster's own protocol.
fn speaks_http2(cluster: &Arc<crate::cluster::Cluster>) -> bool {
    cluster.wire.http == mesh_wire::cluster::HttpVersion::Http2
}
