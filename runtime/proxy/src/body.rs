//! Bodies on their way through: streamed, counted, and kept only as far as a second try may need them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::{oneshot, watch};

use crate::cluster::AnswerBody;
use crate::http1;
use crate::incoming::{Incoming, StreamError};
use crate::telemetry::Messages;

/// More than this of a request's body is not kept; such a request is tried once.
const MOST_KEPT: usize = 64 * 1024;

/// A request's body, which may be sent again as long as little of it has come. Most requests have none, and need no room.
#[derive(Clone, Debug)]
pub(crate) struct Replay(Option<Arc<Coming>>);

/// A body on its way.
#[derive(Debug)]
struct Coming {
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
    size: usize,
    trailers: Option<HeaderMap>,
    ended: bool,
    /// Frames are kept for another try.
    keeping: bool,
    /// Too much came, and what did is gone.
    lost: bool,
    /// What came is no body.
    malformed: bool,
    /// The try that is under way; only it is served.
    turn: u32,
    /// Who waits for all of it.
    copies: Vec<oneshot::Sender<Copied>>,
}

/// The whole body of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copied {
    frames: Vec<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Replay {
    /// `keeping` where the request may be tried again.
    pub(crate) fn new(incoming: Incoming, keeping: bool) -> Self {
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
        keeping: bool,
    ) -> Self {
        let incoming = Some(incoming).filter(|incoming| !incoming.is_end_stream());
        let kept = Kept::new(Copied { frames, trailers }, incoming, keeping);
        let came = kept.size;
        Self::with(kept, came)
    }

    /// The body of another request once more.
    pub(crate) fn of(copied: Copied) -> Self {
        if copied.frames.is_empty() && copied.trailers.is_none() {
            return Self(None);
        }
        Self::with(Kept::new(copied, None, true), 0)
    }

    fn with(kept: Kept, came: usize) -> Self {
        let (whole, _) = watch::channel(kept.ended);
        Self(Some(Arc::new(Coming {
            kept: Mutex::new(kept),
            bytes: AtomicU64::new(came as u64),
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

    /// The whole body once it has come; an error where it never does, or is too long to be kept.
    pub(crate) fn copy(&self) -> oneshot::Receiver<Copied> {
        let (sender, receiver) = oneshot::channel();
        let Some(coming) = &self.0 else {
            let _gone = sender.send(Copied::default());
            return receiver;
        };
        let mut kept = coming.kept();
        kept.copies.push(sender);
        if kept.ended {
            kept.give_copies();
        }
        receiver
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
            return Some(RequestBody(Source::Empty));
        };
        let mut kept = coming.kept();
        if kept.ended && kept.frames.is_empty() && kept.trailers.is_none() && !kept.lost {
            return Some(RequestBody(Source::Empty));
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
        Some(RequestBody(Source::Coming { coming, place }))
    }
}

impl Coming {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, cx: &mut Context<'_>, place: &mut Place) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
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
                kept.copies.clear();
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
        kept.give_copies();
        self.whole.send_replace(true);
    }
}

impl Kept {
    /// What has come, and what is still to come.
    fn new(Copied { frames, trailers }: Copied, incoming: Option<Incoming>, keeping: bool) -> Self {
        Self {
            size: frames.iter().map(Bytes::len).sum(),
            ended: incoming.is_none(),
            incoming,
            frames,
            trailers,
            keeping,
            lost: false,
            malformed: false,
            turn: 0,
            copies: Vec::new(),
        }
    }

    /// Nobody may be left who wants one.
    fn give_copies(&mut self) {
        let copies = std::mem::take(&mut self.copies);
        for copy in copies.into_iter().filter(|_| !self.lost) {
            let _gone = copy.send(Copied {
                frames: self.frames.clone(),
                trailers: self.trailers.clone(),
            });
        }
    }

    fn keep(&mut self, data: &Bytes, next: &mut usize) {
        self.size += data.len();
        if self.keeping && self.size <= MOST_KEPT {
            self.frames.push(data.clone());
            *next = self.frames.len();
            return;
        }
        self.keeping = false;
        self.lost = true;
        self.copies.clear();
        self.frames = Vec::new();
        *next = 0;
    }
}

/// The body of one try.
#[derive(Debug)]
pub(crate) struct RequestBody(Source);

#[derive(Debug)]
enum Source {
    Empty,
    Whole(Full<Bytes>),
    Coming { coming: Arc<Coming>, place: Place },
}

/// How far one try has come.
#[derive(Debug)]
struct Place {
    /// Which try it is.
    turn: u32,
    next: usize,
    trailed: bool,
}

impl RequestBody {
    /// A body of the proxy's own.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Source::Whole(Full::new(bytes)))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut self.0 {
            Source::Empty => Poll::Ready(None),
            Source::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
            Source::Coming { coming, place } => coming.poll(cx, place),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Empty => true,
            Source::Whole(body) => body.is_end_stream(),
            Source::Coming { coming, place } => {
                let kept = coming.kept();
                let trailed = place.trailed || kept.trailers.is_none();
                kept.turn == place.turn && kept.ended && place.next >= kept.frames.len() && trailed
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Empty => SizeHint::with_exact(0),
            Source::Whole(body) => body.size_hint(),
            Source::Coming { coming, place } => {
                let kept = coming.kept();
                let behind = kept
                    .frames
                    .iter()
                    .skip(place.next)
                    .map(|frame| frame.len() as u64)
                    .sum();
                match &kept.incoming {
                    None => SizeHint::with_exact(behind),
                    Some(incoming) => match incoming.size_hint().exact() {
                        Some(rest) => SizeHint::with_exact(behind + rest),
                        None => SizeHint::default(),
                    },
                }
            }
        }
    }
}

/// A response's body.
#[derive(Debug)]
pub(crate) enum ResponseSource {
    Answer(AnswerBody),
    Full(Full<Bytes>),
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(transparent)]
    Connection(#[from] http1::Error),
    #[error("another try has begun")]
    Superseded,
    #[error("the response took longer than the route allows")]
    Timeout,
}

impl ResponseSource {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self {
            Self::Answer(body) => Pin::new(body).poll_frame(cx),
            Self::Full(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        match self {
            Self::Answer(body) => body.is_end_stream(),
            Self::Full(body) => body.is_end_stream(),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Answer(body) => body.size_hint(),
            Self::Full(body) => body.size_hint(),
        }
    }
}
