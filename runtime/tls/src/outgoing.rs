use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rustls::Error;
use tokio::io::AsyncWrite;

use crate::record::MOST_PLAIN;
use crate::session::Session;

/// Taken from the application at once.
const TAKEN: usize = 4 * MOST_PLAIN;

thread_local! {
    /// What the socket does not take lies with its connection, and is seldom anything: one place serves all.
    static PLACE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is said to the other end.
pub(crate) struct Outgoing {
    /// Sealed, and not sent from `sent` on; empty where all is.
    unsent: Vec<u8>,
    sent: usize,
    /// What the handshake said last goes with the first bytes of the application.
    held: bool,
}

impl Outgoing {
    pub(crate) fn new(unsent: Vec<u8>) -> Self {
        Self {
            held: !unsent.is_empty(),
            unsent,
            sent: 0,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.unsent.is_empty()
    }

    /// Where TLS puts what it has to say of itself.
    pub(crate) fn own(&mut self) -> &mut Vec<u8> {
        &mut self.unsent
    }

    /// Sends what is sealed.
    pub(crate) fn poll_send<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut S,
    ) -> Poll<io::Result<()>> {
        self.held = false;
        if self.unsent.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.sent += send(cx, io, &self.unsent[self.sent..])?;
        if self.sent < self.unsent.len() {
            return Poll::Pending;
        }
        self.unsent = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Seals as many bytes as are taken at once, and sends as much of that as the socket takes; how many were taken.
    pub(crate) fn poll_say<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut S,
        session: &mut Session,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<Result<usize, Error>>> {
        if !self.held {
            ready!(self.poll_send(cx, io))?;
        }
        self.held = false;
        let mut place = PLACE.take();
        place.append(&mut self.unsent);
        let sealed = seal(session, slices, &mut place);
        let sent = send(cx, io, &place);
        if let Ok(sent) = sent {
            self.unsent.extend_from_slice(&place[sent..]);
        }
        place.clear();
        PLACE.set(place);
        sent?;
        Poll::Ready(Ok(sealed))
    }
}

/// How much of `bytes` the socket takes now. Where that is not all of it, who is polled is woken when it takes more.
fn send<S: AsyncWrite + Unpin>(cx: &mut Context<'_>, io: &mut S, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match Pin::new(&mut *io).poll_write(cx, &bytes[sent..]) {
            Poll::Pending => break,
            Poll::Ready(Ok(0)) => return Err(io::ErrorKind::WriteZero.into()),
            Poll::Ready(count) => sent += count?,
        }
    }
    Ok(sent)
}

/// Puts as many of the slices' bytes as are taken at once behind `out`, in records of any number of slices.
fn seal(session: &mut Session, slices: &[IoSlice<'_>], out: &mut Vec<u8>) -> Result<usize, Error> {
    let all: usize = slices.iter().map(|slice| slice.len()).sum();
    let all = all.min(TAKEN);
    let mut slices = slices.iter();
    let mut slice: &[u8] = &[];
    let mut taken = 0;
    while taken < all {
        let mut left = (all - taken).min(MOST_PLAIN);
        taken += left;
        session.seal(out, |out| {
            while left > 0 {
                if slice.is_empty() {
                    // There are as many bytes as were counted.
                    slice = slices.next().map_or(&[], |slice| slice);
                }
                let (now, later) = slice.split_at(slice.len().min(left));
                out.extend_from_slice(now);
                slice = later;
                left -= now.len();
            }
        })?;
    }
    Ok(taken)
}
