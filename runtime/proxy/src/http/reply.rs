use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use mesh_http2::Response;

use super::finish::Finish;
use super::headers::{GRPC_MESSAGE, GRPC_STATUS};
use crate::body::{BodyError, ResponseSource};
use crate::http1::Tunnel;
use crate::telemetry::{self, Flag};

/// When an answer has to be whole.
pub(super) type Deadline = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The body of an answer on its way to the client.
pub(crate) struct Reply {
    source: ResponseSource,
    finish: Box<Finish>,
    deadline: Option<Deadline>,
    /// What the connection carries from then on.
    tunnel: Option<Box<Tunnel>>,
}

impl Reply {
    pub(super) fn new(source: ResponseSource, finish: Box<Finish>, deadline: Option<Deadline>) -> Self {
        Self {
            source,
            finish,
            deadline,
            tunnel: None,
        }
    }

    /// The last answer on a connection that becomes something else.
    pub(super) fn joining(tunnel: Tunnel, finish: Box<Finish>) -> Self {
        let empty = ResponseSource::Full(Full::new(Bytes::new()));
        let mut reply = Self::new(empty, finish, None);
        reply.tunnel = Some(Box::new(tunnel));
        reply
    }

    pub(super) fn tunnel(&mut self) -> Option<Box<Tunnel>> {
        self.tunnel.take()
    }
}

impl Reply {
    /// Keeps what the log tells of an answer's headers.
    pub(super) fn note(&mut self, headers: Vec<(HeaderName, HeaderValue)>) {
        self.finish.response_headers = headers;
    }

    /// What is known of the request.
    pub(super) fn finish(&self) -> &Finish {
        &self.finish
    }

    /// Nobody asks for the body: it is an answer to HEAD.
    pub(super) fn only_head(&mut self) {
        self.finish.only_head = true;
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        if let Some(deadline) = &mut this.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            this.finish.badly(Flag::Timeout);
            return Poll::Ready(Some(Err(BodyError::Timeout)));
        }
        match ready!(this.source.poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.finish.sent += data.len() as u64;
                    if let Some(messages) = &this.finish.messages {
                        messages.response(data);
                    }
                }
                if let Some(trailers) = frame.trailers_ref() {
                    this.finish.trailers(trailers);
                }
                // The last look may never come: who knows the length stops asking.
                if this.source.is_end_stream() {
                    this.finish.well();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                this.finish.cut_off(&error);
                Poll::Ready(Some(Err(error)))
            }
            None => {
                this.finish.well();
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.source.size_hint()
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        // Answers without a body are never polled.
        if self.source.is_end_stream() || self.finish.only_head {
            self.finish.well();
        }
    }
}

/// An answer of the proxy's own. Clients of gRPC are told in their own words.
pub(super) fn local(status: StatusCode, body: impl Into<Bytes>, finish: Box<Finish>) -> Response<Reply> {
    local_as(status, telemetry::grpc_status(status.as_u16()), body, finish)
}

/// The same, with the status that clients of gRPC are told.
pub(super) fn local_as(
    status: StatusCode,
    grpc: u32,
    body: impl Into<Bytes>,
    mut finish: Box<Finish>,
) -> Response<Reply> {
    let body: Bytes = body.into();
    if finish.is_grpc {
        finish.code = StatusCode::OK.as_u16();
        finish.grpc = i32::try_from(grpc).ok();
        let empty = ResponseSource::Full(Full::new(Bytes::new()));
        let mut response = Response::new(Reply::new(empty, finish, None));
        let headers = &mut response.head.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(GRPC_STATUS, HeaderValue::from(grpc));
        if let Some(message) = message(&body) {
            headers.insert(GRPC_MESSAGE, message);
        }
        return response;
    }
    let text = !body.is_empty();
    finish.code = status.as_u16();
    let mut response = Response::new(Reply::new(ResponseSource::Full(Full::new(body)), finish, None));
    response.head.status = status;
    if text {
        response
            .head
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    }
    response
}

/// gRPC writes what is not printable ASCII, and `%`, with percent signs.
fn message(body: &[u8]) -> Option<HeaderValue> {
    let mut text = String::with_capacity(body.len());
    for byte in body {
        match byte {
            b' '..=b'~' if *byte != b'%' => text.push(char::from(*byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    if text.is_empty() {
        return None;
    }
    HeaderValue::try_from(text).ok()
}
