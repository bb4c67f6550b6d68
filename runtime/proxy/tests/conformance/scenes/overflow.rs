//! Too much: connections, waiting requests, requests and tries beyond the bounds; requests a connection; long heads.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mesh_wire::Millis;
use mesh_wire::cluster::{HttpVersion, Limits, RetryBudget};
use mesh_wire::listener::{OutboundListener, OutboundProtocol};
use mesh_wire::route::Retry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::prefix;
use crate::ask::get;
use crate::plane::Way;
use crate::support::snapshot::forward;
use crate::world::{Came, World};
use crate::{bulk, raw};

pub async fn put(world: &mut World) {
    bounds(world);
    connections(world).await;
    lives(world).await;
    heads(world);
}

fn bounds(world: &mut World) {
    let [(_, a), ..] = world.apps;
    let mut limited = |name: &str, limits: Limits| world.cluster(name, &[a]).limits = limits;
    limited(
        "no-pending",
        Limits {
            pending: Some(0),
            ..Limits::default()
        },
    );
    limited(
        "no-requests",
        Limits {
            requests: Some(0),
            ..Limits::default()
        },
    );
    limited(
        "no-connections",
        Limits {
            connections: Some(0),
            ..Limits::default()
        },
    );
    limited(
        "no-retries",
        Limits {
            retries: Some(0),
            ..Limits::default()
        },
    );
    for (name, at_least) in [("no-budget", 0), ("budget", 1)] {
        let budget = RetryBudget {
            percent: 0,
            at_least,
            interval: Millis(0),
        };
        limited(
            name,
            Limits {
                retry_budget: Some(budget),
                ..Limits::default()
            },
        );
    }
    world.cluster("no-pending-2", &[a]).limits.pending = Some(0);
    world.snapshot.clusters.get_mut("no-pending-2").unwrap().http = HttpVersion::Http2;
    let again = |name: &str| {
        let mut to = forward(name);
        to.retry = Some(Retry {
            on: vec!["5xx".to_owned()],
            attempts: 2,
            back_off: Millis(1),
            ..Retry::default()
        });
        prefix(&format!("/{name}"), to)
    };
    world.host(
        "overflow",
        vec![
            again("no-retries"),
            again("no-budget"),
            again("budget"),
            prefix("/no-pending", forward("no-pending")),
            prefix("/HTTP/2/no-pending", forward("no-pending-2")),
            prefix("/no-requests", forward("no-requests")),
            prefix("/no-connections", forward("no-connections")),
        ],
    );
    let of = |path: &str| get("overflow", path);
    let grpc = |ask: crate::ask::Ask| ask.http2().with("content-type", "application/grpc");
    let asks = vec![
        of("/no-pending"),
        of("/HTTP/2/no-pending"),
        of("/no-requests"),
        grpc(of("/no-requests").label("/no-requests gRPC")),
        of("/no-connections"),
        of("/no-retries").told("first=1:503"),
        of("/no-budget").told("first=1:503"),
        of("/budget/once").told("first=1:503"),
        of("/budget/twice").told("first=2:503"),
    ];
    world.asks("overflow", asks);
}

/// Of bytes: one connection, and the next is too many.
async fn connections(world: &mut World) {
    let echo = raw::echo().await;
    world.cluster("one-connection", &[echo]).limits.connections = Some(1);
    world.snapshot.outbound.push(OutboundListener {
        name: "0.0.0.0_3309".to_owned(),
        addresses: Vec::new(),
        port: 3309,
        protocol: OutboundProtocol::Tcp {
            clusters: forward("one-connection").clusters,
            routes: Vec::new(),
        },
    });
    world.scene("too many connections", |plane, _| {
        Box::pin(async move {
            let to = SocketAddr::from(([10, 96, 1, 20], 3309));
            let mut first = plane.dial(Way::Out, to).await;
            first.write_all(b"ping").await.unwrap();
            let mut back = [0; 4];
            first.read_exact(&mut back).await.unwrap();
            let mut came = raw::said(plane, Way::Out, to, "second", b"ping").await;
            drop(first);
            // The place is free again as soon as the first is gone.
            let freed = async {
                loop {
                    let seen = raw::exchanged(plane.dial(Way::Out, to).await, "third", b"ping").await;
                    if seen.iter().any(|(_, value)| value == "ping") {
                        return;
                    }
                }
            };
            let freed = tokio::time::timeout(Duration::from_secs(5), freed).await.is_ok();
            came.push(("third is served".to_owned(), freed.to_string()));
            came
        })
    });
}

/// Counts its connections, and answers each request with its number on its connection.
async fn counting() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let open = Arc::<AtomicUsize>::default();
    let counts = open.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counts = counts.clone();
            counts.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let (mut number, mut request) = (0, Vec::new());
                while stream.read_buf(&mut request).await.unwrap_or(0) > 0 {
                    if !request.ends_with(b"\r\n\r\n") {
                        continue;
                    }
                    request.clear();
                    number += 1;
                    let answer = format!("HTTP/1.1 200 OK\r\nx-from: {number}\r\ncontent-length: 0\r\n\r\n");
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
                counts.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    (address, open)
}

async fn lives(world: &mut World) {
    let mut apps = Vec::new();
    for (name, limits) in [
        (
            "two-requests",
            Limits {
                requests_per_connection: Some(2),
                ..Limits::default()
            },
        ),
        (
            "idle",
            Limits {
                idle_timeout: Some(Millis(150)),
                ..Limits::default()
            },
        ),
        ("for-ever", Limits::default()),
    ] {
        // One for each data plane: connections are counted.
        let (address, _) = counting().await;
        world.cluster(name, &[address]).limits = limits;
        apps.push(prefix(&format!("/{name}"), forward(name)));
    }
    world.host("lives", apps);
    world.scene("lives", |plane, _| {
        Box::pin(async move {
            let ask = async |path: &str, count| bulk::ask(plane, "lives", path, count, |_| Vec::new()).await;
            let mut came = ask("/two-requests", 5).await.each("two requests");
            came.extend(ask("/for-ever", 5).await.each("no bound"));
            came.extend(ask("/idle", 2).await.each("at once"));
            // A connection that nobody uses is closed: then the next request is the first on a new one.
            let closed = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    if ask("/idle", 1)
                        .await
                        .each("")
                        .iter()
                        .any(|(_, value)| value == "200 1")
                    {
                        return;
                    }
                }
            };
            let closed = tokio::time::timeout(Duration::from_secs(10), closed)
                .await
                .is_ok();
            came.push(("idle ones are closed".to_owned(), closed.to_string()));
            came
        })
    });
}

fn heads(world: &mut World) {
    world.host("heads", vec![prefix("/", forward("a"))]);
    let head = |more: &str| format!("GET / HTTP/1.1\r\nHost: heads.test\r\n{more}\r\n");
    let many = |count: usize| {
        let lines = (0..count).map(|number| format!("x-{number}: 1\r\n"));
        head(&lines.collect::<String>())
    };
    let long = |size: usize| head(&format!("x-long: {}\r\n", "y".repeat(size)));
    let requests = vec![
        ("90 headers", many(90)),
        ("110 headers", many(110)),
        ("20 KiB", long(20 << 10)),
        ("50 KiB", long(50 << 10)),
        ("70 KiB", long(70 << 10)),
        (
            "a path of 40 KiB",
            format!(
                "GET /{} HTTP/1.1\r\nHost: heads.test\r\n\r\n",
                "p".repeat(40 << 10)
            ),
        ),
    ];
    world.scene("heads", move |plane, _| {
        let requests = requests.clone();
        Box::pin(async move {
            let mut came = Came::new();
            for (label, request) in requests {
                let to = ([10, 96, 1, 10], 80).into();
                let seen = raw::exchanged(plane.dial(Way::Out, to).await, label, request.as_bytes()).await;
                for (what, value) in seen.into_iter().filter(|(what, _)| what.ends_with("answer")) {
                    came.push((what, value.split(' ').take(2).collect::<Vec<_>>().join(" ")));
                }
            }
            came
        })
    });
    let answers = |path: &str, told: &str| get("heads", path).told(told).label(path);
    world.asks(
        "answers' heads",
        vec![
            answers("/20-KiB", "big-header=20480;status=204").without("header x-big"),
            answers("/70-KiB", "big-header=71680;status=204").without("header x-big"),
            answers("/90-headers", "headers=90;status=204").without("header x-many"),
            answers("/110-headers", "headers=110;status=204").without("header x-many"),
        ],
    );
}
