//! The end that asks.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep, sleep};

use crate::body::{Incoming, Shared};
use crate::driver::Driver;
use crate::error::Error;
use crate::state::{Key, Limits, Role, State};
use crate::{Request, RequestHead, Response, ResponseHead};

/// Bodies of requests that are begun, until who drives the connection takes them.
type Bodies<B> = Arc<Mutex<Vec<(Key, B)>>>;

/// A connection that requests can be sent on. Once all of its copies are dropped, it ends with the last answer.
#[derive(Debug)]
pub struct Client<B>(Arc<Clients<B>>);

impl<B> Clone for Client<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// What all clients of a connection have together.
#[derive(Debug)]
struct Clients<B> {
    shared: Shared,
    bodies: Bodies<B>,
}

impl<B> Drop for Clients<B> {
    fn drop(&mut self) {
        self.shared.lock().leave();
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
pub struct Unanswered {
    /// Why.
    pub error: Error,
    /// Nothing of the request was sent.
    pub nothing: bool,
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
    let client = Client(Arc::new(Clients {
        shared: driver.shared.clone(),
        bodies: bodies.clone(),
    }));
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
        self.0.shared.lock().is_closing()
    }

    /// Sends a request, as soon as the server takes one more, and waits for the head of its answer.
    ///
    /// # Errors
    /// Where none comes.
    pub async fn send(&self, request: impl Into<Request<B>>) -> Result<Response<Incoming>, Unanswered> {
        let request = request.into();
        self.send_head(&request.head, request.body, |_| {}).await
    }

    /// As [`Client::send`], for who may want to send the same head again; what is said before the answer goes to `hear`.
    ///
    /// # Errors
    /// Where no answer comes.
    pub async fn send_head(
        &self,
        head: &RequestHead,
        body: B,
        mut hear: impl FnMut(ResponseHead),
    ) -> Result<Response<Incoming>, Unanswered> {
        let mut body = Some(body);
        let mut answer = std::future::poll_fn(|cx| self.poll_send(head, &mut body, cx)).await?;
        let answered = std::future::poll_fn(|cx| answer.poll_answer(&mut hear, cx)).await;
        answered.map_err(|error| Unanswered {
            error,
            nothing: false,
        })
    }

    fn poll_send(
        &self,
        head: &RequestHead,
        body: &mut Option<B>,
        cx: &Context<'_>,
    ) -> Poll<Result<Incoming, Unanswered>> {
        let Clients { shared, bodies } = &*self.0;
        let mut state = shared.lock();
        if state.is_closing() {
            let error = state.error().cloned().unwrap_or(Error::Closed);
            return Poll::Ready(Err(Unanswered { error, nothing: true }));
        }
        if !state.has_room() {
            state.wait(cx.waker());
            return Poll::Pending;
        }
        let Some(body) = body.take() else {
            return Poll::Pending;
        };
        let ends = body.is_end_stream();
        let has_meaning = !matches!(
            head.method,
            Method::GET | Method::HEAD | Method::DELETE | Method::CONNECT
        );
        let length = body.size_hint().exact();
        let length = length.filter(|length| *length > 0 || has_meaning);
        let key = state.send_request(head, length, ends);
        if !ends {
            let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
            bodies.push((key, body));
        }
        state.wake();
        drop(state);
        Poll::Ready(Ok(Incoming::new(shared.clone(), key)))
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
        if !begun.is_empty() {
            this.driver.slots.unpark();
        }
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
