use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::TE;
use http::{Method, Version};
use http_body::Body;
use mesh_http2::{Fields, Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional_with_sizes};
use tokio::time::{Instant, Sleep};

use super::Error;
use super::encode::{self, Asker, Upload};
use super::output::Output;
use super::request::{Head, Refusal};
use super::wire::{Bare, Received, Shared};
use crate::body::BodyError;
use crate::drain::Drain;
use crate::interim::{Client, Teller};
use crate::net::{Rewind, Stream};

/// A client that has begun no request, or not ended its headers, is left after this (Envoy's `idle_timeout`).
const IDLE: Duration = Duration::from_secs(3600);

/// How long a connection is left open when a drain begins. Only an answer can tell the client that the connection ends: one
/// that is closed while idle may cross a request on its way, which is lost then.
const LAST_REQUEST: Duration = Duration::from_millis(500);

/// A client that was told that the connection ends has so long to read that, and to end it (Envoy's `delayed_close_timeout`):
/// closing on what it still sends would take the answer from it.
const GOODBYE: Duration = Duration::from_secs(1);

/// Read at once of what nobody wants, and of either direction of what is no HTTP any more.
const BUFFER: usize = 16 * 1024;

/// What is to be answered: after what is no request, nothing more.
pub(crate) type Asked = Result<Request<Option<Received>>, Refusal>;

/// The other end of a connection that is no HTTP any more, with what has to be held while it is used.
pub(crate) struct Tunnel {
    pub(crate) server: Rewind<Stream>,
    pub(crate) held: Box<dyn Send>,
}

/// Answers the requests of a client, one after the other, until it goes or is told to.
///
/// # Errors
/// Where the connection broke, or an answer ended early.
pub(crate) async fn serve<S, F, B>(stream: Stream, drain: Drain, mut service: S) -> Result<(), Error>
where
    S: FnMut(Asked, Teller) -> F,
    F: Future<Output = (Response<B>, Option<Box<Tunnel>>)>,
    B: Body<Data = Bytes, Error = BodyError> + Unpin,
{
    let shared = Shared::new(stream);
    let mut rest = Rest::new(drain.clone());
    let mut output = Output::default();
    loop {
        let next = poll_fn(|cx| rest.poll(cx, |cx| shared.lock().poll_head(cx))).await;
        let (asked, teller, mut asker) = match next {
            Some(Ok(head)) => begin(&shared, head),
            Some(Err(refusal)) => (Err(refusal), Teller::default(), Asker::last()),
            None => return Ok(()),
        };
        let answer = {
            let mut answering = pin!(service(asked, teller));
            poll_fn(|cx| shared.poll_attended(cx, |cx| answering.as_mut().poll(cx))).await
        };
        let Some((response, tunnel)) = answer else {
            return Ok(());
        };
        output.upload = shared.answer(&mut output.bytes, response, &mut asker, drain.is_draining());
        let sent =
            poll_fn(|cx| shared.poll_attended(cx, |cx| output.poll_send(&mut Bare(&shared), &mut false, cx)));
        let Some(sent) = sent.await else {
            return Ok(());
        };
        sent?;
        if let Some(tunnel) = tunnel {
            return join(&shared, tunnel).await;
        }
        if !asker.goes_on {
            end(&shared).await;
            return Ok(());
        }
        rest.begin();
    }
}

fn begin(shared: &Shared, head: Head) -> (Asked, Teller, Asker) {
    let Head {
        parts,
        body,
        goes_on,
        expects,
    } = head;
    shared.lock().begin(body, expects);
    let asker = Asker {
        version: parts.version,
        only_head: parts.method == Method::HEAD,
        trailers: takes_trailers(&parts.headers),
        goes_on,
    };
    // RFC 9110, 15.2: those of HTTP/1.0 know of nothing before an answer.
    let teller = (asker.version != Version::HTTP_10).then(|| Client::Http1(shared.asking(expects)));
    let request = Request {
        head: parts,
        body: shared.received(),
    };
    (Ok(request), Teller::to(teller), asker)
}

fn takes_trailers(headers: &Fields) -> bool {
    headers.get_all(TE).any(|te| te == "trailers")
}

impl Asker {
    fn last() -> Self {
        Self {
            version: Version::HTTP_11,
            only_head: false,
            trailers: false,
            goes_on: false,
        }
    }
}

impl Shared {
    /// Begins an answer.
    fn answer<B: Body>(
        &self,
        out: &mut Vec<u8>,
        response: Response<B>,
        asker: &mut Asker,
        last: bool,
    ) -> Option<Upload<B>> {
        let mut wire = self.lock();
        out.extend_from_slice(&wire.answers());
        // What comes of a request that is answered before it was read, nobody wants: nor do others try to find its end.
        asker.goes_on &= wire.is_whole() && !last;
        drop(wire);
        encode::response(out, &response.head, response.body, asker)
    }

    /// Does `work` for as long as the client waits for it; `None` where it has gone.
    fn poll_attended<T>(
        &self,
        cx: &mut Context<'_>,
        work: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        match work(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.lock().poll_gone(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The time between requests.
struct Rest {
    /// Ends a while after a drain has begun.
    leaving: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Ends no earlier than the client has been silent for too long.
    idle: Pin<Box<Sleep>>,
    since: Instant,
}

impl Rest {
    fn new(mut drain: Drain) -> Self {
        let leaving = async move {
            drain.draining().await;
            tokio::time::sleep(LAST_REQUEST).await;
        };
        Self {
            leaving: Box::pin(leaving),
            idle: Box::pin(tokio::time::sleep(IDLE)),
            since: Instant::now(),
        }
    }

    fn begin(&mut self) {
        self.since = Instant::now();
    }

    /// What the client says; `None` where it has said nothing for too long, or is not to be heard any more.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        hear: impl FnOnce(&mut Context<'_>) -> Poll<Option<T>>,
    ) -> Poll<Option<T>> {
        if let Poll::Ready(heard) = hear(cx) {
            return Poll::Ready(heard);
        }
        if self.leaving.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            ready!(self.idle.as_mut().poll(cx));
            // One timer for the connection's life, not one for each request.
            let until = self.since + IDLE;
            if until <= Instant::now() {
                return Poll::Ready(None);
            }
            self.idle.as_mut().reset(until);
        }
    }
}

async fn join(shared: &Shared, tunnel: Box<Tunnel>) -> Result<(), Error> {
    let Tunnel {
        mut server,
        held: _held,
    } = *tunnel;
    let client = shared.lock().take();
    if let Some(mut client) = client {
        copy_bidirectional_with_sizes(&mut client, &mut server, BUFFER, BUFFER).await?;
    }
    Ok(())
}

/// Says goodbye, and waits for the client to say it too.
async fn end(shared: &Shared) {
    let mut bare = Bare(shared);
    let goodbye = async {
        bare.shutdown().await?;
        let mut rest = vec![0; BUFFER];
        while bare.read(&mut rest).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _gone = tokio::time::timeout(GOODBYE, goodbye).await;
}
