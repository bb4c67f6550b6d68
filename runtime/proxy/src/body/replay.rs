use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::watch;

use super::BodyError;
use super::copy::{self, Copied, Copier};
use super::request::RequestBody;
use super::room::{Bodies, Keeping};
use crate::incoming::Incoming;
use crate::telemetry::Messages;

/// A request's body, which may be sent again as long as little of it has come. Most requests have none, and need no room.
#[derive(Clone, Debug)]
pub(crate) struct Replay(Option<Arc<Coming>>);

/// A body on its way.
#[derive(Debug)]
pub(super) struct Coming {
    kept: Mutex<Kept>,
    /// How much of it has come.
    bytes: AtomicU64,
    /// Whether all of it has.
    whole: watch::Sender<bool>,
    /// Where its messages are counted, if it is of gRPC.
    messages: OnceLock<Arc<Messages>>,
}

#[derive(Debug)]
struct Kept {
    incoming: Option<Incoming>,
    frames: Vec<Bytes>,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// Room for frames that are kept for another try.
    keeping: Option<Keeping>,
    /// Too much came, and what did is gone.
    lost: bool,
    /// What came is no body.
    malformed: bool,
    /// The try that is under way; only it is served.
    turn: u32,
    /// Who gets it too.
    copiers: Vec<Copier>,
}

impl Replay {
    /// With room for what is kept where the request may be tried again.
    pub(crate) fn new(incoming: Incoming, keeping: Option<Keeping>) -> Self {
        if incoming.is_end_stream() {
            return Self(None);
        }
        Self::behind(Vec::new(), None, incoming, keeping)
    }

    /// As [`Self::new`], where the beginning of the body was read already.
    pub(crate) fn behind(
        frames: Vec<Bytes>,
        trailers: Option<HeaderMap>,
        incoming: Incoming,
        keeping: Option<Keeping>,
    ) -> Self {
        let incoming = Some(incoming).filter(|incoming| !incoming.is_end_stream());
        let came: usize = frames.iter().map(Bytes::len).sum();
        let kept = Kept {
            ended: incoming.is_none(),
            incoming,
            frames,
            trailers,
            keeping,
            lost: false,
            malformed: false,
            turn: 0,
            copiers: Vec::new(),
        };
        let (whole, _) = watch::channel(kept.ended);
        Self(Some(Arc::new(Coming {
            bytes: AtomicU64::new(came as u64),
            kept: Mutex::new(kept),
            whole,
            messages: OnceLock::new(),
        })))
    }

    /// Has its messages of gRPC counted, those that came already too.
    pub(crate) fn count(&self, messages: &Arc<Messages>) {
        if let Some(coming) = &self.0 {
            coming
                .kept()
                .frames
                .iter()
                .for_each(|data| messages.request(data));
            let _once = coming.messages.set(messages.clone());
        }
    }

    /// How much of it has come.
    pub(crate) fn bytes(&self) -> u64 {
        self.0
            .as_ref()
            .map_or(0, |coming| coming.bytes.load(Ordering::Relaxed))
    }

    /// Waits until the whole request has come: the route's timeout counts from then.
    pub(crate) async fn whole(&self) {
        if let Some(coming) = &self.0 {
            let mut whole = coming.whole.subscribe();
            // The sender lives as long as `self`.
            let _whole = whole.wait_for(|whole| *whole).await;
        }
    }

    /// The body for a copy of the request, which gets all of it while it comes; `None` where there is none. What has come is
    /// still kept: no try has begun.
    pub(crate) fn copy(&self, bodies: &Arc<Bodies>) -> Option<Copied> {
        let coming = self.0.as_ref()?;
        let rest = coming.rest(&Place::default()).exact();
        let (copier, copied) = copy::way(bodies, rest);
        let mut kept = coming.kept();
        kept.frames.iter().for_each(|frame| copier.put(frame));
        if kept.ended {
            copier.end(kept.trailers.as_ref());
        } else {
            kept.copiers.push(copier);
        }
        Some(copied)
    }

    /// Whether [`Replay::body`] can give another one.
    pub(crate) fn is_whole(&self) -> bool {
        self.0.as_ref().is_none_or(|coming| !coming.kept().lost)
    }

    /// The client sent what is no body, such as a chunk without a size.
    pub(crate) fn is_malformed(&self) -> bool {
        self.0.as_ref().is_some_and(|coming| coming.kept().malformed)
    }

    /// The body for one try, from its beginning; `None` where that is no longer there. Earlier tries get no more.
    pub(crate) fn body(&self) -> Option<RequestBody> {
        let Some(coming) = &self.0 else {
            return Some(RequestBody::empty());
        };
        let mut kept = coming.kept();
        if kept.ended && kept.frames.is_empty() && kept.trailers.is_none() && !kept.lost {
            return Some(RequestBody::empty());
        }
        if kept.lost {
            return None;
        }
        kept.turn += 1;
        let place = Place {
            turn: kept.turn,
            next: 0,
            trailed: false,
        };
        let coming = coming.clone();
        Some(RequestBody::coming(coming, place))
    }
}

impl Coming {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll(
        &self,
        cx: &mut Context<'_>,
        place: &mut Place,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let mut kept = self.kept();
        // The connection of an earlier try may not know yet that it is over.
        if kept.turn != place.turn {
            return Poll::Ready(Some(Err(BodyError::Superseded)));
        }
        if let Some(frame) = kept.frames.get(place.next) {
            place.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(frame.clone()))));
        }
        if kept.ended {
            let trailers = if place.trailed {
                None
            } else {
                kept.trailers.clone()
            };
            place.trailed = true;
            return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
        }
        let Some(incoming) = kept.incoming.as_mut() else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(incoming).poll_frame(cx));
        match frame {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
                    if let Some(messages) = self.messages.get() {
                        messages.request(&data);
                    }
                    kept.copiers.iter().for_each(|copier| copier.put(&data));
                    kept.keep(&data, &mut place.next);
                    if kept.incoming.as_ref().is_some_and(Body::is_end_stream) {
                        self.end(&mut kept);
                    }
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        kept.trailers = Some(trailers.clone());
                        place.trailed = true;
                        self.end(&mut kept);
                        return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                    }
                    self.end(&mut kept);
                    Poll::Ready(None)
                }
            },
            Some(Err(error)) => {
                kept.lost = true;
                kept.malformed = error.is_malformed();
                kept.copiers.clear();
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                self.end(&mut kept);
                Poll::Ready(None)
            }
        }
    }

    fn end(&self, kept: &mut Kept) {
        kept.ended = true;
        kept.incoming = None;
        for copier in kept.copiers.drain(..) {
            copier.end(kept.trailers.as_ref());
        }
        self.whole.send_replace(true);
    }

    /// A try has had all of it.
    pub(super) fn is_over(&self, place: &Place) -> bool {
        let kept = self.kept();
        let trailed = place.trailed || kept.trailers.is_none();
        kept.turn == place.turn && kept.ended && place.next >= kept.frames.len() && trailed
    }

    /// What a try has not had yet.
    pub(super) fn rest(&self, place: &Place) -> SizeHint {
        let kept = self.kept();
        let behind = kept.frames.iter().skip(place.next);
        let behind = behind.map(|frame| frame.len() as u64).sum();
        match &kept.incoming {
            None => SizeHint::with_exact(behind),
            Some(incoming) => match incoming.size_hint().exact() {
                Some(rest) => SizeHint::with_exact(behind + rest),
                None => SizeHint::default(),
            },
        }
    }
}

impl Kept {
    fn keep(&mut self, data: &Bytes, next: &mut usize) {
        if self.keeping.as_mut().is_some_and(|room| room.keep(data.len())) {
            self.frames.push(data.clone());
            *next = self.frames.len();
            return;
        }
        self.keeping = None;
        self.lost = true;
        self.frames = Vec::new();
        *next = 0;
    }
}

/// How far one try has come.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Which try it is.
    turn: u32,
    next: usize,
    trailed: bool,
}
