use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;
use crate::peer::exchange::{Introduction, Preface};

/// Read at once while the peer's words of itself are awaited.
const PART: usize = 4096;

/// A connection whose other end says of itself who it is before its first byte; what is read is what comes behind that.
#[derive(Debug)]
pub(crate) struct Introduced {
    inner: Stream,
    reading: Reading,
    introduction: Arc<Introduction>,
}

#[derive(Debug)]
enum Reading {
    /// It has not said all of it.
    Preface(BytesMut),
    /// What came behind it, and was not read yet.
    Behind(Bytes),
}

impl Introduced {
    pub(super) fn new(inner: Stream) -> Self {
        Self {
            inner,
            reading: Reading::Preface(BytesMut::new()),
            introduction: Arc::default(),
        }
    }

    pub(super) fn introduction(&self) -> &Arc<Introduction> {
        &self.introduction
    }

    /// Reads until it is known what the first bytes are.
    fn poll_preface(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Reading::Preface(read) = &mut self.reading else {
            return Poll::Ready(Ok(()));
        };
        loop {
            let mut part = [0; PART];
            let mut part = ReadBuf::new(&mut part);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut part))?;
            read.extend_from_slice(part.filled());
            let (party, behind) = match Preface::read(read) {
                // The other end says nothing more: what it said is passed on as it is.
                Preface::Short if part.filled().is_empty() => (None, 0),
                Preface::Short => continue,
                Preface::Absent => {
                    tracing::warn!("a peer settled on istio-peer-exchange and says nothing of itself");
                    (None, 0)
                }
                Preface::Said(length, party) => (party, length),
                Preface::Endless => {
                    self.introduction.tell(None);
                    let why = "the peer's metadata has no end";
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why)));
                }
            };
            let mut rest = std::mem::take(read).freeze();
            rest.advance(behind);
            self.reading = Reading::Behind(rest);
            self.introduction.tell(party);
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncRead for Introduced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_preface(cx))?;
        if let Reading::Behind(behind) = &mut self.reading
            && !behind.is_empty()
        {
            let part = behind.split_to(behind.len().min(buf.remaining()));
            buf.put_slice(&part);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Introduced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
