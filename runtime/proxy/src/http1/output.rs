use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use tokio::io::AsyncWrite;

use super::Error;
use super::encode::Upload;
use crate::body::BodyError;

/// Of the room that messages are written from.
const MOST_KEPT: usize = 2 * 1024;

/// A message on its way out.
#[derive(Debug)]
pub(super) struct Output<B> {
    /// What is to be written, and how much of it has been.
    pub(super) bytes: Vec<u8>,
    written: usize,
    /// What follows.
    pub(super) upload: Option<Upload<B>>,
}

impl<B> Default for Output<B> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            written: 0,
            upload: None,
        }
    }
}

impl<B> Output<B> {
    pub(super) fn is_empty(&self) -> bool {
        self.upload.is_none() && self.bytes.is_empty()
    }

    /// What was not written is not.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<B: Body<Data = Bytes, Error = BodyError> + Unpin> Output<B> {
    /// Writes as much as can be, and says whether anything was; ready when all of it is on its way.
    pub(super) fn poll_send(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        begun: &mut bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        loop {
            // The head and what there is of the body go together.
            if let Some(upload) = &mut self.upload
                && let Poll::Ready(ended) = upload.poll(&mut self.bytes, cx)
            {
                self.upload = None;
                ended?;
            }
            if self.bytes.is_empty() {
                ready!(Pin::new(&mut *stream).poll_flush(cx))?;
                return if self.upload.is_none() {
                    Poll::Ready(Ok(()))
                } else {
                    Poll::Pending
                };
            }
            while self.written < self.bytes.len() {
                let rest = &self.bytes[self.written..];
                match ready!(Pin::new(&mut *stream).poll_write(cx, rest))? {
                    0 => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                    count => self.written += count,
                }
                *begun = true;
            }
            self.written = 0;
            self.bytes.clear();
            // What a large body needed is not kept.
            self.bytes.shrink_to(MOST_KEPT);
        }
    }
}
