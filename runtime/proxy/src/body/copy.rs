//! The body of a request's copy: it gets what the request gets, as it comes, and never holds that up.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::room::{Bodies, PIECE};

/// A copy that has not taken so many bytes of what came for it is too slow, and given up.
const MOST_WAITING: usize = 16 << 20;
/// What became of the request that is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// More of it comes.
    Coming,
    /// All of it has come.
    Whole,
    /// It broke off, or was answered before it had come.
    Gone,
    /// The copy was too slow for it.
    Outrun,
}

/// The body of a copy ends early.
#[derive(Debug, thiserror::Error)]
#[error("a copy of the request is given up")]
pub(crate) struct GivenUp;

/// Where a body's pieces are put for its copy. Dropped before the end, it takes the copy with it.
#[derive(Debug)]
pub(super) struct Copier {
    way: Arc<Mutex<Way>>,
    fate: watch::Sender<Fate>,
}

/// The body of a copy.
#[derive(Debug)]
pub(crate) struct Copied {
    way: Arc<Mutex<Way>>,
    fate: watch::Receiver<Fate>,
}

/// What is on its way from a body to its copy.
#[derive(Debug)]
struct Way {
    pieces: VecDeque<Bytes>,
    /// What they cost.
    cost: usize,
    trailers: Option<HeaderMap>,
    /// How much the copy is still to get, where that is known.
    rest: Option<u64>,
    /// Nobody takes any more.
    left: bool,
    taker: Option<Waker>,
    bodies: Arc<Bodies>,
}

/// A way for a copy of a body of which `rest` is still to come, and who learns what becomes of it.
pub(super) fn way(bodies: &Arc<Bodies>, rest: Option<u64>) -> (Copier, Copied) {
    let (fate, learns) = watch::channel(Fate::Coming);
    let way = Arc::new(Mutex::new(Way {
        pieces: VecDeque::new(),
        cost: 0,
        trailers: None,
        rest,
        left: false,
        taker: None,
        bodies: bodies.clone(),
    }));
    let copier = Copier {
        way: way.clone(),
        fate,
    };
    (copier, Copied { way, fate: learns })
}

fn lock(way: &Mutex<Way>) -> MutexGuard<'_, Way> {
    way.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Copier {
    /// More of the body came.
    pub(super) fn put(&self, data: &Bytes) {
        let mut way = lock(&self.way);
        if way.left || data.is_empty() || *self.fate.borrow() != Fate::Coming {
            return;
        }
        let cost = data.len() + PIECE;
        if way.cost + cost <= MOST_WAITING && way.bodies.copy(cost) {
            way.cost += cost;
            // A piece of the room that others were read into would hold all of that.
            way.pieces.push_back(Bytes::copy_from_slice(data));
        } else {
            way.clear();
            self.fate.send_replace(Fate::Outrun);
        }
        way.wake();
    }

    /// All of it has come.
    pub(super) fn end(&self, trailers: Option<&HeaderMap>) {
        self.become_of(Fate::Whole, trailers);
    }

    fn become_of(&self, fate: Fate, trailers: Option<&HeaderMap>) {
        let mut way = lock(&self.way);
        if *self.fate.borrow() != Fate::Coming {
            return;
        }
        way.trailers = trailers.cloned();
        if fate == Fate::Gone {
            way.clear();
        }
        self.fate.send_replace(fate);
        way.wake();
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        self.become_of(Fate::Gone, None);
    }
}

impl Way {
    fn clear(&mut self) {
        self.bodies.copied(self.cost);
        self.cost = 0;
        self.pieces = VecDeque::new();
    }

    fn take(&mut self) -> Option<Bytes> {
        let piece = self.pieces.pop_front()?;
        let cost = piece.len() + PIECE;
        self.cost -= cost;
        self.bodies.copied(cost);
        self.rest = self.rest.map(|rest| rest.saturating_sub(piece.len() as u64));
        Some(piece)
    }

    fn wake(&mut self) {
        if let Some(taker) = self.taker.take() {
            taker.wake();
        }
    }
}

impl Copied {
    /// What becomes of the request itself.
    pub(crate) fn fate(&self) -> watch::Receiver<Fate> {
        self.fate.clone()
    }
}

impl Drop for Copied {
    fn drop(&mut self) {
        let mut way = lock(&self.way);
        way.left = true;
        way.clear();
    }
}

impl Body for Copied {
    type Data = Bytes;
    type Error = GivenUp;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        let mut way = lock(&self.way);
        if let Some(piece) = way.take() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match *self.fate.borrow() {
            Fate::Coming => {
                way.taker = Some(cx.waker().clone());
                Poll::Pending
            }
            Fate::Whole => Poll::Ready(way.trailers.take().map(|trailers| Ok(Frame::trailers(trailers)))),
            Fate::Gone | Fate::Outrun => Poll::Ready(Some(Err(GivenUp))),
        }
    }

    fn is_end_stream(&self) -> bool {
        let way = lock(&self.way);
        way.pieces.is_empty() && way.trailers.is_none() && *self.fate.borrow() == Fate::Whole
    }

    fn size_hint(&self) -> SizeHint {
        let rest = lock(&self.way).rest;
        rest.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(copied: &mut Copied) -> Poll<Option<Result<Frame<Bytes>, GivenUp>>> {
        Pin::new(copied).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    fn data(polled: Poll<Option<Result<Frame<Bytes>, GivenUp>>>) -> Bytes {
        match polled {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_copy_gets_what_comes_and_the_trailers() {
        let bodies = Arc::<Bodies>::default();
        let (copier, mut copied) = way(&bodies, Some(5));
        assert!(poll(&mut copied).is_pending());
        copier.put(&Bytes::from_static(b"he"));
        copier.put(&Bytes::from_static(b"llo"));
        assert_eq!(data(poll(&mut copied)), "he");
        assert_eq!(copied.size_hint().exact(), Some(3));
        let mut trailers = HeaderMap::new();
        trailers.insert("x-end", http::HeaderValue::from_static("1"));
        copier.end(Some(&trailers));
        drop(copier);
        assert_eq!(data(poll(&mut copied)), "llo");
        assert!(!copied.is_end_stream());
        let Poll::Ready(Some(Ok(frame))) = poll(&mut copied) else {
            panic!()
        };
        assert_eq!(frame.into_trailers().unwrap(), trailers);
        assert!(copied.is_end_stream() && matches!(poll(&mut copied), Poll::Ready(None)));
        assert!(bodies.is_empty());
    }

    #[test]
    fn a_copy_ends_with_its_request() {
        let (copier, mut copied) = way(&Arc::default(), None);
        copier.put(&Bytes::from_static(b"half"));
        drop(copier);
        assert!(matches!(poll(&mut copied), Poll::Ready(Some(Err(GivenUp)))));
        assert_eq!(*copied.fate().borrow(), Fate::Gone);
    }

    #[test]
    fn who_does_not_take_is_given_up_and_holds_nothing() {
        let bodies = Arc::<Bodies>::default();
        let piece = Bytes::from(vec![0; 1 << 20]);
        let (copier, mut copied) = way(&bodies, None);
        for _ in 0..20 {
            copier.put(&piece);
            assert!(lock(&copied.way).cost <= MOST_WAITING);
        }
        assert_eq!(*copied.fate().borrow(), Fate::Outrun);
        assert!(bodies.is_empty());
        assert!(matches!(poll(&mut copied), Poll::Ready(Some(Err(GivenUp)))));
        // Many small pieces cost more than their bytes.
        let (copier, copied) = way(&bodies, None);
        for _ in 0..MOST_WAITING / PIECE {
            copier.put(&Bytes::from_static(b"x"));
        }
        assert_eq!(*copied.fate().borrow(), Fate::Outrun);
    }

    #[test]
    fn all_copies_together_hold_no_more_than_they_may() {
        let bodies = Arc::<Bodies>::default();
        let piece = Bytes::from(vec![0; 12 << 20]);
        let ways: Vec<_> = (0..8).map(|_| way(&bodies, None)).collect();
        for (copier, _) in &ways {
            copier.put(&piece);
        }
        let fates: Vec<Fate> = ways.iter().map(|(_, copied)| *copied.fate().borrow()).collect();
        assert_eq!(fates, [[Fate::Coming; 5].as_slice(), &[Fate::Outrun; 3]].concat());
        drop(ways);
        assert!(bodies.is_empty());
    }
}
