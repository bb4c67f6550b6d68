use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mesh_http2::Incoming;

use super::single::Single;
use crate::body::BodyError;
use crate::cluster::{Cluster, Endpoint};
use crate::http1;
use crate::net::{Rewind, Stream};

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Single(Answered),
    Multi(Incoming),
}

/// One on a connection of its own, which is kept for the next request when all of it has been read.
#[derive(Debug)]
pub(crate) struct Answered {
    /// `None` at the end.
    single: Option<Box<Single>>,
    cluster: Arc<Cluster>,
    endpoint: Arc<Endpoint>,
    /// Why it ended early, until that is told.
    failure: Option<http1::Error>,
}

impl Answered {
    pub(super) fn new(single: Box<Single>, cluster: Arc<Cluster>, endpoint: Arc<Endpoint>) -> Self {
        Self {
            single: Some(single),
            cluster,
            endpoint,
            failure: None,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Some(Err(failure.into())));
        }
        let Some(single) = &mut self.single else {
            return Poll::Ready(None);
        };
        let frame = match ready!(single.connection.poll_body(cx)).transpose() {
            Ok(frame) => frame,
            Err(failure) => {
                // What came before it is written first: the client is to see an answer that is cut off, and not none.
                (self.single, self.failure) = (None, Some(failure));
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        };
        if single.connection.is_over() {
            self.give_back();
        }
        Poll::Ready(frame.map(Ok))
    }

    fn give_back(&mut self) {
        if let Some(single) = self.single.take() {
            single.give_back(&self.cluster, &self.endpoint);
        }
    }

    fn is_over(&self) -> bool {
        let over = |single: &Single| single.connection.is_over();
        self.failure.is_none() && self.single.as_deref().is_none_or(over)
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        // Nobody asks for a body that is empty.
        if self.is_over() {
            self.give_back();
        }
    }
}

impl AnswerBody {
    /// The bare connection of an answer after which it is no HTTP any more.
    pub(crate) fn into_stream(self) -> Option<(Rewind<Stream>, impl Send + 'static)> {
        match self {
            Self::Single(mut answered) => answered.single.take().map(|single| single.into_stream()),
            Self::Multi(_) => None,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Single(body) => body.poll(cx),
            Self::Multi(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|error| BodyError::Stream(error.into())),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Single(body) => body.is_over(),
            Self::Multi(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Single(body) => {
                let rest = match &body.single {
                    Some(single) => single.connection.rest(),
                    None => body.failure.is_none().then_some(0),
                };
                rest.map_or_else(SizeHint::default, SizeHint::with_exact)
            }
            Self::Multi(body) => body.size_hint(),
        }
    }
}
