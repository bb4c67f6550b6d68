//! What a cluster says of the connections that carry requests: how old, how many at once, whether they still stand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mesh_wire::cluster::{Discovery, HttpVersion, Limits, Ping, Transport};
use mesh_wire::{Millis, Snapshot};
use support::{Proxy, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// An application that tells on which of its connections a request came; it answers as `gate` lets it.
async fn counting(http2: bool, gate: Arc<Semaphore>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let count = AtomicU32::new(0);
        while let Ok((stream, _)) = listener.accept().await {
            let number = count.fetch_add(1, Ordering::Relaxed);
            let gate = gate.clone();
            let service = service_fn(move |_: Request<Incoming>| {
                let gate = gate.clone();
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(number.to_string()))))
                }
            });
            let stream = TokioIo::new(stream);
            if http2 {
                tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service));
            } else {
                tokio::spawn(http1::Builder::new().serve_connection(stream, service));
            }
        }
    });
    address
}

fn bounded(endpoint: SocketAddr, http2: bool, limits: Limits) -> Snapshot {
    let mut told = snapshot::outbound(endpoint);
    let endpoints = vec![snapshot::endpoint(endpoint, 1, false)];
    let mut cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, endpoints);
    cluster.limits = limits;
    cluster.http = if http2 {
        HttpVersion::Http2
    } else {
        HttpVersion::Http1
    };
    told.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    assert_eq!(mesh_proxy::unsupported(&told), Vec::<String>::new());
    told
}

async fn ask(proxy: &Proxy) -> String {
    client::text(client::once(proxy.connect().await, client::get("/")).await).await
}

#[tokio::test]
async fn a_connection_that_is_old_takes_no_more_requests() {
    for http2 in [false, true] {
        let limits = Limits {
            connection_age: Some(Millis(300)),
            ..Limits::default()
        };
        let backend = counting(http2, Arc::new(Semaphore::new(1000))).await;
        let proxy = Proxy::outbound(bounded(backend, http2, limits), support::service()).await;
        let begun = std::time::Instant::now();
        let (first, second) = (ask(&proxy).await, ask(&proxy).await);
        assert!(first == second || begun.elapsed() > Duration::from_millis(300));
        let other = async {
            while ask(&proxy).await == first {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), other)
            .await
            .unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(300), "http2: {http2}");
    }
}

#[tokio::test]
async fn a_connection_carries_so_many_requests_at_once() {
    let gate = Arc::new(Semaphore::new(0));
    let limits = Limits {
        streams: Some(2),
        ..Limits::default()
    };
    let backend = counting(true, gate.clone()).await;
    let proxy = Arc::new(Proxy::outbound(bounded(backend, true, limits), support::service()).await);
    let asking = (0..5).map(|_| {
        let proxy = proxy.clone();
        tokio::spawn(async move { ask(&proxy).await })
    });
    let asking: Vec<_> = asking.collect();
    // All are under way before the first is answered.
    let all = async {
        while proxy
            .shared
            .report()
            .clusters
            .iter()
            .map(|cluster| cluster.requests)
            .sum::<u32>()
            < 5
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    gate.add_permits(5);
    let mut numbers = Vec::new();
    for answer in asking {
        numbers.push(answer.await.unwrap());
    }
    numbers.sort();
    assert_eq!(numbers, ["0", "0", "1", "1", "2"]);
}

#[tokio::test]
async fn a_connection_that_does_not_answer_pings_is_given_up() {
    // Settings, and then nothing more for ever.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                stream.write_all(&[0, 0, 0, 4, 1, 0, 0, 0, 0]).await.unwrap();
                let mut bytes = Vec::new();
                _ = stream.read_to_end(&mut bytes).await;
            });
        }
    });
    let ping = Ping {
        interval: Millis(50),
        timeout: Millis(50),
    };
    let limits = Limits {
        ping: Some(ping),
        ..Limits::default()
    };
    let proxy = Proxy::outbound(bounded(address, true, limits), support::service()).await;
    let asking = client::once(proxy.connect().await, client::get("/"));
    let response = tokio::time::timeout(Duration::from_secs(10), asking)
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
}
