use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use mesh_http2::Fields;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::decode::Decoder;
use super::input::Input;
use super::looked::Looked;
use super::request::{self, Head, Refusal};
use super::{Error, encode};
use crate::net::{Rewind, Stream};

/// More than this of what comes before an answer is not kept for a client that does not read it.
const MOST_TOLD: usize = 64 * 1024;

/// A client's connection, as its server and the body of the request that is being answered share it.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<Wire>>);

#[derive(Debug)]
pub(super) struct Wire {
    /// `None` once it carries something else.
    stream: Option<Stream>,
    input: Input,
    looked: Looked,
    /// The body of the request that is being answered.
    body: Decoder,
    /// Which request that is.
    turn: u32,
    /// The client waits to be told that its body is wanted, as it is when that is read.
    expects: bool,
    /// What comes before the answer and is still to be written.
    told: Vec<u8>,
    /// It cannot be told where the body ends.
    broken: bool,
    /// The client is gone.
    gone: bool,
    /// Who is to know when another one finds that out.
    owner: Option<Waker>,
}

impl Shared {
    pub(super) fn new(stream: Stream) -> Self {
        Self(Arc::new(Mutex::new(Wire {
            stream: Some(stream),
            input: Input::default(),
            looked: Looked::default(),
            body: Decoder::Length(0),
            turn: 0,
            expects: false,
            told: Vec::new(),
            broken: false,
            gone: false,
            owner: None,
        })))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Wire> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client of a request that was just begun, as long as it is not answered.
    pub(super) fn asking(&self, expects: bool) -> Asking {
        Asking {
            wire: self.clone(),
            turn: self.lock().turn,
            expects,
        }
    }

    /// The body of a request that was just begun.
    pub(super) fn received(&self) -> Option<Received> {
        let wire = self.lock();
        let turn = wire.turn;
        let comes = !wire.body.is_over();
        drop(wire);
        comes.then(|| Received {
            wire: self.clone(),
            turn,
        })
    }
}

impl Wire {
    /// The next request's head; `None` at the connection's end.
    pub(super) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Head, Refusal>>> {
        loop {
            match request::read(&mut self.input, &mut self.looked) {
                Ok(Some(head)) => return Poll::Ready(Some(Ok(head))),
                Ok(None) => {}
                Err(refusal) => return Poll::Ready(Some(Err(refusal))),
            }
            match ready!(self.poll_fill(cx)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(None),
            }
        }
    }

    /// What follows is the body of another request.
    pub(super) fn begin(&mut self, body: Decoder, expects: bool) {
        self.body = body;
        self.turn = self.turn.wrapping_add(1);
        self.expects = expects;
    }

    /// An answer begins: nothing comes before it any more. Gives what is still to be written of what did.
    pub(super) fn answers(&mut self) -> Vec<u8> {
        self.expects = false;
        std::mem::take(&mut self.told)
    }

    /// All of the request has been read.
    pub(super) fn is_whole(&self) -> bool {
        self.body.is_over() && !self.broken
    }

    /// Whether the client has gone while it was waiting for its answer. What comes before that is written meanwhile, and what
    /// it asks is read ahead, as far as one read goes.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> bool {
        self.gone |= matches!(self.poll_tell(cx), Poll::Ready(Err(_)));
        if !self.body.is_over() {
            // Whoever reads the body finds it out.
            if !self
                .owner
                .as_ref()
                .is_some_and(|owner| owner.will_wake(cx.waker()))
            {
                self.owner = Some(cx.waker().clone());
            }
        } else if self.input.is_empty() {
            self.gone |= matches!(self.poll_fill(cx), Poll::Ready(Ok(0) | Err(_)));
        }
        self.gone
    }

    /// The bare connection, with what was read of it and is no HTTP any more.
    pub(super) fn take(&mut self) -> Option<Rewind<Stream>> {
        let read = self.input.take(u64::MAX);
        self.stream.take().map(|stream| Rewind::new(read, stream))
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Some(stream) => self.input.poll_fill(stream, cx),
            None => Poll::Ready(Ok(0)),
        }
    }

    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            match self.body.next(&mut self.input) {
                Ok(Some(frame)) => return Poll::Ready(Some(Ok(frame))),
                Ok(None) if self.body.is_over() => return Poll::Ready(None),
                Ok(None) => {}
                Err(error) => {
                    self.broken = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            if std::mem::take(&mut self.expects) {
                encode::interim(&mut self.told, StatusCode::CONTINUE, &Fields::new());
            }
            let read = match ready!(self.poll_tell(cx)) {
                Ok(()) => ready!(self.poll_fill(cx)),
                Err(error) => Err(error),
            };
            if matches!(read, Ok(0) | Err(_)) {
                // Nobody is left to be answered, and the endpoint is not to blame.
                self.gone = true;
                if let Some(owner) = &self.owner {
                    owner.wake_by_ref();
                }
                return Poll::Pending;
            }
        }
    }

    fn poll_tell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(stream) = self.stream.as_mut().filter(|_| !self.told.is_empty()) else {
            return Poll::Ready(Ok(()));
        };
        while !self.told.is_empty() {
            match ready!(Pin::new(&mut *stream).poll_write(cx, &self.told))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => drop(self.told.drain(..count)),
            }
        }
        // What is not on its way yet goes with the answer at the latest.
        let _later = Pin::new(stream).poll_flush(cx);
        Poll::Ready(Ok(()))
    }
}

/// A client that waits for its answer.
#[derive(Debug)]
pub(crate) struct Asking {
    wire: Shared,
    turn: u32,
    expects: bool,
}

impl Asking {
    /// The client waits to be told that its body is wanted.
    pub(crate) fn expects(&self) -> bool {
        self.expects
    }

    /// Somebody else tells it.
    pub(crate) fn leave(&self) {
        let mut wire = self.wire.lock();
        if wire.turn == self.turn {
            wire.expects = false;
        }
    }

    /// Has it told what comes before its answer. Who waits for that answer writes it.
    pub(crate) fn tell(&self, status: StatusCode, headers: &Fields) {
        let mut wire = self.wire.lock();
        if wire.turn == self.turn && wire.told.len() < MOST_TOLD {
            encode::interim(&mut wire.told, status, headers);
        }
    }
}

/// The body of a request that comes.
#[derive(Debug)]
pub(crate) struct Received {
    wire: Shared,
    turn: u32,
}

impl Body for Received {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut wire = self.wire.lock();
        if wire.turn != self.turn {
            return Poll::Ready(Some(Err(Error::Closed)));
        }
        wire.poll_body(cx)
    }

    fn is_end_stream(&self) -> bool {
        let wire = self.wire.lock();
        wire.turn != self.turn || wire.body.is_over()
    }

    fn size_hint(&self) -> SizeHint {
        let wire = self.wire.lock();
        match wire.body {
            Decoder::Length(rest) if wire.turn == self.turn => SizeHint::with_exact(rest),
            _ => SizeHint::default(),
        }
    }
}

/// The connection as bytes, for as long as it carries HTTP.
pub(super) struct Bare<'a>(pub(super) &'a Shared);

impl Bare<'_> {
    fn with<T>(&self, act: impl FnOnce(Pin<&mut Stream>) -> Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &mut self.0.lock().stream {
            Some(stream) => act(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Bare<'_> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_read(cx, buf))
    }
}

impl AsyncWrite for Bare<'_> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|stream| stream.poll_shutdown(cx))
    }
}
