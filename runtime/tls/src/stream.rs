use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::invalid;
use crate::incoming::Incoming;
use crate::outgoing::Outgoing;
use crate::session::Session;

/// A connection after its handshake. To be polled by one task only: who waits to read also sends what TLS itself has to say.
pub struct Stream<S> {
    io: S,
    session: Box<Session>,
    alpn: Option<Vec<u8>>,
    incoming: Incoming,
    outgoing: Outgoing,
    /// We said goodbye, or what is wrong.
    closed: bool,
    failed: Option<Error>,
}

impl<S> Stream<S> {
    /// With what the handshake left to be sent, and what came behind it.
    pub(crate) fn new(
        io: S,
        session: Session,
        alpn: Option<Vec<u8>>,
        unsent: Vec<u8>,
        unread: Vec<u8>,
    ) -> Self {
        Self {
            io,
            session: Box::new(session),
            alpn,
            incoming: Incoming::new(unread),
            outgoing: Outgoing::new(unsent),
            closed: false,
            failed: None,
        }
    }

    /// The protocol that both ends agreed on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// Gives up what is read and written, and tells the other end why, if it listens.
    fn fail(&mut self, error: Error) {
        if !self.closed {
            self.closed = true;
            // What cannot be sealed cannot be said.
            let _said = self.session.complain(&error, self.outgoing.own());
        }
        self.failed = Some(error);
    }

    fn failure(&self) -> io::Result<()> {
        match &self.failed {
            None => Ok(()),
            Some(error) => Err(invalid(error.clone())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// What TLS has to say of itself goes as soon as it can. Whether it could is told to who writes.
    fn speak(&mut self, cx: &mut Context<'_>) {
        if self.session.owes() && self.outgoing.is_empty() && !self.closed {
            let renewed = self.session.renew(self.outgoing.own());
            renewed.unwrap_or_else(|error| self.fail(error));
        }
        let _sent = self.outgoing.poll_send(cx, &mut self.io);
    }

    fn poll_say(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.failure()?;
        if self.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let said = self
            .outgoing
            .poll_say(cx, &mut self.io, &mut self.session, slices);
        Poll::Ready(ready!(said)?.map_err(invalid))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            this.incoming.give(buf);
            if buf.filled().len() > before || buf.remaining() == 0 || this.incoming.ended() {
                return Poll::Ready(Ok(()));
            }
            this.failure()?;
            let polled = this.incoming.poll(cx, &mut this.io, &mut this.session, buf);
            let polled = polled.map_ok(|said| {
                said.unwrap_or_else(|error| {
                    this.fail(error);
                    true
                })
            });
            if this.session.owes() || !this.outgoing.is_empty() {
                this.speak(cx);
            }
            if !ready!(polled)? {
                // Without a goodbye somebody else may have cut it short.
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().poll_say(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().poll_say(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.outgoing.poll_send(cx, &mut this.io))?;
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.closed {
            this.closed = true;
            let said = this.session.goodbye(this.outgoing.own());
            said.map_err(invalid)?;
        }
        ready!(this.outgoing.poll_send(cx, &mut this.io))?;
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

impl<S: fmt::Debug> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("io", &self.io)
            .finish_non_exhaustive()
    }
}
