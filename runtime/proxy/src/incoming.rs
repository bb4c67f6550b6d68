//! What comes from the other end of a connection, whichever HTTP it speaks.

use std::error::Error as _;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use mesh_http2 as http2;

/// The body of a message that comes.
#[derive(Debug)]
pub(crate) enum Incoming {
    Http1(hyper::body::Incoming),
    Http2(http2::Incoming),
}

/// Why a message did not come, or not whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    #[error(transparent)]
    Http1(#[from] hyper::Error),
    #[error(transparent)]
    Http2(#[from] http2::Error),
}

impl StreamError {
    /// Whether the bytes were wrong, rather than missing. On HTTP/2 that ends the stream, and nobody is left to be told.
    pub(crate) fn is_malformed(&self) -> bool {
        let Self::Http1(error) = self else {
            return false;
        };
        let source = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        source.is_some_and(|error| matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData))
    }
}

impl From<hyper::body::Incoming> for Incoming {
    fn from(body: hyper::body::Incoming) -> Self {
        Self::Http1(body)
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
            Self::Http1(body) => Pin::new(body).poll_frame(cx).map_err(StreamError::Http1),
            Self::Http2(body) => Pin::new(body).poll_frame(cx).map_err(StreamError::Http2),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Http1(body) => body.is_end_stream(),
            Self::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Http1(body) => body.size_hint(),
            Self::Http2(body) => body.size_hint(),
        }
    }
}
