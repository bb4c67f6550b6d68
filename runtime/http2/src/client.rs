//! The end that asks.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};

use crate::body::{Incoming, Shared};
use crate::driver::Driver;
use crate::error::Error;
use crate::state::{Key, Limits, Role, State};

/// Bodies of requests that are begun, until who drives the connection takes them.
type Bodies<B> = Arc<Mutex<Vec<(Key, B)>>>;

/// A connection that requests can be sent on. Once all of its copies are dropped, it ends with the last answer.
#[derive(Debug)]
pub struct Client<B> {
    shared: Shared,
    bodies: Bodies<B>,
    _last: Arc<Last>,
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            bodies: self.bodies.clone(),
            _last: self._last.clone(),
        }
    }
}

/// What all clients of a connection have together.
#[derive(Debug)]
struct Last(Shared);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.lock().leave();
    }
}

/// How often a server is asked whether it is there, and how long its answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Ping {
    /// From one to the next.
    pub interval: Duration,
    /// Without an answer the connection is given up after this.
    pub timeout: Duration,
}

/// No answer came.
#[derive(Debug)]
pub struct Unanswered<B> {
    /// Why.
    pub error: Error,
    /// The request, where nothing of it was sent.
    pub request: Option<Request<B>>,
}

/// What a client's connection does: a future that has to be polled until it is over.
pub struct Connection<IO, B> {
    driver: Driver<IO, std::future::Pending<Response<B>>, B>,
    bodies: Bodies<B>,
    ping: Option<Pinging>,
}

struct Pinging {
    ping: Ping,
    next: Pin<Box<Sleep>>,
    asked: bool,
}

/// Begins a connection. Requests can be sent at once: the server need not have answered.
pub fn connect<IO, B>(io: IO, limits: Limits, ping: Option<Ping>) -> (Client<B>, Connection<IO, B>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
    B: Body<Data = Bytes> + Unpin,
{
    let driver = Driver::new(io, State::new(Role::Client, limits));
    let bodies = Bodies::<B>::default();
    let client = Client {
        shared: driver.shared.clone(),
        bodies: bodies.clone(),
        _last: Arc::new(Last(driver.shared.clone())),
    };
    let ping = ping.map(|ping| Pinging {
        ping,
        next: Box::pin(sleep(ping.interval)),
        asked: false,
    });
    (client, Connection { driver, bodies, ping })
}

impl<B: Body> Client<B> {
    /// It takes no more requests.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().is_closing()
    }

    /// Sends a request, as soon as the server takes one more, and waits for the head of its answer.
    ///
    /// # Errors
    /// Where none comes; with the request where nothing of it was sent.
    pub async fn send(&self, request: Request<B>) -> Result<Response<Incoming>, Unanswered<B>> {
        let mut request = Some(request);
        let mut answer = std::future::poll_fn(|cx| self.poll_send(&mut request, cx)).await?;
        let answered = std::future::poll_fn(|cx| answer.poll_answer(cx)).await;
        answered.map_err(|error| Unanswered { error, request: None })
    }

    fn poll_send(
        &self,
        request: &mut Option<Request<B>>,
        cx: &Context<'_>,
    ) -> Poll<Result<Incoming, Unanswered<B>>> {
        let mut state = self.shared.lock();
        if state.is_closing() {
            let error = state.error().cloned().unwrap_or(Error::Closed);
            let request = request.take();
            return Poll::Ready(Err(Unanswered { error, request }));
        }
        if !state.has_room() {
            state.wait(cx.waker());
            return Poll::Pending;
        }
        let Some(request) = request.take() else {
            return Poll::Pending;
        };
        let (mut parts, body) = request.into_parts();
        let ends = body.is_end_stream();
        let has_meaning = !matches!(
            parts.method,
            Method::GET | Method::HEAD | Method::DELETE | Method::CONNECT
        );
        if let Some(length) = body.size_hint().exact()
            && (length > 0 || has_meaning)
        {
            parts
                .headers
                .entry(CONTENT_LENGTH)
                .or_insert_with(|| HeaderValue::from(length));
        }
        let key = state.send_request(&parts, ends);
        if !ends {
            let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
            bodies.push((key, body));
        }
        state.wake();
        drop(state);
        Poll::Ready(Ok(Incoming::new(self.shared.clone(), key)))
    }
}

impl<IO, B> Future for Connection<IO, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    B: Body<Data = Bytes> + Unpin,
{
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(ping) = &mut this.ping
            && !ping.poll(cx, &this.driver.shared)
        {
            this.driver.shared.lock().fail(Error::Silent);
        }
        let begun: Vec<_> = std::mem::take(&mut *this.bodies.lock().unwrap_or_else(PoisonError::into_inner));
        for (key, body) in begun {
            this.driver.slots.send(key, body);
        }
        this.driver.poll(cx, |_| std::future::pending())
    }
}

impl Pinging {
    /// Asks when it is time; `false` where there was no answer in time.
    fn poll(&mut self, cx: &mut Context<'_>, shared: &Shared) -> bool {
        while self.next.as_mut().poll(cx).is_ready() {
            let mut state = shared.lock();
            let wait = if self.asked {
                if !state.is_alive() {
                    return false;
                }
                self.asked = false;
                self.ping.interval
            } else {
                state.ask();
                self.asked = true;
                self.ping.timeout
            };
            drop(state);
            self.next.as_mut().reset(Instant::now() + wait);
        }
        true
    }
}
