//! Against hyper's HTTP/2, which is somebody else's: each of both ends in turn, and ours with itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_http2::{Error, Incoming, Limits, Reason, client, server};
use tokio::io::DuplexStream;

type Boxed = BoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

const LIMITS: Limits = Limits {
    stream_window: 1 << 17,
    connection_window: 1 << 18,
    streams: 100,
    headers: 16 * 1024,
};

fn boxed<B>(body: B) -> Boxed
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    body.map_err(|error| Box::new(error) as _).boxed()
}

/// Sends back what came: its method, its headers with `x-`, its body and its trailers.
async fn echo<B>(request: Request<B>) -> Response<Boxed>
where
    B: Body<Data = Bytes> + Send + Sync + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let (parts, body) = request.into_parts();
    let mut response = Response::new(boxed(body));
    for (name, value) in &parts.headers {
        if name.as_str().starts_with("x-") {
            response.headers_mut().append(name, value.clone());
        }
    }
    let headers = response.headers_mut();
    headers.insert("method", HeaderValue::try_from(parts.method.as_str()).unwrap());
    headers.insert("uri", HeaderValue::try_from(parts.uri.to_string()).unwrap());
    response
}

fn serve_ours(io: DuplexStream) {
    tokio::spawn(server::serve(
        io,
        LIMITS,
        |request: mesh_http2::Request<Incoming>| Box::pin(async { echo(request.into()).await.into() }),
    ));
}

fn serve_theirs(io: DuplexStream) {
    let service = service_fn(|request| async { Ok::<_, Infallible>(echo(request).await) });
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::spawn(builder.serve_connection(TokioIo::new(io), service));
}

async fn ask_ours(io: DuplexStream, requests: Vec<Request<Boxed>>) -> Vec<Response<Bytes>> {
    let (client, connection) = client::connect(io, LIMITS, None);
    let ended = tokio::spawn(connection);
    let mut answers = Vec::new();
    for request in requests {
        let client = client.clone();
        answers.push(tokio::spawn(async move {
            whole(client.send(request).await.unwrap().into()).await
        }));
    }
    let mut all = Vec::new();
    for answer in answers {
        all.push(answer.await.unwrap());
    }
    drop(client);
    ended.await.unwrap().unwrap();
    all
}

async fn ask_theirs(io: DuplexStream, requests: Vec<Request<Boxed>>) -> Vec<Response<Bytes>> {
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io));
    let (mut client, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for request in requests {
        client.ready().await.unwrap();
        let answer = client.send_request(request);
        answers.push(tokio::spawn(async move { whole(answer.await.unwrap()).await }));
    }
    let mut all = Vec::new();
    for answer in answers {
        all.push(answer.await.unwrap());
    }
    all
}

/// With the trailers among the headers.
async fn whole<B>(response: Response<B>) -> Response<Bytes>
where
    B: Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    parts.headers.extend(body.trailers().cloned().unwrap_or_default());
    Response::from_parts(parts, body.to_bytes())
}

fn request(index: usize) -> Request<Boxed> {
    let body = Bytes::from(vec![b'a' + (index % 26) as u8; index * 7919 % 400_000]);
    let mut trailers = HeaderMap::new();
    trailers.insert("x-trailer", HeaderValue::from(index));
    let frames = body
        .chunks(50_000)
        .map(|part| http_body::Frame::data(Bytes::copy_from_slice(part)));
    let frames: Vec<_> = frames
        .chain((index.is_multiple_of(3)).then(|| http_body::Frame::trailers(trailers)))
        .map(Ok::<_, Infallible>)
        .collect();
    let body = match index % 4 {
        0 => boxed(Empty::new()),
        1 => boxed(Full::new(body)),
        _ => boxed(StreamBody::new(Each(frames.into_iter()))),
    };
    let mut request = Request::builder()
        .method(if index.is_multiple_of(4) {
            Method::GET
        } else {
            Method::PUT
        })
        .uri(format!("http://forum.example:8080/posts/{index}?page={index}"))
        .header("x-index", index)
        .header("x-same", "what every request has in it")
        .body(body)
        .unwrap();
    if index == 5 {
        // Longer than a frame.
        for name in ["x-long", "x-longer"] {
            request
                .headers_mut()
                .insert(name, HeaderValue::try_from("~".repeat(6000)).unwrap());
        }
    }
    request
}

fn answered(index: usize, answer: &Response<Bytes>) {
    let headers = answer.headers();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(headers["x-index"], index.to_string());
    assert_eq!(
        headers["method"],
        if index.is_multiple_of(4) { "GET" } else { "PUT" }
    );
    assert_eq!(
        headers["uri"],
        format!("http://forum.example:8080/posts/{index}?page={index}")
    );
    let length = if index.is_multiple_of(4) {
        0
    } else {
        index * 7919 % 400_000
    };
    assert_eq!(answer.body().len(), length, "{index}");
    assert!(
        answer
            .body()
            .iter()
            .all(|byte| *byte == b'a' + (index % 26) as u8)
    );
    let trailed = index % 4 > 1 && index.is_multiple_of(3);
    assert_eq!(headers.contains_key("x-trailer"), trailed, "{index}");
    assert_eq!(headers.contains_key("x-longer"), index == 5);
}

#[tokio::test]
async fn messages_of_all_kinds_go_through_whoever_the_other_end_is() {
    for (server, client) in [(0, 0), (0, 1), (1, 0)] {
        for size in [100, 64 * 1024] {
            let (near, far) = tokio::io::duplex(size);
            if server == 0 {
                serve_ours(far);
            } else {
                serve_theirs(far);
            }
            let requests = (0..60).map(request).collect();
            let answers = if client == 0 {
                ask_ours(near, requests).await
            } else {
                ask_theirs(near, requests).await
            };
            for (index, answer) in answers.iter().enumerate() {
                answered(index, answer);
            }
        }
    }
}

/// Who does not read holds up who sends, and nobody else.
#[tokio::test]
async fn a_body_that_nobody_reads_stops_its_sender() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let polled = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = polled.clone();
    tokio::spawn(server::serve(
        far,
        LIMITS,
        move |request: mesh_http2::Request<Incoming>| {
            let count = count.clone();
            async move {
                let endless = request.head.path.is_some_and(|path| path == "/endless");
                let frames = std::iter::from_fn(move || {
                    count.fetch_add(10_000, std::sync::atomic::Ordering::Relaxed);
                    Some(Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(
                        vec![0; 10_000],
                    ))))
                });
                let most = if endless { usize::MAX } else { 1 };
                mesh_http2::Response::new(Box::pin(StreamBody::new(Each(frames.take(most)))))
            }
        },
    ));
    let (client, connection) = client::connect(near, LIMITS, None);
    tokio::spawn(connection);
    let ask = |path: &str| {
        let request = Request::get(format!("http://forum.example{path}")).body(Empty::<Bytes>::new());
        client.send(request.unwrap())
    };
    let mut unread = ask("/endless").await.unwrap();
    for _ in 0..50 {
        let other = whole(ask("/").await.unwrap().into()).await;
        assert_eq!(other.body().len(), 10_000);
    }
    let sent = polled.load(std::sync::atomic::Ordering::Relaxed) - 50 * 10_000;
    let most = LIMITS.stream_window as usize + 20_000;
    assert!(sent <= most, "{sent} bytes were made of a body that nobody reads");
    // And goes on as soon as somebody does.
    let mut read = 0;
    while read < 1 << 20 {
        read += unread
            .body
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_data()
            .unwrap()
            .len();
    }
}

struct Each<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Each<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn an_answer_that_nobody_waits_for_is_given_up_on_both_ends() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (began, mut beginnings) = tokio::sync::mpsc::unbounded_channel();
    let (dropped, mut drops) = tokio::sync::mpsc::unbounded_channel();
    struct Guard(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Guard {
        fn drop(&mut self) {
            let _gone = self.0.send(());
        }
    }
    tokio::spawn(server::serve(
        far,
        LIMITS,
        move |_: mesh_http2::Request<Incoming>| {
            let (began, guard) = (began.clone(), Guard(dropped.clone()));
            async move {
                began.send(()).unwrap();
                std::future::pending::<()>().await;
                drop(guard);
                mesh_http2::Response::new(Empty::<Bytes>::new())
            }
        },
    ));
    let (client, connection) = client::connect(near, LIMITS, None);
    tokio::spawn(connection);
    let request = Request::get("http://forum.example/")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let other = client.clone();
    let asking = tokio::spawn(async move { other.send(request).await.map(drop) });
    beginnings.recv().await.unwrap();
    asking.abort();
    drops.recv().await.unwrap();
    assert!(!client.is_closed());
}

#[tokio::test]
async fn a_server_that_drains_answers_what_was_asked_and_takes_no_more() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (go, gone) = tokio::sync::watch::channel(false);
    let (began, mut beginnings) = tokio::sync::mpsc::unbounded_channel();
    let mut serving = server::serve(far, LIMITS, move |_: mesh_http2::Request<Incoming>| {
        let (mut gone, began) = (gone.clone(), began.clone());
        Box::pin(async move {
            began.send(()).unwrap();
            gone.wait_for(|gone| *gone).await.unwrap();
            mesh_http2::Response::new(Full::new(Bytes::from_static(b"late")))
        })
    });
    let (drain, drained) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(async move {
        tokio::select! {
            _ = &mut serving => panic!("nobody has drained it"),
            _ = drained => {}
        }
        std::pin::Pin::new(&mut serving).graceful_shutdown();
        serving.await
    });
    let (client, connection) = client::connect(near, LIMITS, None);
    tokio::spawn(connection);
    let request = || {
        Request::get("http://forum.example/")
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    let asking = tokio::spawn({
        let (client, request) = (client.clone(), request());
        async move { whole(client.send(request).await.unwrap().into()).await }
    });
    beginnings.recv().await.unwrap();
    drain.send(()).unwrap();
    while !client.is_closed() {
        tokio::task::yield_now().await;
    }
    let refused = client.send(request()).await.unwrap_err();
    assert!(refused.nothing, "nothing of it was sent");
    go.send_replace(true);
    assert_eq!(asking.await.unwrap().body(), "late");
    served.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_is_given_up() {
    let (near, _far) = tokio::io::duplex(1 << 16);
    let ping = client::Ping {
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
    };
    let (client, connection) = client::connect(near, LIMITS, Some(ping));
    let connection = tokio::spawn(connection);
    let request = Request::get("http://forum.example/")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let answer = client.send(request).await;
    assert!(matches!(
        answer,
        Err(client::Unanswered {
            error: Error::Silent,
            ..
        })
    ));
    assert!(matches!(connection.await.unwrap(), Err(Error::Silent)));
}

#[tokio::test]
async fn requests_wait_where_the_server_takes_few_at_once() {
    let (near, far) = tokio::io::duplex(1 << 16);
    let limits = Limits { streams: 2, ..LIMITS };
    let running = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    tokio::spawn(server::serve(
        far,
        limits,
        move |_: mesh_http2::Request<Incoming>| {
            let running = running.clone();
            async move {
                assert!(running.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2);
                tokio::task::yield_now().await;
                running.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
                mesh_http2::Response::new(Empty::<Bytes>::new())
            }
        },
    ));
    let (client, connection) = client::connect(near, LIMITS, None);
    tokio::spawn(connection);
    let request = || {
        Request::get("http://forum.example/")
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    // Its settings have come with the first answer.
    client.send(request()).await.unwrap();
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (client, request) = (client.clone(), request());
            tokio::spawn(async move { client.send(request).await.unwrap().head.status })
        })
        .collect();
    for one in all {
        assert_eq!(one.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_resets_its_stream() {
    let (near, far) = tokio::io::duplex(1 << 16);
    serve_ours(far);
    let (client, connection) = client::connect(near, LIMITS, None);
    tokio::spawn(connection);
    let frames = vec![
        Ok(http_body::Frame::data(Bytes::from_static(b"half"))),
        Err(std::io::Error::other("broken off")),
    ];
    let body = StreamBody::new(Each(frames.into_iter()));
    let request = Request::post("http://forum.example/")
        .body(Box::pin(body))
        .unwrap();
    let error = match client.send(request).await {
        Ok(response) => response.body.collect().await.unwrap_err(),
        Err(unanswered) => unanswered.error,
    };
    assert!(
        matches!(error, Error::Malformed(Reason::INTERNAL_ERROR)),
        "{error}"
    );
    assert!(!client.is_closed());
}
