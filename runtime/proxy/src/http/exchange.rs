//! One request and its answer.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use http_body::Body as _;
use mesh_http2::{Request, RequestHead, Response};
use mesh_wire::listener::MtlsMode;

use super::authorize::{First, Said};
use super::finish::Finish;
use super::headers;
use super::reply::{Reply, local};
use super::seen::Seen;
use super::target::Target;
use super::{HttpConnection, Side};

use crate::incoming::Incoming;
use crate::interim::Teller;
use crate::peer;
use crate::state::State;
use crate::state::policy::{Attempt, Verdict};
use crate::telemetry;
use crate::written::Written;

/// Answers one request. Never fails: what cannot be had is said to the client.
pub(super) async fn answer(
    connection: Arc<HttpConnection>,
    request: Request<Incoming>,
    teller: Teller,
) -> Response<Reply> {
    let Request {
        head: mut parts,
        body,
    } = request;
    let mut finish = Finish::new(connection.clone());
    let Some(state) = connection.shared.state().clone() else {
        return local(
            StatusCode::SERVICE_UNAVAILABLE,
            "there is no snapshot yet",
            finish,
        );
    };
    let Ok(target) = Target::of(&parts) else {
        return local(StatusCode::BAD_REQUEST, "", finish);
    };
    let mut seen = Seen::of(&parts.headers);
    if headers::are_too_long(&parts, &seen) {
        return local(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "", finish);
    }
    // Istio's listeners know no other upgrade; h2c is for those who cannot begin with HTTP/2. Where a body is to come first,
    // what follows it could be read as something else.
    let becomes = parts.version != Version::HTTP_2 && body.is_end_stream();
    let mut wanted = None;
    if seen.hop {
        wanted = headers::strip_hops(&mut parts.headers);
        wanted = wanted.filter(|to| becomes && to.as_bytes().eq_ignore_ascii_case(b"websocket"));
        seen = Seen::of(&parts.headers);
    }
    headers::complete(&mut parts, &seen, connection.down.peer.is_some());
    let metadata = seen.peer.then(|| parts.headers.get(&peer::METADATA).cloned());
    let metadata = metadata.flatten();
    let mut ids = None;
    if let Some(tracer) = &state.tracer {
        let (own, begun) = tracer.begin(&mut parts.headers);
        (ids, finish.trace) = (Some(own), begun);
    }
    let sink = &connection.shared.telemetry().log;
    let log = state.log.as_ref().filter(|log| log.is_read(sink));
    finish.written = Written::new(log.is_some_and(|log| log.metadata));
    let edits = state.edits.as_ref();
    finish.edits = edits
        .filter(|edits| edits.changes(connection.side.reporter()))
        .cloned();
    if log.is_some() || finish.trace.is_some() || finish.edits.is_some() {
        let others = log.map(|log| &log.request[..]).unwrap_or_default();
        let mut request = logged(&parts, &target, others);
        request.trace = ids;
        if let Some(edits) = &finish.edits {
            request
                .headers
                .extend(telemetry::named(&parts.headers, &edits.request));
        }
        finish.request = Some(Box::new(request));
    }
    finish.is_grpc = seen.content_type && headers::are_of_grpc(&parts.headers);
    finish.messages = finish.is_grpc.then(Arc::default);
    let mut exchange = Exchange {
        connection: &connection,
        state: &state,
        target,
        parts,
        metadata,
        wanted,
        seen,
        teller,
        first: First::default(),
        allowed: Vec::new(),
    };
    let mut response = if exchange.parts.method == Method::CONNECT {
        // Istio's listeners open no tunnels: no route of theirs matches.
        exchange.unrouted(finish)
    } else {
        exchange.answer(body, finish).await
    };
    exchange.dress(&mut response);
    for said in exchange.allowed.drain(..) {
        said.tell(&mut response.head.headers);
    }
    if exchange.parts.method == Method::HEAD {
        response.body.only_head();
    }
    let told = state.log.as_ref().map_or(&[][..], |log| &log.response);
    let edited = state.edits.as_ref().map_or(&[][..], |edits| &edits.response);
    if !told.is_empty() || !edited.is_empty() {
        let mut headers = telemetry::named(&response.head.headers, told);
        headers.extend(telemetry::named(&response.head.headers, edited));
        response.body.note(headers);
    }
    response
}

/// What is known of the request while it is answered.
pub(super) struct Exchange<'a> {
    pub(super) connection: &'a Arc<HttpConnection>,
    pub(super) state: &'a State,
    pub(super) target: Target,
    pub(super) parts: RequestHead,
    /// What the client's proxy says of itself.
    pub(super) metadata: Option<HeaderValue>,
    /// What the connection is to become.
    pub(super) wanted: Option<HeaderValue>,
    /// Its headers as they came, without what concerned the client's connection only.
    pub(super) seen: Seen,
    /// Tells the client what comes before its answer.
    pub(super) teller: Teller,
    /// What was read of the body to be shown to an authorizer.
    pub(super) first: First,
    /// What authorizers add to the answer.
    pub(super) allowed: Vec<Said>,
}

impl Exchange<'_> {
    // What is seldom waited for is put elsewhere below: a request's future is moved as a whole, whatever of it is used.
    async fn answer(&mut self, mut body: Incoming, mut finish: Box<Finish>) -> Response<Reply> {
        let (connection, state) = (self.connection, self.state);
        let down = &connection.down;
        match &connection.side {
            Side::Inbound => {
                // The listener of now: who may what can have changed since the connection began.
                let Some(listener) = state.listeners.inbound(down.destination) else {
                    return self.unrouted(finish);
                };
                if listener.mtls == MtlsMode::Strict && down.peer.is_none() {
                    return self.denied(Some("mutual TLS"), finish, &listener.cluster);
                }
                if listener.routes.is_none() {
                    finish.directed(|| "default".into(), Some(&listener.cluster));
                }
                // Before the policies: they may ask for this header, which a client could have made up.
                headers::forward_client(
                    &mut self.parts.headers,
                    down.peer.as_deref(),
                    &state.identity.spiffe,
                    &connection.told,
                );
                if !listener.authorizers.is_empty()
                    && let Some(no) =
                        Box::pin(self.ask(&listener.authorizers, &mut body, &mut finish.written)).await
                {
                    self.count(&mut finish, Some(&listener.cluster), None);
                    return no.answer(finish);
                }
                match self.token(&listener.issuers, &mut finish) {
                    Ok(token) => finish.written.holds(token),
                    Err(fault) => return self.unauthenticated(fault, finish, &listener.cluster),
                }
                if !listener.policies.let_all_in()
                    && let Verdict::Denied(policy) =
                        listener.policies.judge(&self.attempt(), &mut finish.written)
                {
                    return self.denied(policy, finish, &listener.cluster);
                }
                match &listener.routes {
                    Some(routes) => self.route(routes, body, finish).await,
                    None => {
                        let forward = &listener.forward;
                        self.forward(forward, forward.draw(), None, body, finish).await
                    }
                }
            }
            Side::Outbound(listener) => {
                use crate::state::OutboundProtocol::Http;
                if self.seen.client_cert {
                    headers::forget_client(&mut self.parts.headers);
                }
                let now = state.listeners.outbound(down.destination);
                let protocols = (now.map(|now| &now.protocol), &listener.protocol);
                let ((Some(Http { routes, .. }), _) | (_, Http { routes, .. })) = protocols else {
                    return self.unrouted(finish);
                };
                self.route(routes, body, finish).await
            }
        }
    }

    pub(super) fn attempt(&self) -> Attempt<'_> {
        let down = &self.connection.down;
        Attempt {
            destination: down.destination,
            remote: down.remote.ip(),
            client: headers::client(&self.parts.headers, down.remote.ip()),
            peer: down.peer.as_deref(),
            sni: down.sni.as_deref(),
            asked: Some(self.target.asked(&self.parts)),
        }
    }
}

pub(super) fn logged(parts: &RequestHead, target: &Target, others: &[HeaderName]) -> telemetry::Request {
    let mut request = telemetry::Request {
        method: parts.method.clone(),
        path: target
            .path_and_query()
            .map_or("/".to_owned(), |path| path.as_str().to_owned()),
        protocol: match parts.version {
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_10 => "HTTP/1.0",
            _ => "HTTP/1.1",
        },
        authority: target.authority().to_owned(),
        forwarded_for: None,
        user_agent: None,
        request_id: None,
        trace: None,
        sent: None,
        headers: Vec::new(),
    };
    request.headers(&parts.headers, others);
    request
}
