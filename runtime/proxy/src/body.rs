//! Bodies on their way through: streamed, counted, and kept only as far as a second try may need them.

mod copy;
mod replay;
mod request;
mod room;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;

use crate::cluster::AnswerBody;
use crate::http1;
use crate::incoming::StreamError;

pub(crate) use copy::{Copied, Fate, GivenUp};
pub(crate) use replay::Replay;
pub(crate) use request::RequestBody;
pub(crate) use room::Bodies;

/// A response's body.
#[derive(Debug)]
pub(crate) enum ResponseSource {
    Answer(AnswerBody),
    Full(Full<Bytes>),
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Connection(#[from] http1::Error),
    #[error("another try has begun")]
    Superseded,
    #[error("the response took longer than the route allows")]
    Timeout,
}

impl ResponseSource {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Answer(body) => Pin::new(body).poll_frame(cx),
            Self::Full(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Self::Answer(body) => body.is_end_stream(),
            Self::Full(body) => body.is_end_stream(),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Answer(body) => body.size_hint(),
            Self::Full(body) => body.size_hint(),
        }
    }
}
