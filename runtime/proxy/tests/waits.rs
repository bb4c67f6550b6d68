//! How long somebody is waited for who says nothing: clients whose protocol is to be told by their first bytes, servers that
//! do not answer, connections that nobody uses.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use mesh_wire::cluster::{Cluster, Discovery, Keepalive, Transport};
use mesh_wire::listener::{Detection, InboundProtocol, MtlsMode, OutboundProtocol};
use mesh_wire::{Millis, Snapshot};
use support::{CLIENT, Ca, Proxy, SERVER, backend, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

const PATIENCE: Duration = Duration::from_secs(10);

/// What a silent client hears first; nothing where the connection is closed.
async fn heard(proxy: &Proxy) -> String {
    let mut stream = proxy.connect().await;
    let mut greeting = vec![0; 5];
    let read = timeout(PATIENCE, stream.read_exact(&mut greeting)).await;
    match read.expect("it is not waited for ever") {
        Ok(_) => String::from_utf8(greeting).unwrap(),
        Err(_) => String::new(),
    }
}

fn detecting(mut snapshot: Snapshot, goes_on: bool) -> Snapshot {
    snapshot.detection = Some(Detection {
        timeout: Millis(100),
        continue_on_timeout: goes_on,
    });
    snapshot
}

/// One cluster, changed, that bytes and requests go to.
fn plain(endpoint: SocketAddr, change: impl FnOnce(&mut Cluster)) -> Snapshot {
    let mut told = snapshot::outbound(endpoint);
    let endpoints = vec![snapshot::endpoint(endpoint, 1, false)];
    let mut cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, endpoints);
    change(&mut cluster);
    told.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    told
}

/// A database greets its clients, which wait for that: on a port that is none of bytes alone, too.
#[tokio::test]
async fn a_server_that_speaks_first_is_heard_after_the_bound_of_detection() {
    let server = backend::greeting().await;
    for goes_on in [true, false] {
        let expected = if goes_on { "hello" } else { "" };
        let http = detecting(plain(server, |_| {}), goes_on);
        let proxy = Proxy::outbound(http.clone(), support::service()).await;
        assert_eq!(heard(&proxy).await, expected, "HTTP");

        // Names of TLS are asked for in vain: then the rest is where such connections go.
        let mut tls = http;
        tls.outbound[0].protocol = OutboundProtocol::Tls {
            routes: Vec::new(),
            otherwise: snapshot::CLUSTER.to_owned(),
        };
        let proxy = Proxy::outbound(tls, support::service()).await;
        assert_eq!(heard(&proxy).await, "hello", "TLS");
    }
    let ca = Ca::new();
    for (mtls, protocol) in [
        (MtlsMode::Disable, InboundProtocol::Detect),
        (MtlsMode::Permissive, InboundProtocol::Detect),
        (MtlsMode::Permissive, InboundProtocol::Tcp),
    ] {
        let mut inbound = detecting(snapshot::inbound(), true);
        (inbound.inbound[0].mtls, inbound.inbound[0].protocol) = (mtls, protocol);
        let proxy = Proxy::inbound(inbound, server).await.identify(&ca, SERVER);
        assert_eq!(heard(&proxy).await, "hello", "{mtls:?} {protocol:?}");
    }
}

#[tokio::test]
async fn a_client_that_speaks_in_time_is_understood_however_slowly() {
    let server = backend::http1(backend::told).await;
    let proxy = Proxy::outbound(detecting(plain(server, |_| {}), true), support::service()).await;
    let mut stream = proxy.connect().await;
    let (first, rest) = (
        &b"GE"[..],
        &b"T / HTTP/1.1\r\nhost: forum.forum.svc.cluster.local\r\n\r\n"[..],
    );
    stream.write_all(first).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    stream.write_all(rest).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

/// A listener whose queue is full: the kernel answers nobody any more.
fn deaf() -> (socket2::Socket, SocketAddr, Vec<std::net::TcpStream>) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 10, "the queue has no end");
    }
    (socket, address, waiting)
}

#[tokio::test]
async fn who_does_not_answer_is_given_up_after_the_connect_timeout() {
    let (_socket, unanswered, _waiting) = deaf();
    // This one takes connections, and makes no TLS.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ca = Ca::new();
    for (endpoint, transport) in [
        (unanswered, Transport::Plaintext),
        (silent.local_addr().unwrap(), snapshot::mesh(SERVER)),
    ] {
        let mtls = transport != Transport::Plaintext;
        let said = plain(endpoint, |cluster| {
            cluster.connect_timeout = Millis(200);
            cluster.transport = transport;
            cluster.endpoints[0].endpoints[0].mtls = mtls;
        });
        let proxy = Proxy::outbound(said, support::service())
            .await
            .identify(&ca, CLIENT);
        let begun = Instant::now();
        let asking = client::once(proxy.connect().await, client::get("/"));
        let response = timeout(PATIENCE, asking).await.unwrap();
        assert_eq!(response.status(), 503);
        assert!(
            begun.elapsed() >= Duration::from_millis(200),
            "{:?}",
            begun.elapsed()
        );
        proxy.log.line("503 UF ").await;
    }
}

#[tokio::test]
async fn bytes_that_stay_away_end_their_connection_and_those_that_come_keep_it() {
    let mut said = plain(backend::greeting().await, |cluster| {
        cluster.limits.idle_timeout = Some(Millis(400));
    });
    snapshot::tcp(&mut said);
    let proxy = Proxy::outbound(said, support::service()).await;
    let mut stream = proxy.connect().await;
    let mut greeting = [0; 16];
    stream.read_exact(&mut greeting).await.unwrap();
    let begun = Instant::now();
    let mut last = begun;
    while begun.elapsed() < Duration::from_millis(1200) {
        stream.write_all(b"x").await.unwrap();
        if stream.read_exact(&mut greeting[..1]).await.is_err() {
            // This test was not run for so long.
            assert!(last.elapsed() >= Duration::from_millis(400));
            return;
        }
        last = Instant::now();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
    ended.expect("idle connections end").unwrap();
    assert!(last.elapsed() >= Duration::from_millis(400));
}

/// The timer of the connection to `remote` and what it has left, in hundredths of a second (Linux `proc_net_tcp.txt`).
fn timer(remote: SocketAddr) -> Option<(u32, u64)> {
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let port = format!("0100007F:{:04X}", remote.port());
    let line = table
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|fields| fields.get(2) == Some(&port.as_str()) && fields[3] == "01")?;
    let (kind, left) = line[5].split_once(':')?;
    Some((kind.parse().unwrap(), u64::from_str_radix(left, 16).unwrap()))
}

#[tokio::test]
async fn endpoints_are_asked_whether_they_are_still_there() {
    for (time, kind) in [(Some(300), 2), (None, 0)] {
        let server = backend::greeting().await;
        let mut said = plain(server, |cluster| {
            cluster.keepalive = time.map(|time| Keepalive {
                time: Some(time),
                interval: Some(10),
                probes: Some(3),
            });
        });
        snapshot::tcp(&mut said);
        let proxy = Proxy::outbound(said, support::service()).await;
        let mut stream: TcpStream = proxy.connect().await;
        stream.read_exact(&mut [0; 16]).await.unwrap();
        // What was sent before is acknowledged: until then that is what the timer is for.
        let settled = async {
            loop {
                match timer(server) {
                    Some((is, left)) if is == kind => return left,
                    _ => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let left = timeout(PATIENCE, settled).await.unwrap();
        assert!(kind == 0 || (25_000..=30_000).contains(&left), "{left}");
    }
}
