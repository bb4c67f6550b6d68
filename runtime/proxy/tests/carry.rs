//! What passes, passes whole: HTTP/1.1, HTTP/2 and bytes, over mutual TLS.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use support::{CLIENT, Mesh, SERVER, backend, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn http1_passes_with_the_clients_identity() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let response = client::once(mesh.outbound.connect().await, client::get("/posts?x=1")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("x-envoy-upstream-service-time"));
    let told = client::text(response).await;
    assert!(told.starts_with("GET /posts?x=1 HTTP/1.1\n"), "{told}");
    assert!(
        told.contains(&format!("x-forwarded-client-cert: By={SERVER};Hash=")),
        "{told}"
    );
    assert!(told.contains(&format!(";Subject=\"\";URI={CLIENT}")), "{told}");
    assert!(told.contains("host: forum.forum.svc.cluster.local"), "{told}");
    assert!(
        told.contains("x-request-id: ") && told.contains("x-forwarded-proto: http"),
        "{told}"
    );
    assert!(told.contains("x-envoy-attempt-count: 1"), "{told}");
    assert!(!told.contains("x-envoy-peer-metadata"), "{told}");
    let line = mesh
        .outbound
        .log
        .line("GET /posts?x=1 HTTP/1.1\" 200 - via_upstream")
        .await;
    assert!(line.contains(snapshot::CLUSTER), "{line}");
    let metrics = mesh.inbound.metrics();
    assert!(metrics.contains("source_workload=\"webapp\""), "{metrics}");
    assert!(
        metrics.contains(&format!("source_principal=\"{CLIENT}\"")),
        "{metrics}"
    );
}

#[tokio::test]
async fn http2_passes_and_shares_one_connection() {
    let mesh = Mesh::of(backend::http2(backend::told).await, |_| {}, |_| {}).await;
    let sender = client::http2(mesh.outbound.connect().await).await;
    let mut tasks = Vec::new();
    for number in 0..50 {
        let mut sender = sender.clone();
        tasks.push(tokio::spawn(async move {
            let response = sender
                .send_request(client::get2(&format!("/{number}")))
                .await
                .unwrap();
            client::text(response).await
        }));
    }
    for (number, task) in tasks.into_iter().enumerate() {
        let told = task.await.unwrap();
        assert!(
            told.starts_with(&format!(
                "GET http://forum.forum.svc.cluster.local/{number} HTTP/2.0"
            )),
            "{told}"
        );
    }
    assert_eq!(
        mesh.outbound
            .shared
            .report()
            .clusters
            .iter()
            .map(|cluster| cluster.connections)
            .sum::<u32>(),
        1
    );
}

#[tokio::test]
async fn a_kept_connection_carries_many_requests() {
    let mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let mut sender = client::http1(mesh.outbound.connect().await).await;
    for _ in 0..20 {
        sender.ready().await.unwrap();
        let response = sender.send_request(client::get("/")).await.unwrap();
        client::text(response).await;
    }
    assert_eq!(
        mesh.outbound
            .shared
            .report()
            .clusters
            .iter()
            .map(|cluster| cluster.connections)
            .sum::<u32>(),
        1
    );
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard_at_once() {
    let backend = backend::greeting().await;
    let mesh = Mesh::of(backend, snapshot::tcp, |snapshot| {
        snapshot.inbound[0].protocol = mesh_wire::listener::InboundProtocol::Tcp;
    })
    .await;
    let mut stream = mesh.outbound.connect().await;
    let mut bytes = [0; 16];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hello 127.0.0.6\n");
    stream.write_all(b"ping").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"ping");
    assert!(
        mesh.inbound
            .metrics()
            .contains("istio_tcp_connections_opened_total")
    );
    mesh.outbound.log.line("outbound|80||forum").await;
}

#[tokio::test]
async fn what_is_no_http_goes_on_as_bytes() {
    let backend = backend::greeting().await;
    let mesh = Mesh::of(
        backend,
        |_| {},
        |snapshot| {
            snapshot.inbound[0].protocol = mesh_wire::listener::InboundProtocol::Detect;
        },
    )
    .await;
    let mut stream = mesh.outbound.connect().await;
    stream.write_all(b"\x00\x01binary").await.unwrap();
    let mut bytes = [0; 24];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"hello 127.0.0.6\n\x00\x01binary");
}

/// A body of `count` MiB, made as it is asked for, with a trailer at its end.
fn large(
    count: usize,
) -> StreamBody<impl futures_core::Stream<Item = Result<Frame<Bytes>, std::convert::Infallible>>> {
    let chunk = Bytes::from(vec![7; 1 << 20]);
    let mut left = count;
    StreamBody::new(stream_from(move || {
        if left > 0 {
            left -= 1;
            return Some(Frame::data(chunk.clone()));
        }
        None
    }))
}

fn stream_from<T>(
    next: impl FnMut() -> Option<T> + Unpin,
) -> impl futures_core::Stream<Item = Result<T, std::convert::Infallible>> {
    struct From<F>(F);
    impl<T, F: FnMut() -> Option<T> + Unpin> futures_core::Stream for From<F> {
        type Item = Result<T, std::convert::Infallible>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready((self.0)().map(Ok))
        }
    }
    From(next)
}

#[tokio::test]
async fn large_bodies_stream_both_ways() {
    for two in [false, true] {
        let backend = if two {
            backend::http2(backend::echo).await
        } else {
            backend::http1(backend::echo).await
        };
        let mesh = Mesh::of(backend, |_| {}, |_| {}).await;
        let stream = mesh.outbound.connect().await;
        let mut response = if two {
            let request = Request::post(format!("http://{}/", client::HOST))
                .body(large(64))
                .unwrap();
            client::http2(stream).await.send_request(request).await.unwrap()
        } else {
            let request = Request::post("/")
                .header("host", client::HOST)
                .body(large(64))
                .unwrap();
            let mut sender = client::http1(stream).await;
            let response = sender.send_request(request).await.unwrap();
            tokio::spawn(async move { sender.ready().await });
            response
        };
        let mut size = 0;
        while let Some(frame) = response.body_mut().frame().await {
            size += frame.unwrap().data_ref().map_or(0, Bytes::len);
        }
        assert_eq!(size, 64 << 20);
    }
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let mesh = Mesh::of(backend::http2(backend::echo).await, |_| {}, |_| {}).await;
    let mut trailers = http::HeaderMap::new();
    trailers.insert("x-end", "here".parse().unwrap());
    let mut frames = vec![
        Frame::trailers(trailers),
        Frame::data(Bytes::from_static(b"body")),
    ];
    let body = StreamBody::new(stream_from(move || frames.pop()));
    let request = Request::post(format!("http://{}/", client::HOST))
        .header("te", "trailers")
        .body(body)
        .unwrap();
    let response = client::http2(mesh.outbound.connect().await)
        .await
        .send_request(request)
        .await
        .unwrap();
    let collected = response.into_body().collect().await.unwrap();
    assert_eq!(collected.trailers().unwrap()["x-end"], "here");
    assert_eq!(collected.to_bytes(), "body");
}

#[tokio::test]
async fn a_websocket_is_joined_through() {
    let backend = backend::http1(|mut request: Request<hyper::body::Incoming>| async move {
        let upgrading = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = hyper_util::rt::TokioIo::new(upgrading.await.unwrap());
            let mut bytes = [0; 4];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
        });
        Response::builder()
            .status(101)
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .body(Full::new(Bytes::new()))
            .unwrap()
    })
    .await;
    let mesh = Mesh::of(backend, |_| {}, |_| {}).await;
    let mut request = client::get("/ws");
    request
        .headers_mut()
        .insert("connection", "Upgrade".parse().unwrap());
    request
        .headers_mut()
        .insert("upgrade", "websocket".parse().unwrap());
    let response = client::once(mesh.outbound.connect().await, request).await;
    assert_eq!(response.status(), 101);
    let mut stream = hyper_util::rt::TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    stream.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"ping");
}

#[tokio::test]
async fn a_drain_lets_what_is_under_way_finish() {
    let (begun, mut waits) = tokio::sync::mpsc::channel(1);
    let backend = backend::http1(move |_| {
        let begun = begun.clone();
        async move {
            begun.send(()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            Response::new(Full::new(Bytes::from_static(b"done")))
        }
    })
    .await;
    let mut mesh = Mesh::of(backend, |_| {}, |_| {}).await;
    let stream = mesh.outbound.connect().await;
    let asking =
        tokio::spawn(async move { client::text(client::once(stream, client::get("/")).await).await });
    waits.recv().await.unwrap();
    mesh.outbound.drain(Duration::from_secs(10)).await;
    assert_eq!(asking.await.unwrap(), "done");
    assert!(
        tokio::net::TcpStream::connect(mesh.outbound.address)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn an_idle_connection_has_a_last_request_when_a_drain_begins() {
    let mut mesh = Mesh::of(backend::http1(backend::told).await, |_| {}, |_| {}).await;
    let mut stream = mesh.outbound.connect().await;
    assert!(!ask(&mut stream).await.contains("connection: close"));
    let crosses = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        ask(&mut stream).await
    };
    let (answer, ()) = tokio::join!(crosses, mesh.outbound.drain(Duration::from_secs(10)));
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"),
        "{answer}"
    );
}

/// One request on a connection that stays; its answer up to the body.
async fn ask(stream: &mut (impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin)) -> String {
    let request = b"GET / HTTP/1.1\r\nhost: forum.forum.svc.cluster.local\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = vec![0; 16384];
    let length = stream.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length])
        .to_ascii_lowercase()
        .replace("http/1.1", "HTTP/1.1")
}
