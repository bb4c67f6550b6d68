//! What came, handed to who wants it.

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{Key, State};
use crate::ResponseHead;
use crate::error::Error;
use crate::frame::{self, kind};

/// A piece of a body.
#[derive(Debug)]
pub(crate) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl State {
    /// What was said before an answer.
    pub(crate) fn take_interim(&mut self, key: Key) -> Vec<ResponseHead> {
        let stream = self.streams.get(key);
        stream.map_or_else(Vec::new, |stream| std::mem::take(&mut stream.interim))
    }

    /// The head of an answer.
    pub(crate) fn take_head(&mut self, key: Key, cx: &Context<'_>) -> Poll<Result<ResponseHead, Error>> {
        let Some(stream) = self.streams.get(key) else {
            return Poll::Ready(Err(Error::Closed));
        };
        if let Some(head) = stream.head.take() {
            return Poll::Ready(Ok(head));
        }
        if let Some(error) = &stream.error {
            return Poll::Ready(Err(error.clone()));
        }
        wait(&mut stream.waiting, cx);
        Poll::Pending
    }

    /// The next piece of a body; `None` at its end.
    pub(crate) fn take_piece(&mut self, key: Key, cx: &Context<'_>) -> Poll<Option<Result<Piece, Error>>> {
        let Some(stream) = self.streams.get(key) else {
            return Poll::Ready(None);
        };
        if let Some(data) = stream.data.pop_front() {
            self.release(key.slot, u32::try_from(data.len()).unwrap_or(u32::MAX));
            return Poll::Ready(Some(Ok(Piece::Data(data.freeze()))));
        }
        if let Some(error) = stream.error.take() {
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(trailers) = stream.trailers.take() {
            return Poll::Ready(Some(Ok(Piece::Trailers(trailers))));
        }
        if stream.received {
            return Poll::Ready(None);
        }
        wait(&mut stream.waiting, cx);
        Poll::Pending
    }

    /// Nothing comes any more that was not taken.
    pub(crate) fn is_taken(&mut self, key: Key) -> bool {
        self.streams.get(key).is_none_or(|stream| {
            stream.received && stream.data.is_empty() && stream.trailers.is_none() && stream.error.is_none()
        })
    }

    /// How much of a body is left, where its message said how long it is: it is not said of those that did not.
    pub(crate) fn left(&mut self, key: Key) -> Option<u64> {
        let stream = self.streams.get(key)?;
        let here: usize = stream.data.iter().map(BytesMut::len).sum();
        stream.length.map(|comes| comes + here as u64)
    }

    /// Nobody wants the rest.
    pub(crate) fn let_go(&mut self, key: Key) {
        let Some(stream) = self.streams.get(key) else {
            return;
        };
        stream.held = false;
        stream.waiting = None;
        let unread: usize = stream.data.drain(..).map(|data| data.len()).sum();
        if unread > 0 {
            self.release(key.slot, u32::try_from(unread).unwrap_or(u32::MAX));
        }
        self.forgo(key.slot);
        self.settle(key.slot);
        if !self.out.is_empty() {
            self.wake();
        }
    }

    /// So much was taken: the other end may send as much again. It is told when half a window is free.
    pub(super) fn release(&mut self, slot: usize, size: u32) {
        let half = self.limits.stream_window / 2;
        let stream = self.streams.at(slot);
        stream.taken = stream.taken.saturating_add(size);
        if stream.taken >= half && !stream.received {
            let taken = std::mem::take(&mut stream.taken);
            stream.receive_window += i64::from(taken);
            frame::put(
                kind::WINDOW_UPDATE,
                0,
                stream.id,
                &taken.to_be_bytes(),
                &mut self.out,
            );
            self.wake();
        }
        self.give_back(size);
    }

    /// The same for the connection.
    pub(super) fn give_back(&mut self, size: u32) {
        self.taken = self.taken.saturating_add(size);
        if self.taken >= self.limits.connection_window / 2 {
            let taken = std::mem::take(&mut self.taken);
            self.receive_window += i64::from(taken);
            frame::put(kind::WINDOW_UPDATE, 0, 0, &taken.to_be_bytes(), &mut self.out);
            self.wake();
        }
    }
}

fn wait(waiting: &mut Option<std::task::Waker>, cx: &Context<'_>) {
    match waiting {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *waiting = Some(cx.waker().clone()),
    }
}
