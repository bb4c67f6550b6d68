use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};

use crate::error::Error;
use crate::state::{Key, Piece, State};
use crate::{Fields, Response, ResponseHead};

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
    /// Who sent a request without a body.
    asking: Option<Asking>,
}

/// A client that waits for its answer.
#[derive(Clone, Debug)]
pub struct Asking(Shared, Key);

impl Asking {
    /// Tells it something before its answer (RFC 9110, 15.2).
    pub fn tell(&self, status: StatusCode, headers: &Fields) {
        self.0.lock().send_interim(self.1, status, headers);
    }
}

impl Incoming {
    fn empty() -> Self {
        Self {
            from: None,
            asking: None,
        }
    }

    pub(crate) fn new(shared: Shared, key: Key) -> Self {
        Self {
            from: Some((shared, key)),
            asking: None,
        }
    }

    /// That of a request, of which there may be none.
    pub(crate) fn of_request(shared: Shared, key: Key, comes: bool) -> Self {
        if comes {
            return Self::new(shared, key);
        }
        Self {
            asking: Some(Asking(shared, key)),
            from: None,
        }
    }

    /// Who sent the request that has this body.
    pub fn asking(&mut self) -> Option<Asking> {
        let from = self.from.as_ref();
        let asking = from.map(|(shared, key)| Asking(shared.clone(), *key));
        asking.or_else(|| self.asking.take())
    }

    /// The answer that this will be the body of; what is said before it goes to `hear`.
    pub(crate) fn poll_answer(
        &mut self,
        hear: &mut impl FnMut(ResponseHead),
        cx: &Context<'_>,
    ) -> Poll<Result<Response<Self>, Error>> {
        let Some((shared, key)) = self.from.take() else {
            return Poll::Ready(Err(Error::Closed));
        };
        let mut state = shared.lock();
        let interim = state.take_interim(key);
        if !interim.is_empty() {
            // Who hears it may tell it on another connection.
            drop(state);
            interim.into_iter().for_each(hear);
            state = shared.lock();
        }
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
