use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, DATE};
use http_body::Body;

use crate::Response;
use crate::body::Shared;
use crate::date;
use crate::error::Reason;
use crate::state::{Key, Room};

/// Answers are large: this many places keep the memory of one for the next.
const KEPT: usize = 64;

/// What is done for a stream.
enum Work<B> {
    Nothing,
    /// An answer is being made; `true` where only its head is wanted.
    Answer(bool),
    Body(B),
}

/// The place of a stream, and who is woken for it.
struct Slot<F, B> {
    id: u32,
    work: Work<B>,
    answer: Option<Pin<Box<Option<F>>>>,
    mark: Arc<Mark>,
    waker: Waker,
}

/// Which places have something to do.
#[derive(Debug, Default)]
struct Ready {
    places: Vec<usize>,
    driver: Option<Waker>,
}

/// Notes that there is something to do in a place. It stays with the place, whose streams come and go.
#[derive(Debug)]
struct Mark {
    place: usize,
    noted: AtomicBool,
    ready: Arc<Mutex<Ready>>,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.noted.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.places.push(self.place);
        let driver = ready.driver.take();
        drop(ready);
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}

/// What is done for all streams of a connection, by the one task that drives it.
pub(crate) struct Slots<F, B> {
    slots: Vec<Slot<F, B>>,
    ready: Arc<Mutex<Ready>>,
    /// Taken from `ready`, in turn.
    turn: Vec<usize>,
    /// They wait until what there is has been written.
    full: Vec<usize>,
}

impl<F, B> Slots<F, B>
where
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + Unpin,
{
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            ready: Arc::default(),
            turn: Vec::new(),
            full: Vec::new(),
        }
    }

    /// Answers a request.
    pub(crate) fn answer(&mut self, key: Key, answer: F, only_head: bool) {
        let slot = self.put(key, Work::Answer(only_head));
        match &mut slot.answer {
            Some(place) => place.set(Some(answer)),
            place => *place = Some(Box::pin(Some(answer))),
        }
    }

    /// Sends a body.
    pub(crate) fn send(&mut self, key: Key, body: B) {
        self.put(key, Work::Body(body));
    }

    fn put(&mut self, key: Key, work: Work<B>) -> &mut Slot<F, B> {
        while self.slots.len() <= key.slot {
            let mark = Arc::new(Mark {
                place: self.slots.len(),
                noted: AtomicBool::new(false),
                ready: self.ready.clone(),
            });
            self.slots.push(Slot {
                id: 0,
                work: Work::Nothing,
                answer: None,
                waker: mark.clone().into(),
                mark,
            });
        }
        let slot = &mut self.slots[key.slot];
        (slot.id, slot.work) = (key.id, work);
        slot.waker.wake_by_ref();
        slot
    }

    /// Who drives the connection does so now, and need not be woken.
    pub(crate) fn unpark(&self) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        ready.driver = None;
    }

    /// Gives up what is done for a stream that has ended.
    pub(crate) fn end(&mut self, key: Key) {
        if let Some(slot) = self.slots.get_mut(key.slot).filter(|slot| slot.id == key.id) {
            slot.work = Work::Nothing;
            forget(&mut slot.answer, key.slot);
        }
    }

    /// Gives up everything.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(crate) fn wake(&self, key: Key) {
        if let Some(slot) = self.slots.get(key.slot).filter(|slot| slot.id == key.id) {
            slot.waker.wake_by_ref();
        }
    }

    /// What there was is written.
    pub(crate) fn written(&mut self) {
        for place in self.full.drain(..) {
            if let Some(slot) = self.slots.get(place) {
                slot.waker.wake_by_ref();
            }
        }
    }

    /// `driver` is woken for the next thing to do; `false` where there is one already.
    pub(crate) fn park(&self, driver: &Waker) -> bool {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = ready.places.is_empty();
        if idle {
            ready.driver = Some(driver.clone());
        }
        idle
    }

    /// Does what there is to do.
    pub(crate) fn poll(&mut self, shared: &Shared) {
        {
            let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::swap(&mut ready.places, &mut self.turn);
        }
        for index in 0..self.turn.len() {
            let place = self.turn[index];
            let Some(slot) = self.slots.get_mut(place) else {
                continue;
            };
            slot.mark.noted.store(false, Ordering::Release);
            if slot.poll(place, shared) == Some(Room::Full) {
                self.full.push(place);
            }
        }
        self.turn.clear();
    }
}

impl<F, B> Slot<F, B>
where
    F: Future<Output = Response<B>>,
    B: Body<Data = Bytes> + Unpin,
{
    /// Goes on as far as it can; tells for what room it waits, if for any.
    fn poll(&mut self, place: usize, shared: &Shared) -> Option<Room> {
        let key = Key {
            slot: place,
            id: self.id,
        };
        let mut cx = Context::from_waker(&self.waker);
        if let Work::Answer(only_head) = self.work {
            let answer = self
                .answer
                .as_mut()
                .and_then(|answer| answer.as_mut().as_pin_mut());
            let Poll::Ready(response) = answer?.poll(&mut cx) else {
                return None;
            };
            forget(&mut self.answer, place);
            self.work = match begin(shared, key, response, only_head) {
                Some(body) => Work::Body(body),
                None => Work::Nothing,
            };
        }
        let Work::Body(body) = &mut self.work else {
            return None;
        };
        let waits = match poll_body(shared, key, body, &mut cx) {
            Poll::Pending => return None,
            Poll::Ready(waits) => waits,
        };
        if waits.is_none() {
            self.work = Work::Nothing;
        }
        waits
    }
}

/// The answer is made, or not wanted any more.
fn forget<F>(answer: &mut Option<Pin<Box<Option<F>>>>, place: usize) {
    match answer {
        Some(answer) if place < KEPT => answer.set(None),
        answer => *answer = None,
    }
}

/// Sends the head of an answer; what of it has to follow comes back.
fn begin<B: Body>(shared: &Shared, key: Key, response: Response<B>, only_head: bool) -> Option<B> {
    let Response { mut head, body } = response;
    let ends = body.is_end_stream();
    if !ends && let Some(length) = body.size_hint().exact() {
        head.headers
            .insert_new(CONTENT_LENGTH, || HeaderValue::from(length));
    }
    head.headers.insert_new(DATE, date::now);
    let ends = ends || only_head;
    let wanted = shared.lock().send_response(key, head.status, &head.headers, ends);
    (wanted && !ends).then_some(body)
}

/// Sends what there is of a body. Ready at its end, with `None`, and where there is no room.
fn poll_body<B>(shared: &Shared, key: Key, body: &mut B, cx: &mut Context<'_>) -> Poll<Option<Room>>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        match shared.lock().room(key) {
            Room::Some => {}
            Room::Gone => return Poll::Ready(None),
            room => return Poll::Ready(Some(room)),
        }
        let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) else {
            return Poll::Pending;
        };
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => {
                shared.lock().send_reset(key, Reason::INTERNAL_ERROR);
                return Poll::Ready(None);
            }
            None => {
                shared.lock().send_data(key, Bytes::new(), true);
                return Poll::Ready(None);
            }
        };
        match frame.into_data() {
            Ok(data) => {
                let ends = body.is_end_stream();
                if ends || !data.is_empty() {
                    shared.lock().send_data(key, data, ends);
                }
                if ends {
                    return Poll::Ready(None);
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    shared.lock().send_trailers(key, trailers);
                    return Poll::Ready(None);
                }
            }
        }
    }
}
