use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::Response;
use crate::error::Error;
use crate::state::{Key, Piece, State};

/// A connection that several have a part in.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The body of a message, as it comes. Who drops it wants no more of it.
#[derive(Debug)]
pub struct Incoming {
    /// `None` once all of it has come.
    from: Option<(Shared, Key)>,
}

impl Incoming {
    pub(crate) fn empty() -> Self {
        Self { from: None }
    }

    pub(crate) fn new(shared: Shared, key: Key) -> Self {
        Self {
            from: Some((shared, key)),
        }
    }

    /// The answer that this will be the body of.
    pub(crate) fn poll_answer(&mut self, cx: &Context<'_>) -> Poll<Result<Response<Self>, Error>> {
        let Some((shared, key)) = self.from.take() else {
            return Poll::Ready(Err(Error::Closed));
        };
        let mut state = shared.lock();
        let taken = state.take_head(key, cx);
        let over = taken.is_ready() && state.is_taken(key);
        if over {
            state.let_go(key);
        }
        drop(state);
        if taken.is_pending() {
            self.from = Some((shared, key));
            return Poll::Pending;
        }
        let head = ready!(taken)?;
        let body = if over {
            Self::empty()
        } else {
            Self::new(shared, key)
        };
        Poll::Ready(Ok(Response { head, body }))
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some((shared, key)) = &self.from else {
            return Poll::Ready(None);
        };
        let mut state = shared.lock();
        let piece = ready!(state.take_piece(*key, cx));
        let over = state.is_taken(*key);
        if over {
            state.let_go(*key);
        }
        drop(state);
        if over {
            self.from = None;
        }
        Poll::Ready(piece.map(|piece| {
            piece.map(|piece| match piece {
                Piece::Data(data) => Frame::data(data),
                Piece::Trailers(trailers) => Frame::trailers(trailers),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        let from = self.from.as_ref();
        from.is_none_or(|(shared, key)| shared.lock().is_taken(*key))
    }

    fn size_hint(&self) -> SizeHint {
        let Some((shared, key)) = &self.from else {
            return SizeHint::with_exact(0);
        };
        let left = shared.lock().left(*key);
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if let Some((shared, key)) = &self.from {
            shared.lock().let_go(*key);
        }
    }
}
