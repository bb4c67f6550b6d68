//! What goes wrong in a mesh, while requests go on: endpoints that die, are slow, say nothing, or cut answers off;
//! certificates and snapshots that are replaced. No request is lost that could be served, and nothing is left behind.
//!
//! Each takes some seconds; `MESH_CHAOS_SECONDS=600` has the last one go on for ten minutes.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::{BodyExt as _, Full};
use mesh_proxy::Workers;
use mesh_wire::cluster::{Discovery, HttpVersion, Transport};
use mesh_wire::route::{Retry, RouteAction};
use mesh_wire::{Millis, Snapshot};
use support::{CLIENT, Ca, Mesh, Proxy, SERVER, backend, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// Clients that ask at the same time.
const CLIENTS: usize = 8;

async fn hello(_request: http::Request<hyper::body::Incoming>) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from_static(&[b'x'; 1024])))
}

/// Runs `test` when no other of these runs: they count what their process holds, and runtimes hold some of it too.
fn alone(test: impl Future<Output = ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    // What another test broke is told by that one.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(test);
}

/// Open descriptors of this process.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Resident memory of this process, bytes.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Waits until no more descriptors are open than there were.
async fn given_back(before: usize) {
    let closed = async {
        while descriptors() > before {
            sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(Duration::from_secs(20), closed).await.is_err() {
        panic!("{} descriptors are open, and {before} were", descriptors());
    }
}

/// Asks on one connection after the other until told to stop, and counts the answers; each has to be good.
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn begin(address: SocketAddr) -> Self {
        let (stop, answers) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let clients = (0..CLIENTS).map(|index| {
            let (stop, answers) = (stop.clone(), answers.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    let stream = TcpStream::connect(address).await.unwrap();
                    if index % 2 == 0 {
                        let mut sender = client::http1(stream).await;
                        for _ in 0..20 {
                            sender.ready().await.unwrap();
                            good(sender.send_request(client::get("/posts")).await.unwrap()).await;
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                    } else {
                        let mut sender = client::http2(stream).await;
                        for _ in 0..20 {
                            sender.ready().await.unwrap();
                            good(sender.send_request(client::get2("/posts")).await.unwrap()).await;
                            answers.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            })
        });
        let clients = clients.collect();
        Self {
            stop,
            answers,
            clients,
        }
    }

    /// Waits until `count` more were answered.
    async fn more(&self, count: u64) {
        let wanted = self.answers.load(Ordering::Relaxed) + count;
        let reached = async {
            while self.answers.load(Ordering::Relaxed) < wanted {
                assert!(
                    !self.clients.iter().any(JoinHandle::is_finished),
                    "a client gave up"
                );
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), reached)
            .await
            .expect("requests are answered");
    }

    async fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await.unwrap();
        }
        self.answers.load(Ordering::Relaxed)
    }
}

async fn good(response: Response<hyper::body::Incoming>) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!((status.as_u16(), body.len()), (200, 1024), "{body:?}");
}

/// An outbound proxy before plain servers, that tries again what can be.
async fn before(servers: &[SocketAddr], per_try: Millis) -> Proxy {
    let proxy = Proxy::outbound(retrying(servers, per_try), support::service()).await;
    proxy.shared.spread(Workers::start().unwrap());
    proxy
}

fn retrying(servers: &[SocketAddr], per_try: Millis) -> Snapshot {
    let mut snapshot = snapshot::outbound(servers[0]);
    let endpoints = servers.iter().map(|server| snapshot::endpoint(*server, 1, false));
    let mut cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, endpoints.collect());
    cluster.http = HttpVersion::Http1;
    snapshot.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    let table = snapshot.routes.values_mut().next().unwrap();
    let RouteAction::Forward(forward) = &mut table.virtual_hosts[0].routes[0].action else {
        unreachable!()
    };
    // Tests keep the whole log in memory: it would be taken for a leak.
    snapshot.telemetry.as_mut().unwrap().access_log = None;
    forward.retry = Some(Retry {
        on: vec!["connect-failure".to_owned(), "reset".to_owned()],
        attempts: 3,
        per_try_timeout: per_try,
        status_codes: Vec::new(),
        other_endpoint: true,
        host_selection_attempts: 5,
        other_locality: false,
        back_off: Millis(1),
    });
    snapshot
}

/// A server whose connections all end at once when it is dropped.
struct Mortal(JoinHandle<()>);

impl Mortal {
    async fn born() -> (SocketAddr, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let service = hyper::service::service_fn(|request| async {
                    Ok::<_, std::convert::Infallible>(hello(request).await)
                });
                let io = hyper_util::rt::TokioIo::new(stream);
                connections.spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
        (address, Self(serving))
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[test]
fn an_endpoint_that_dies_takes_no_request_with_it() {
    alone(async {
        let (first, dying) = Mortal::born().await;
        let second = backend::http1(hello).await;
        let proxy = before(&[first, second], Millis(0)).await;
        let load = Load::begin(proxy.address);
        load.more(200).await;
        drop(dying);
        load.more(400).await;
        load.end().await;
    });
}

#[test]
fn a_peer_that_takes_requests_and_says_nothing_is_not_waited_for() {
    alone(async {
        // Connections are taken and nothing more comes: as where the other machine has lost its power.
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = silent.local_addr().unwrap();
        let holding = tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = silent.accept().await {
                held.push(stream);
            }
        });
        let proxy = before(&[address, backend::http1(hello).await], Millis(100)).await;
        let load = Load::begin(proxy.address);
        load.more(100).await;
        load.end().await;
        let before = descriptors();
        let stream = proxy.connect().await;
        good(client::once(stream, client::get("/posts")).await).await;
        holding.abort();
        given_back(before).await;
    });
}

/// Answers requests until `gone`; from then on nothing more comes of its connections, and they stay: what those see whose
/// peer was unplugged.
async fn unplugged(stream: &mut TcpStream, gone: &mut tokio::sync::watch::Receiver<bool>) {
    let answer = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n",
        &[b'x'; 1024][..],
    ]
    .concat();
    let mut request = [0; 4096];
    loop {
        let read = tokio::select! {
            biased;
            () = async { drop(gone.wait_for(|gone| *gone).await) } => break,
            read = stream.read(&mut request) => read,
        };
        match read {
            Ok(1..) => stream.write_all(&answer).await.unwrap(),
            _ => return,
        }
    }
    std::future::pending::<()>().await;
}

#[test]
fn connections_whose_other_end_is_gone_take_no_request_with_them() {
    alone(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (unplug, gone) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut gone = gone.clone();
                tokio::spawn(async move { unplugged(&mut stream, &mut gone).await });
            }
        });
        let proxy = before(&[address, backend::http1(hello).await], Millis(100)).await;
        let load = Load::begin(proxy.address);
        // Connections are kept by now, idle ones and such with a request under way.
        load.more(400).await;
        unplug.send(true).unwrap();
        load.more(200).await;
        load.end().await;
        let endpoints = proxy.shared.report().clusters.into_iter();
        let endpoints = endpoints.flat_map(|cluster| cluster.endpoints);
        let busy: u32 = endpoints.map(|endpoint| endpoint.active).sum();
        assert_eq!(busy, 0, "no request is left there");
    });
}

/// Answers in two halves; with `cut` there is a reset in between.
async fn halves(mut stream: TcpStream, cut: bool) {
    let mut request = [0; 4096];
    while let Ok(1..) = stream.read(&mut request).await {
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n";
        stream.write_all(head).await.unwrap();
        stream.write_all(&[b'x'; 512]).await.unwrap();
        if cut {
            let socket = socket2::SockRef::from(&stream);
            socket.set_linger(Some(Duration::ZERO)).unwrap();
            return;
        }
        stream.write_all(&[b'x'; 512]).await.unwrap();
    }
}

#[test]
fn an_answer_that_is_cut_off_is_not_taken_for_a_whole_one() {
    alone(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Every other answer ends in its middle, with a reset.
        tokio::spawn(async move {
            let mut cut = false;
            while let Ok((stream, _)) = listener.accept().await {
                cut = !cut;
                tokio::spawn(halves(stream, cut));
            }
        });
        let proxy = before(&[address], Millis(0)).await;
        let before = descriptors();
        let (mut whole, mut ended) = (0, 0);
        for _ in 0..100 {
            let mut sender = client::http1(proxy.connect().await).await;
            let response = sender.send_request(client::get("/posts")).await.unwrap();
            // A reset may overtake the head: then another try was made, and that one is whole.
            assert_eq!(response.status(), 200);
            match response.into_body().collect().await {
                Ok(body) => {
                    assert_eq!(body.to_bytes().len(), 1024);
                    whole += 1;
                }
                Err(_cut) => ended += 1,
            }
        }
        assert!(whole > 10 && ended > 0, "{whole} whole, {ended} cut off");
        drop(proxy);
        // The kept connection to the server may still be open.
        given_back(before + 2).await;
    });
}

#[test]
fn certificates_change_under_load() {
    alone(async {
        // The application speaks HTTP/1 alone.
        let mesh = Mesh::of(
            backend::http1(hello).await,
            |_| {},
            |inbound| inbound.clusters.get_mut(snapshot::INBOUND).unwrap().http = HttpVersion::Http1,
        )
        .await;
        for proxy in [&mesh.outbound, &mesh.inbound] {
            proxy.shared.spread(Workers::start().unwrap());
        }
        let load = Load::begin(mesh.outbound.address);
        for turn in 0..40 {
            let (proxy, spiffe) = if turn % 2 == 0 {
                (&mesh.outbound, CLIENT)
            } else {
                (&mesh.inbound, SERVER)
            };
            proxy.shared.set_identity(mesh.ca.identity(spiffe)).unwrap();
            load.more(5).await;
        }
        load.end().await;
        let stranger = Ca::new();
        mesh.outbound
            .shared
            .set_identity(stranger.identity(CLIENT))
            .unwrap();
        let refused = client::once(mesh.outbound.connect().await, client::get("/posts")).await;
        assert_eq!(refused.status(), 503, "who is of another mesh is not let in");
    });
}

/// Endpoints come and go a hundred times a second, under load; memory and descriptors stay as they are.
#[test]
fn snapshots_change_a_hundred_times_a_second_and_nothing_is_left_behind() {
    alone(async {
        let seconds = std::env::var("MESH_CHAOS_SECONDS").map_or(3, |text| text.parse().unwrap());
        let servers = [backend::http1(hello).await, backend::http1(hello).await];
        let proxy = before(&servers, Millis(0)).await;
        let load = Load::begin(proxy.address);
        let mut churned = 0_usize;
        let mut churn = async |span: Duration| {
            let mut ticks = tokio::time::interval(Duration::from_millis(10));
            let end = Instant::now() + span;
            while Instant::now() < end {
                ticks.tick().await;
                // Both, the first, the second; and one that contradicts itself, which changes nothing.
                let mut next = match churned % 4 {
                    0 => retrying(&servers, Millis(0)),
                    turn => retrying(&servers[turn % 2..][..1], Millis(0)),
                };
                if churned % 4 == 3 {
                    next.outbound_default = Some("nobody".to_owned());
                    proxy.shared.apply(next).unwrap_err();
                } else {
                    proxy.shared.apply(next).unwrap();
                }
                churned += 1;
            }
        };
        churn(Duration::from_secs(1)).await;
        let (memory_before, open_before) = (memory(), descriptors());
        churn(Duration::from_secs(seconds)).await;
        let (memory_after, open_after) = (memory(), descriptors());
        let answers = load.end().await;
        assert!(
            answers > 100 && churned > 50,
            "{answers} answers, {churned} snapshots"
        );
        assert!(
            open_after <= open_before + 16 * CLIENTS,
            "{open_before} descriptors became {open_after} over {churned} snapshots"
        );
        assert!(
            memory_after <= memory_before + (8 << 20),
            "{memory_before} bytes became {memory_after} over {churned} snapshots"
        );
    });
}
