//! What comes from the other end of a connection, whichever HTTP it speaks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use mesh_http2 as http2;

use crate::body::{Copied, GivenUp};
use crate::http1;

/// The body of a message that comes.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// There is none.
    Empty,
    Http1(http1::Received),
    Http2(http2::Incoming),
    /// That of another message once more.
    Copied(Copied),
}

/// Why a message did not come, or not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error(transparent)]
    Http1(#[from] http1::Error),
    #[error(transparent)]
    Http2(#[from] http2::Error),
    #[error(transparent)]
    Copied(#[from] GivenUp),
}

impl StreamError {
    /// Whether the bytes were wrong, rather than missing. On HTTP/2 that ends the stream, and nobody is left to be told.
    pub(crate) fn is_malformed(&self) -> bool {
        matches!(self, Self::Http1(http1::Error::Bad(_)))
    }
}

impl From<Option<http1::Received>> for Incoming {
    fn from(body: Option<http1::Received>) -> Self {
        body.map_or(Self::Empty, Self::Http1)
    }
}

impl From<http2::Incoming> for Incoming {
    fn from(body: http2::Incoming) -> Self {
        Self::Http2(body)
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Http1(body) => Pin::new(body).poll_frame(cx).map_err(StreamError::Http1),
            Self::Http2(body) => Pin::new(body).poll_frame(cx).map_err(StreamError::Http2),
            Self::Copied(body) => Pin::new(body).poll_frame(cx).map_err(StreamError::Copied),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
            Self::Copied(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
            Self::Copied(body) => body.size_hint(),
        }
    }
}
