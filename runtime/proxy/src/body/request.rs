use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use super::BodyError;
use super::replay::{Coming, Place};

/// The body of one try.
#[derive(Debug)]
pub(crate) struct RequestBody(Source);

#[derive(Debug)]
enum Source {
    Empty,
    Whole(Full<Bytes>),
    Coming { coming: Arc<Coming>, place: Place },
}

impl RequestBody {
    pub(super) fn empty() -> Self {
        Self(Source::Empty)
    }

    pub(super) fn coming(coming: Arc<Coming>, place: Place) -> Self {
        Self(Source::Coming { coming, place })
    }

    /// A body of the proxy's own.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Source::Whole(Full::new(bytes)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Source::Empty => Poll::Ready(None),
            Source::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
            Source::Coming { coming, place } => coming.poll(cx, place),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Empty => true,
            Source::Whole(body) => body.is_end_stream(),
            Source::Coming { coming, place } => coming.is_over(place),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Empty => SizeHint::with_exact(0),
            Source::Whole(body) => body.size_hint(),
            Source::Coming { coming, place } => coming.rest(place),
        }
    }
}
