use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use super::HttpConnection;
use super::headers::GRPC_STATUS;
use crate::body::{BodyError, Replay};
use crate::cluster::{Active, Cluster, Endpoint, Lease, Permit};
use crate::http1;
use crate::incoming::StreamError;
use crate::telemetry::{self, Counted, Edits, Entry, Facts, Flag, Flags, Messages, Request, Scope};
use crate::trace::Begun;
use crate::written::Written;

/// What is known of a request until it ends, and what has to happen then.
#[derive(Debug)]
pub(super) struct Finish {
    pub(super) connection: Arc<HttpConnection>,
    pub(super) since: Instant,
    /// `None` where nobody reads the log.
    pub(super) request: Option<Box<Request>>,
    pub(super) received: Option<Replay>,
    pub(super) code: u16,
    pub(super) flag: Flags,
    pub(super) details: Option<Cow<'static, str>>,
    pub(super) upstream_failure: Option<String>,
    pub(super) upstream_time: Option<Duration>,
    pub(super) upstream_local: Option<SocketAddr>,
    pub(super) upstream_remote: Option<SocketAddr>,
    pub(super) cluster: Option<Arc<str>>,
    pub(super) endpoint: Option<Arc<Endpoint>>,
    pub(super) route: Option<Arc<str>>,
    pub(super) scope: Option<Arc<Scope>>,
    /// `None` where metrics are Istio's own.
    pub(super) edits: Option<Arc<Edits>>,
    pub(super) sent: u64,
    /// `None` where no collector is to hear of it.
    pub(super) trace: Option<Box<Begun>>,
    /// Those that the log tells.
    pub(super) response_headers: Vec<(HeaderName, HeaderValue)>,
    response_trailers: Vec<(HeaderName, HeaderValue)>,
    pub(super) is_grpc: bool,
    pub(super) grpc: Option<i32>,
    /// Those of gRPC; `None` where nobody counts them, or they are counted.
    pub(super) messages: Option<Arc<Messages>>,
    /// The connection that the answer comes on.
    pub(super) lease: Option<Lease>,
    pub(super) held: Option<Held>,
    pub(super) written: Written,
    /// The answer is to HEAD: its body is never asked for.
    pub(super) only_head: bool,
    pub(super) done: bool,
}

/// What counts as under way while the answer comes.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) _active: Active,
    pub(super) _request: Permit,
}

impl Finish {
    pub(super) fn new(connection: Arc<HttpConnection>) -> Box<Self> {
        Box::new(Self {
            connection,
            since: Instant::now(),
            request: None,
            received: None,
            code: 0,
            flag: Flags::default(),
            details: None,
            upstream_failure: None,
            upstream_time: None,
            upstream_local: None,
            upstream_remote: None,
            cluster: None,
            endpoint: None,
            route: None,
            scope: None,
            edits: None,
            sent: 0,
            trace: None,
            response_headers: Vec::new(),
            response_trailers: Vec::new(),
            is_grpc: false,
            grpc: None,
            messages: None,
            lease: None,
            held: None,
            written: Written::default(),
            only_head: false,
            done: false,
        })
    }

    /// Somebody is told more of it than what metrics count.
    pub(super) fn is_told(&self) -> bool {
        self.request.is_some() || self.trace.is_some()
    }

    /// Notes where the request goes.
    pub(super) fn directed(&mut self, route: impl FnOnce() -> Arc<str>, cluster: Option<&Cluster>) {
        if self.is_told() {
            self.route = Some(route());
            self.cluster = cluster.map(|cluster| cluster.name.clone());
        }
    }

    /// When the request came.
    pub(super) fn at(&self) -> SystemTime {
        let now = SystemTime::now();
        now.checked_sub(self.since.elapsed()).unwrap_or(now)
    }

    /// `grpc-status`, from trailers or, where there is nothing else, from headers.
    pub(super) fn grpc_status(&mut self, status: Option<&HeaderValue>) {
        let status = status.and_then(|status| status.to_str().ok());
        if let Some(status) = status.and_then(|status| status.parse().ok()) {
            self.grpc = Some(status);
        }
    }

    /// What stands behind the answer's body.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        self.grpc_status(trailers.get(GRPC_STATUS));
        if self.request.is_none() {
            return;
        }
        let state = self.connection.shared.state();
        let log = state.as_ref().and_then(|state| state.log.as_ref());
        let names = log.map_or(&[][..], |log| &log.trailers);
        self.response_trailers = telemetry::picked(names, |name| trailers.get(name));
    }

    /// From here on messages of gRPC are counted while they pass, unless their labels are known at the end only.
    pub(super) fn count_messages(&self) {
        if let (Some(messages), Some(scope), None) = (&self.messages, &self.scope, &self.edits)
            && let Some(series) = scope.messages()
        {
            messages.count(series);
        }
    }

    /// The answer came to its end.
    pub(super) fn well(&mut self) {
        self.lease = None;
        self.end();
    }

    /// The answer was cut off.
    pub(super) fn badly(&mut self, flag: Flag) {
        if !self.done && self.flag.why == Flag::None {
            self.flag.why = flag;
        }
        self.lease = None;
        self.end();
    }

    /// The answer broke off by `error`.
    pub(super) fn cut_off(&mut self, error: &BodyError) {
        let (flag, details) = match error {
            // What ends early is as bad as what cannot be read.
            BodyError::Connection(http1::Error::Bad(_) | http1::Error::Closed) => (
                Flag::UpstreamProtocol,
                "upstream_reset_after_response_started{protocol_error}",
            ),
            BodyError::Stream(StreamError::Http2(error)) if error.is_reset() => (
                Flag::UpstreamReset,
                "upstream_reset_after_response_started{remote_reset}",
            ),
            _ => (
                Flag::UpstreamTermination,
                "upstream_reset_after_response_started{connection_termination}",
            ),
        };
        self.details = Some(details.into());
        self.badly(flag);
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.done, true) {
            return;
        }
        self.held = None;
        let received = self.received.as_ref().map_or(0, Replay::bytes);
        let duration = self.since.elapsed();
        let counted = Counted {
            code: self.code,
            flag: self.flag,
            grpc: self.is_grpc.then(|| self.grpc.unwrap_or(-1)),
            duration,
            received,
            sent: self.sent,
        };
        let edits = self.edits.take();
        if let Some(scope) = self.scope.as_ref().filter(|_| edits.is_none()) {
            scope.count(&counted);
        }
        if let Some(begun) = self.trace.take() {
            let span = super::span::of(self, *begun, received, duration);
            self.connection.shared.telemetry().spans.put(span);
        }
        if let Some(request) = self.request.take() {
            let entry = self.entry(*request, received, duration);
            if let (Some(scope), Some(edits)) = (&self.scope, &edits) {
                scope.count_edited(edits, &counted, Facts::of(&entry, edits.node()));
                if let Some(messages) = &self.messages {
                    messages.count(scope.messages_edited(edits, Facts::of(&entry, edits.node())));
                }
            }
            crate::tcp::write(&self.connection.shared, &entry);
        }
    }

    /// The address that answered, or the endpoint that did not.
    fn upstream_host(&self) -> Option<Arc<str>> {
        let endpoint = self.endpoint.as_ref().map(|endpoint| endpoint.text.clone());
        self.upstream_remote
            .map(|remote| remote.to_string().into())
            .or(endpoint)
    }

    /// What is known by now of a request that is still under way.
    pub(super) fn so_far(&self, request: Request) -> Entry {
        let received = self.received.as_ref().map_or(0, Replay::bytes);
        self.entry(request, received, self.since.elapsed())
    }

    fn entry(&self, request: Request, received: u64, duration: Duration) -> Entry {
        let down = &self.connection.down;
        Entry {
            start: self.at().into(),
            duration,
            request: Some(request),
            code: self.code,
            flag: self.flag,
            details: self.details.as_deref().map(str::to_owned),
            termination: None,
            upstream_failure: self.upstream_failure.clone(),
            received,
            sent: self.sent,
            upstream_time: self.upstream_time,
            upstream_host: self.upstream_host(),
            upstream_cluster: self.cluster.clone(),
            upstream_local: self.upstream_local,
            downstream_local: down.destination,
            downstream_remote: down.remote,
            sni: down.sni.clone(),
            route: self.route.clone(),
            reporter: self.connection.side.reporter(),
            peer: down.peer.as_ref().map(|peer| peer.spiffe.clone()),
            is_grpc: self.is_grpc,
            grpc: self.grpc,
            response_headers: self.response_headers.clone(),
            response_trailers: self.response_trailers.clone(),
            written: self.written.clone(),
        }
    }
}

impl Drop for Finish {
    fn drop(&mut self) {
        if !self.done {
            self.details = Some("downstream_remote_disconnect".into());
        }
        self.badly(Flag::DownstreamTermination);
    }
}
