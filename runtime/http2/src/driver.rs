use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::body::{Incoming, Shared};
use crate::error::Error;
use crate::slots::Slots;
use crate::state::{Event, State};
use crate::wire::{Read, Wire};
use crate::{Request, Response};

/// Turns in a row, before other connections have theirs.
const TURNS: usize = 8;

/// One connection and all that is done on it, by one task.
pub(crate) struct Driver<IO, F, B> {
    pub(crate) shared: Shared,
    pub(crate) slots: Slots<F, B>,
    wire: Wire<IO>,
    events: VecDeque<Event>,
    /// What is left is to be written, and then nothing more.
    ending: Option<Result<(), Error>>,
}

impl<IO, F, B> Driver<IO, F, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + Unpin,
{
    pub(crate) fn new(io: IO, state: State) -> Self {
        Self {
            shared: Shared::new(state),
            slots: Slots::new(),
            wire: Wire::new(io),
            events: VecDeque::new(),
            ending: None,
        }
    }

    /// Does all that can be done now; requests are answered with `answer`. Ready when the connection is over.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut answer: impl FnMut(Request<Incoming>) -> F,
    ) -> Poll<Result<(), Error>> {
        self.shared.lock().unpark();
        self.slots.unpark();
        for _ in 0..TURNS {
            if self.ending.is_some() {
                return self.poll_end(cx);
            }
            let read = self.wire.poll_read(cx, &self.shared);
            match read {
                Poll::Ready(Err(error)) => return self.failed(error),
                Poll::Ready(Ok(Read::End)) => return self.over(),
                Poll::Ready(Ok(Read::Some | Read::Full)) | Poll::Pending => {}
            }
            Wire::<IO>::prepare(&self.shared);
            self.take_events(&mut answer);
            self.slots.poll(&self.shared);
            let written = self.wire.poll_write(cx, &self.shared);
            match written {
                Poll::Ready(Err(error)) => return self.failed(error),
                Poll::Ready(Ok(())) => self.slots.written(),
                Poll::Pending => {}
            }
            let mut state = self.shared.lock();
            if state.is_over() {
                state.close();
                self.ending = Some(Ok(()));
            } else if let Some(error) = state.error() {
                self.ending = Some(Err(error.clone()));
            }
            let waits = state.output().is_empty() || written.is_pending();
            // Nobody wakes this task for what comes unless it was read as far as there was any.
            let more = match read {
                Poll::Ready(Ok(Read::Full)) => written.is_ready(),
                read => read.is_ready(),
            };
            if self.ending.is_some() || more || !waits || !state.events().is_empty() {
                continue;
            }
            // Whoever comes with something from now on wakes this task.
            state.park(cx.waker());
            drop(state);
            if self.slots.park(cx.waker()) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_events(&mut self, answer: &mut impl FnMut(Request<Incoming>) -> F) {
        std::mem::swap(&mut self.events, self.shared.lock().events());
        for event in self.events.drain(..) {
            match event {
                Event::Request(key, head, comes) => {
                    let body = Incoming::of_request(self.shared.clone(), key, comes);
                    let only_head = head.method == http::Method::HEAD;
                    let answer = answer(Request { head, body });
                    self.slots.answer(key, answer, only_head);
                }
                Event::Ended(key) => self.slots.end(key),
                Event::Room(key) => self.slots.wake(key),
            }
        }
    }

    /// The last words, and then the end.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.slots.clear();
        // Who is gone cannot be told anything any more: what there was to say about it is said.
        let told = ready!(self.wire.poll_write(cx, &self.shared));
        if told.is_ok() {
            let _closed = ready!(self.wire.poll_shutdown(cx));
        }
        Poll::Ready(self.ending.take().unwrap_or(Ok(())))
    }

    fn failed(&mut self, error: std::io::Error) -> Poll<Result<(), Error>> {
        let error = Error::Io(Arc::new(error));
        self.shared.lock().fail(error.clone());
        self.slots.clear();
        Poll::Ready(Err(error))
    }

    /// The other end has closed the connection.
    fn over(&mut self) -> Poll<Result<(), Error>> {
        self.shared.lock().fail(Error::Closed);
        self.slots.clear();
        Poll::Ready(Ok(()))
    }
}

impl<IO, F, B> Drop for Driver<IO, F, B> {
    fn drop(&mut self) {
        // Whoever still waits for something waits for nothing.
        self.shared.lock().fail(Error::Closed);
    }
}
