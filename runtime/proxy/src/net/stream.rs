use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

use super::Rewind;
use super::introduced::Introduced;
use super::sniff::{self, Spoken};
use crate::peer::exchange::{self, Introduction};

/// A connection in any of the forms that one has here.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Rewind),
    Tls(Box<mesh_tls::Stream<TcpStream>>),
    /// TLS whose other end says first who it is.
    Introduced(Box<Introduced>),
}

impl From<Rewind> for Stream {
    fn from(stream: Rewind) -> Self {
        Self::Plain(stream)
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Plain(Rewind::new(bytes::Bytes::new(), stream))
    }
}

impl Stream {
    /// Says `own` first where TLS settled on that; what the other end says of itself is then known by [`Stream::introduction`].
    pub(crate) async fn introduce(self, own: &[u8]) -> io::Result<Self> {
        let mut stream = self.introducing();
        if stream.introduction().is_some() {
            stream.write_all(own).await?;
            stream.flush().await?;
        }
        Ok(stream)
    }

    /// One whose other end says first who it is, where TLS settled on that; this end has to, too.
    pub(crate) fn introducing(self) -> Self {
        let settled = match &self {
            Self::Tls(stream) => stream.alpn(),
            Self::Plain(_) | Self::Introduced(_) => None,
        };
        if settled == Some(exchange::ALPN) {
            return Self::Introduced(Box::new(Introduced::new(self)));
        }
        self
    }

    /// What the other end says of itself; `None` where it is not asked to.
    pub(crate) fn introduction(&self) -> Option<Arc<Introduction>> {
        match self {
            Self::Introduced(stream) => Some(stream.introduction().clone()),
            Self::Plain(_) | Self::Tls(_) => None,
        }
    }

    /// What of HTTP the other end speaks first; `None` where it says nothing in time. Only for plain streams.
    pub(crate) async fn sniff(&mut self, timeout: std::time::Duration) -> io::Result<Option<Spoken>> {
        let mut read = BytesMut::new();
        let spoken = sniff::until(self, &mut read, timeout, sniff::http).await?;
        if let Self::Plain(stream) = self {
            stream.put_back(read.freeze());
        }
        Ok(spoken)
    }
}

/// Calls the same method of whichever stream is inside.
macro_rules! inside {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain(stream) => {
                let $stream = Pin::new(stream);
                $call
            }
            Stream::Tls(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
            Stream::Introduced(stream) => {
                let $stream = Pin::new(stream.as_mut());
                $call
            }
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inside!(self, stream => stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Introduced(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inside!(self, stream => stream.poll_shutdown(cx))
    }
}
