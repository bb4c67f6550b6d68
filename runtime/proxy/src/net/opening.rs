use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection that is opened. The last that its handshake says waits for what is said right behind it: the other end
/// is woken once, and reads once.
#[derive(Debug)]
pub(crate) struct Opening<S = TcpStream> {
    inner: S,
    /// Written, and not sent.
    held: BytesMut,
    /// Nothing is sent before something is waited for.
    holds: bool,
}

impl<S: AsyncWrite + Unpin> Opening<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self {
            inner,
            held: BytesMut::new(),
            holds: true,
        }
    }

    /// The handshake is over: what was held goes with the next that is written, or before the next that is waited for.
    pub(crate) fn release(&mut self) {
        self.holds = false;
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.held))?;
            self.sent(sent)?;
        }
        Poll::Ready(Ok(()))
    }

    /// So much of what is held was sent.
    fn sent(&mut self, sent: usize) -> io::Result<()> {
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.held.advance(sent);
        if self.held.is_empty() {
            self.held = BytesMut::new();
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Opening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_pending() && !self.held.is_empty() {
            // The other end may wait for it.
            if let Poll::Ready(Err(error)) = self.poll_send(cx) {
                return Poll::Ready(Err(error));
            }
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opening<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.holds {
            self.held.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        while !self.held.is_empty() {
            let this = &mut *self;
            let both = [IoSlice::new(&this.held), IoSlice::new(bytes)];
            let sent = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, &both))?;
            let before = this.held.len();
            this.sent(sent.min(before))?;
            if sent > before {
                return Poll::Ready(Ok(sent - before));
            }
        }
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match only(slices) {
            Some(bytes) => self.poll_write(cx, bytes),
            None if !self.holds && self.held.is_empty() => {
                Pin::new(&mut self.inner).poll_write_vectored(cx, slices)
            }
            // The others come again.
            None => self.poll_write(cx, slices.first().map_or(&[], |first| first)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.holds {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The slice, where there is one: the system takes that more quickly than a list.
pub(super) fn only<'a>(slices: &'a [IoSlice<'_>]) -> Option<&'a [u8]> {
    match slices {
        [only] => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    #[tokio::test]
    async fn what_is_held_goes_with_what_follows_it() {
        let (near, mut far) = duplex(4096);
        let mut opening = Opening::new(near);
        opening.write_all(b"finished,").await.unwrap();
        opening.flush().await.unwrap();
        opening.release();
        opening.write_all(b"hello").await.unwrap();
        let mut read = [0; 64];
        let count = far.read(&mut read).await.unwrap();
        assert_eq!(&read[..count], b"finished,hello");
    }

    #[tokio::test]
    async fn nobody_is_waited_for_who_waits_for_what_is_held() {
        let (near, mut far) = duplex(4096);
        let mut opening = Opening::new(near);
        opening.write_all(b"hello?").await.unwrap();
        let answers = async {
            let mut read = [0; 6];
            far.read_exact(&mut read).await.unwrap();
            far.write_all(&read).await.unwrap();
        };
        let mut read = [0; 6];
        let (asked, ()) = tokio::join!(opening.read_exact(&mut read), answers);
        asked.unwrap();
        assert_eq!(&read, b"hello?");
    }

    #[tokio::test]
    async fn nothing_is_lost_or_doubled_however_little_is_taken() {
        let (near, mut far) = duplex(3);
        let mut opening = Opening::new(near);
        opening.write_all(b"0123456789").await.unwrap();
        opening.release();
        let writes = async {
            opening.write_all(b"abcdefgh").await.unwrap();
            opening.shutdown().await.unwrap();
        };
        let mut got = Vec::new();
        let (read, ()) = tokio::join!(far.read_to_end(&mut got), writes);
        read.unwrap();
        assert_eq!(got, b"0123456789abcdefgh");
    }
}
