//! Copies of requests: they get all that the request gets, and never hold it up.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use mesh_wire::Snapshot;
use mesh_wire::cluster::{Discovery, HttpVersion, Transport};
use mesh_wire::route::{Mirror, PerMillion, RouteAction};
use support::{Proxy, backend, client, snapshot};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

/// Longer than what a copy may hold and all that kernels do.
const LONG: usize = 64 << 20;

/// An outbound proxy to `main`, and to `mirror` by `version`.
fn mirrored(main: SocketAddr, mirror: SocketAddr, version: HttpVersion) -> Snapshot {
    let mut snapshot = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    for (name, address) in [(snapshot::CLUSTER, main), ("mirror", mirror)] {
        let endpoint = snapshot::endpoint(address, 1, false);
        let cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, vec![endpoint]);
        snapshot.clusters.insert(name.to_owned(), cluster);
    }
    snapshot.clusters.get_mut("mirror").unwrap().http = version;
    let route = &mut snapshot.routes.get_mut("80").unwrap().virtual_hosts[0].routes[0];
    let RouteAction::Forward(forward) = &mut route.action else {
        panic!()
    };
    forward.mirrors = vec![Mirror {
        cluster: "mirror".to_owned(),
        share: PerMillion(1_000_000),
    }];
    snapshot
}

/// A backend that says how long a body was.
async fn counting() -> SocketAddr {
    backend::http1(|request: Request<Incoming>| async {
        let mut body = request.into_body();
        let mut size = 0;
        while let Some(frame) = body.frame().await {
            size += frame.unwrap().into_data().map_or(0, |data| data.len());
        }
        Response::new(Full::new(Bytes::from(size.to_string())))
    })
    .await
}

async fn post(proxy: &Proxy, body: Bytes) -> (StatusCode, String) {
    let mut sender = client::http1(proxy.connect().await).await;
    let request = Request::post("/cart").header("host", client::HOST);
    let response = sender
        .send_request(request.body(Full::new(body)).unwrap())
        .await
        .unwrap();
    tokio::spawn(async move { sender.ready().await });
    (response.status(), client::text(response).await)
}

async fn given_up(proxy: &Proxy, count: u64) {
    let given_up = async {
        while proxy.shared.mirrors_given_up() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), given_up)
        .await
        .unwrap();
}

/// Waits until nothing more can come: the proxy has left.
async fn left(mut stream: TcpStream) {
    let mut rest = vec![0; 1 << 20];
    let left = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    tokio::time::timeout(Duration::from_secs(5), left).await.unwrap();
}

#[tokio::test]
async fn a_copy_goes_to_the_mirror_and_holds_nothing_up() {
    let (copies, mut copied) = tokio::sync::mpsc::unbounded_channel();
    let mirror = backend::http1(move |request: Request<Incoming>| {
        let copies = copies.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            copies.send((path, body)).unwrap();
            std::future::pending::<Response<Full<Bytes>>>().await
        }
    })
    .await;
    let snapshot = mirrored(counting().await, mirror, HttpVersion::Http1);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    for body in [Bytes::from_static(b"first"), Bytes::from(vec![7; LONG])] {
        let answer = (StatusCode::OK, body.len().to_string());
        assert_eq!(post(&proxy, body.clone()).await, answer);
        let (path, came) = copied.recv().await.unwrap();
        assert!(path == "/cart" && came == body, "{} bytes", came.len());
    }
    assert_eq!(proxy.shared.mirrors_given_up(), 0);
}

#[tokio::test]
async fn a_mirror_that_never_reads_is_given_up_and_slows_nobody() {
    for version in [HttpVersion::Http1, HttpVersion::Http2] {
        let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let snapshot = mirrored(counting().await, deaf.local_addr().unwrap(), version);
        let proxy = Proxy::outbound(snapshot, support::service()).await;
        let accepted = async { deaf.accept().await.unwrap().0 };
        let sent = post(&proxy, Bytes::from(vec![7; LONG]));
        let (answer, stream) = tokio::join!(tokio::time::timeout(Duration::from_secs(20), sent), accepted);
        assert_eq!(answer.unwrap(), (StatusCode::OK, LONG.to_string()));
        given_up(&proxy, 1).await;
        // On HTTP/2 other copies may follow on the same connection.
        if version == HttpVersion::Http1 {
            left(stream).await;
        }
    }
}

#[tokio::test]
async fn a_mirror_that_never_answers_is_given_up_in_the_time_of_the_route() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut snapshot = mirrored(counting().await, deaf.local_addr().unwrap(), HttpVersion::Http1);
    let route = &mut snapshot.routes.get_mut("80").unwrap().virtual_hosts[0].routes[0];
    let RouteAction::Forward(forward) = &mut route.action else {
        panic!()
    };
    forward.timeout = mesh_wire::Millis(100);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let answer = post(&proxy, Bytes::from(vec![7; 100_000])).await;
    assert_eq!(answer, (StatusCode::OK, "100000".to_owned()));
    given_up(&proxy, 1).await;
    left(deaf.accept().await.unwrap().0).await;
}
