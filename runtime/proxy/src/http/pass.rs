//! What passes the proxy is told who it is, and carries what all of a mesh carries.

use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, SERVER, UPGRADE};
use http::{StatusCode, Version};
use mesh_http2::Response;

use super::exchange::Exchange;
use super::finish::Finish;
use super::forward::Answer;
use super::headers;
use super::reply::{Deadline, Reply, local};
use super::seen::Seen;
use crate::body::ResponseSource;
use crate::http1::Tunnel;
use crate::peer;
use crate::telemetry::Reporter;

const ORIGINAL_PATH: HeaderName = HeaderName::from_static("x-envoy-original-path");
const DECORATOR: HeaderName = HeaderName::from_static("x-envoy-decorator-operation");

impl Exchange<'_> {
    pub(super) fn keep_original_path(&mut self) {
        if let Some(path) = self.target.path_and_query()
            && let Ok(path) = HeaderValue::try_from(path.as_str())
        {
            self.parts.headers.insert(ORIGINAL_PATH, path);
        }
    }

    /// Another host is asked for; the first one is told beside it, as Envoy does.
    pub(super) fn rename(&mut self, host: &HeaderValue, finish: &mut Finish) {
        let before = self.target.host();
        if before == *host {
            return;
        }
        self.target.set_host(host.clone());
        let headers = &mut self.parts.headers;
        headers.insert_new(headers::ORIGINAL_HOST, || before);
        if let Some(request) = &mut finish.request {
            self.target.authority().clone_into(&mut request.authority);
        }
    }

    /// Tells the next proxy who this one is; applications and those outside the mesh are told nothing.
    pub(super) fn introduce(&mut self, outbound: bool, mesh: bool) {
        let headers = &mut self.parts.headers;
        if outbound && mesh {
            headers.insert(peer::ID, self.state.metadata.id.clone());
            headers.insert(peer::METADATA, self.state.metadata.encoded.clone());
            return;
        }
        if self.seen.peer {
            headers.remove(&peer::ID);
            headers.remove(&peer::METADATA);
        }
        if self.seen.internal {
            headers.remove(&DECORATOR);
        }
    }

    /// An answer that an endpoint gave.
    pub(super) fn pass(
        &mut self,
        answer: Answer,
        mut finish: Box<Finish>,
        deadline: Option<Deadline>,
    ) -> Response<Reply> {
        let Answer {
            mut response,
            lease,
            held,
        } = answer;
        finish.code = response.head.status.as_u16();
        finish.details = Some("via_upstream".into());
        let seen = Seen::of(&response.head.headers);
        if seen.grpc_status {
            finish.grpc_status(response.head.headers.get(headers::GRPC_STATUS));
        }
        if seen.peer && self.connection.side.reporter() == Reporter::Source {
            response.head.headers.remove(&peer::ID);
            response.head.headers.remove(&peer::METADATA);
        }
        let mut protocol = None;
        if seen.hop {
            protocol = headers::strip_hops(&mut response.head.headers);
        }
        if response.head.status == StatusCode::NO_CONTENT {
            // RFC 9110, 8.6.
            response.head.headers.remove(CONTENT_LENGTH);
        }
        if response.head.status == StatusCode::SWITCHING_PROTOCOLS {
            // Nobody changes over who was not asked to: what follows would pass every policy.
            let asked = self.wanted.is_some();
            let Response { mut head, body } = response;
            if let (true, Some(protocol), Some((server, permit))) = (asked, protocol, body.into_stream()) {
                let held = Box::new((held, lease, permit));
                let reply = Reply::joining(Tunnel { server, held }, finish);
                head.headers
                    .insert(CONNECTION, HeaderValue::from_static("upgrade"));
                head.headers.insert(UPGRADE, protocol);
                return Response { head, body: reply };
            }
            return local(StatusCode::BAD_GATEWAY, "", finish);
        }
        if let Some(time) = finish.upstream_time {
            let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            response
                .head
                .headers
                .insert(headers::SERVICE_TIME, headers::number(millis));
        }
        finish.upstream_local = lease.upstream.local;
        finish.upstream_remote = Some(lease.upstream.remote);
        finish.lease = Some(lease);
        finish.held = Some(held);
        response.head.version = Version::default();
        response.map(|body| Reply::new(ResponseSource::Answer(body), finish, deadline))
    }

    /// Puts on an answer what all answers of a mesh carry.
    pub(super) fn dress(&self, response: &mut Response<Reply>) {
        let headers = &mut response.head.headers;
        match self.connection.side.reporter() {
            Reporter::Source => {
                headers.insert(SERVER, HeaderValue::from_static("envoy"));
            }
            Reporter::Destination => {
                // Who introduced himself is told who answers.
                if self.metadata.is_some() {
                    headers.insert(peer::ID, self.state.metadata.id.clone());
                    headers.insert(peer::METADATA, self.state.metadata.encoded.clone());
                }
                headers.insert(SERVER, HeaderValue::from_static("istio-envoy"));
            }
        }
    }
}
