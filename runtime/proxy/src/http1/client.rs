use std::future::poll_fn;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::{Method, Version};
use http_body::Frame;
use mesh_http2::{RequestHead, Response, ResponseHead};

use super::decode::Decoder;
use super::input::Input;
use super::looked::Looked;
use super::output::Output;
use super::response::{self, Head};
use super::{Error, encode};
use crate::body::RequestBody;
use crate::interim::Teller;
use crate::net::{Rewind, Stream};

/// A connection to a server, which carries one request after the other.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    input: Input,
    looked: Looked,
    output: Output<RequestBody>,
    /// The body that is being read.
    answer: Decoder,
    /// It takes another request after this one.
    goes_on: bool,
}

/// A request that was not answered, and whether nothing of it was sent.
#[derive(Debug)]
pub(crate) struct Unsent {
    pub(crate) error: Error,
    pub(crate) nothing: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Self {
        Self {
            stream,
            input: Input::default(),
            looked: Looked::default(),
            output: Output::default(),
            answer: Decoder::Length(0),
            goes_on: true,
        }
    }

    /// Whether it is at rest and the server has neither ended it nor said what nobody asked for. Never waits.
    pub(crate) fn is_open(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.is_at_rest() && self.input.poll_fill(&mut self.stream, &mut cx).is_pending()
    }

    /// Nothing of the last request or its answer is under way, and another one may follow.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.goes_on && self.output.is_empty() && self.answer.is_over() && self.input.is_empty()
    }

    /// Sends a request; returns as soon as an answer has begun, whose body follows in [`Connection::poll_body`]. What is left
    /// of the request's body is sent meanwhile.
    ///
    /// What the server says before it is passed on by `teller`.
    pub(crate) async fn send(
        &mut self,
        parts: &RequestHead,
        body: RequestBody,
        teller: &Teller,
    ) -> Result<Response<()>, Unsent> {
        self.output.upload = encode::request(&mut self.output.bytes, parts, body);
        let mut begun = false;
        let head = poll_fn(|cx| {
            let sent = self.output.poll_send(&mut self.stream, &mut begun, cx);
            if let Poll::Ready(Err(error)) = sent {
                self.goes_on = false;
                // Who does not want to read the rest may have said why.
                return match self.poll_head(&parts.method, teller, cx) {
                    Poll::Ready(Ok(head)) => Poll::Ready(Ok(head)),
                    _ => Poll::Ready(Err(error)),
                };
            }
            self.poll_head(&parts.method, teller, cx)
        });
        match head.await {
            Ok(head) => Ok(self.begin(head)),
            Err(error) => {
                self.goes_on = false;
                // What was taken of a body cannot be taken again.
                let nothing = !begun && !matches!(error, Error::Body(_) | Error::Length);
                Err(Unsent { error, nothing })
            }
        }
    }

    fn begin(&mut self, head: Head) -> Response<()> {
        self.answer = head.body;
        self.goes_on &= head.goes_on;
        let head = ResponseHead {
            status: head.status,
            version: Version::HTTP_11,
            headers: head.headers,
        };
        Response { head, body: () }
    }

    fn poll_head(
        &mut self,
        method: &Method,
        teller: &Teller,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Head, Error>> {
        let mut hear = |status, headers: &_| teller.tell(status, headers);
        loop {
            if !self.input.is_empty()
                && let Some(head) = response::read(&mut self.input, &mut self.looked, method, &mut hear)?
            {
                return Poll::Ready(Ok(head));
            }
            if ready!(self.input.poll_fill(&mut self.stream, cx))? == 0 {
                let began = !self.input.is_empty();
                let cut = Error::Bad("its head breaks off");
                return Poll::Ready(Err(if began { cut } else { Error::Closed }));
            }
        }
    }

    /// The next part of the answer's body; `None` at its end.
    pub(crate) fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if !self.output.is_empty() {
            // A server that answers need not have read everything.
            if let Poll::Ready(Err(_)) = self.output.poll_send(&mut self.stream, &mut true, cx) {
                self.goes_on = false;
                self.output.clear();
            }
        }
        loop {
            if let Some(frame) = self.answer.next(&mut self.input)? {
                return Poll::Ready(Some(Ok(frame)));
            }
            if self.answer.is_over() {
                return Poll::Ready(None);
            }
            if ready!(self.input.poll_fill(&mut self.stream, cx)).map_err(Error::from)? == 0 {
                self.goes_on = false;
                self.answer.end()?;
            }
        }
    }

    /// All of the answer has been read.
    pub(crate) fn is_over(&self) -> bool {
        self.answer.is_over()
    }

    /// How much of the answer is still to come, where that is known.
    pub(crate) fn rest(&self) -> Option<u64> {
        match self.answer {
            Decoder::Length(rest) => Some(rest),
            Decoder::Chunked(_) | Decoder::Close { .. } => self.is_over().then_some(0),
        }
    }

    /// The bare connection, with what was read of it and is no HTTP any more.
    pub(crate) fn into_stream(mut self) -> Rewind<Stream> {
        Rewind::new(self.input.take(u64::MAX), self.stream)
    }
}
