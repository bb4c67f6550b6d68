//! Who reads slowly slows the other end down: nothing is heaped up in between.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Frame, Incoming};
use mesh_wire::listener::InboundProtocol;
use support::{Mesh, backend, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

const PIECE: usize = 64 << 10;
/// What lies in sockets and windows of two proxies and both ends, and no more. What goes through is without end.
const HELD: usize = 48 << 20;

/// A body without end that counts what is asked of it.
#[derive(Clone, Default)]
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static ZEROS: [u8; PIECE] = [0; PIECE];
        self.0.fetch_add(PIECE, Ordering::Relaxed);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&ZEROS)))))
    }
}

impl Endless {
    /// How much was asked of it when for a second nothing more was.
    async fn stalled(&self) -> usize {
        let stalling = async {
            let (mut seen, mut since) = (0, Instant::now());
            while seen == 0 || since.elapsed() < Duration::from_secs(1) {
                let now = self.0.load(Ordering::Relaxed);
                assert!(now < HELD, "{now} bytes were taken, and nobody reads");
                if now != seen {
                    (seen, since) = (now, Instant::now());
                }
                sleep(Duration::from_millis(20)).await;
            }
            seen
        };
        timeout(Duration::from_secs(60), stalling).await.unwrap()
    }

    /// Waits until more is asked of it.
    async fn goes_on(&self, before: usize) {
        let more = async {
            while self.0.load(Ordering::Relaxed) <= before + HELD {
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), more).await.unwrap();
    }
}

async fn read(mut body: Incoming) {
    while let Some(frame) = body.frame().await {
        frame.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_not_read_is_not_sent() {
    for two in [false, true] {
        let endless = Endless::default();
        let body = endless.clone();
        let answer = move |_: Request<Incoming>| {
            let body = body.clone();
            async move { Response::new(body) }
        };
        let application = if two {
            backend::http2(answer).await
        } else {
            backend::http1(answer).await
        };
        let mesh = Mesh::of(application, |_| {}, |_| {}).await;
        let stream = mesh.outbound.connect().await;
        let response = if two {
            let mut sender = client::http2::<Empty<Bytes>>(stream).await;
            let response = sender.send_request(client::get2("/")).await.unwrap();
            tokio::spawn(async move { sender.ready().await });
            response
        } else {
            client::once(stream, client::get("/")).await
        };
        let held = endless.stalled().await;
        let reading = tokio::spawn(read(response.into_body()));
        endless.goes_on(held).await;
        reading.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_is_not_read_is_not_taken() {
    for two in [false, true] {
        let gate = Arc::new(tokio::sync::Notify::new());
        let opened = gate.clone();
        let answer = move |request: Request<Incoming>| {
            let opened = opened.clone();
            async move {
                opened.notified().await;
                read(request.into_body()).await;
                Response::new(Empty::<Bytes>::new())
            }
        };
        let application = if two {
            backend::http2(answer).await
        } else {
            backend::http1(answer).await
        };
        let mesh = Mesh::of(application, |_| {}, |_| {}).await;
        let stream = mesh.outbound.connect().await;
        let endless = Endless::default();
        let asking = if two {
            let mut sender = client::http2(stream).await;
            let request = Request::post(format!("http://{}/", client::HOST));
            let request = request.body(endless.clone()).unwrap();
            tokio::spawn(async move { sender.send_request(request).await })
        } else {
            let mut sender = client::http1(stream).await;
            let request = Request::post("/").header("host", client::HOST);
            let request = request.body(endless.clone()).unwrap();
            tokio::spawn(async move { sender.send_request(request).await })
        };
        let held = endless.stalled().await;
        gate.notify_one();
        endless.goes_on(held).await;
        asking.abort();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_not_read_are_not_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let application = listener.local_addr().unwrap();
    let endless = Endless::default();
    let sent = endless.0.clone();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let piece = vec![0; PIECE];
        while stream.write_all(&piece).await.is_ok() {
            sent.fetch_add(PIECE, Ordering::Relaxed);
        }
    });
    let bytes = |snapshot: &mut mesh_wire::Snapshot| snapshot.inbound[0].protocol = InboundProtocol::Tcp;
    let mesh = Mesh::of(application, snapshot::tcp, bytes).await;
    let mut stream = mesh.outbound.connect().await;
    let held = endless.stalled().await;
    let reading = tokio::spawn(async move {
        let mut buffer = vec![0; PIECE];
        while let Ok(1..) = stream.read(&mut buffer).await {}
    });
    endless.goes_on(held).await;
    reading.abort();
}
