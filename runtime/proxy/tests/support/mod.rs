//! A mesh of two proxies in one process: application -> outbound proxy -> mutual TLS -> inbound proxy -> backend.

#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mesh_proxy::telemetry::LogSink;
use mesh_proxy::{Destinations, Drainer, Shared, drain, serve_inbound, serve_outbound};
use mesh_wire::Snapshot;
use tokio::net::{TcpListener, TcpStream};

pub mod anybody;
pub mod backend;
pub mod ca;
pub mod client;
pub mod envoy;
pub mod grpc;
pub mod issuer;
pub mod protobuf;
pub mod snapshot;
pub mod zone;

pub use ca::Ca;

/// The address that applications dial; nothing is there but what the listener makes of it.
pub fn service() -> SocketAddr {
    "10.96.1.10:80".parse().unwrap()
}

pub const CLIENT: &str = "spiffe://cluster.local/ns/forum/sa/webapp";
pub const SERVER: &str = "spiffe://cluster.local/ns/forum/sa/forum";

/// One proxy that serves on a port of its own.
pub struct Proxy {
    pub shared: Arc<Shared>,
    pub address: SocketAddr,
    pub log: Log,
    drainer: Option<Drainer>,
}

impl Proxy {
    pub async fn outbound(snapshot: Snapshot, destination: SocketAddr) -> Self {
        Self::start(snapshot, destination, true).await
    }

    pub async fn inbound(snapshot: Snapshot, destination: SocketAddr) -> Self {
        Self::start(snapshot, destination, false).await
    }

    async fn start(snapshot: Snapshot, destination: SocketAddr, outbound: bool) -> Self {
        let log = Log::default();
        let shared = Shared::new(Destinations::Fixed(destination), LogSink::to(log.clone()));
        shared.apply(snapshot).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (drainer, drain) = drain::new();
        if outbound {
            tokio::spawn(serve_outbound(listener, shared.clone(), drain));
        } else {
            tokio::spawn(serve_inbound(listener, shared.clone(), drain));
        }
        Self {
            shared,
            address,
            log,
            drainer: Some(drainer),
        }
    }

    /// Shows the identity `spiffe`, signed by `ca`.
    pub fn identify(self, ca: &Ca, spiffe: &str) -> Self {
        self.shared.set_identity(ca.identity(spiffe)).unwrap();
        self
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub async fn drain(&mut self, deadline: Duration) {
        self.drainer.take().unwrap().drain(deadline).await;
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        self.shared.telemetry().encode(&mut text);
        text
    }
}

/// What the access log says.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// All of it.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Waits for a line with `part` in it.
    pub async fn line(&self, part: &str) -> String {
        let found = async {
            loop {
                let text = self.text();
                if let Some(line) = text.lines().find(|line| line.contains(part)) {
                    return line.to_owned();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), found)
            .await
            .unwrap_or_else(|_| panic!("no `{part}` in:\n{}", self.text()))
    }
}

/// Both proxies before a backend.
pub struct Mesh {
    pub ca: Ca,
    pub outbound: Proxy,
    pub inbound: Proxy,
}

impl Mesh {
    /// `outbound` and `inbound` change what the snapshots say by default.
    pub async fn of(
        backend: SocketAddr,
        outbound: impl FnOnce(&mut Snapshot),
        inbound: impl FnOnce(&mut Snapshot),
    ) -> Self {
        let ca = Ca::new();
        let mut server = snapshot::inbound();
        inbound(&mut server);
        let inbound = Proxy::inbound(server, backend).await.identify(&ca, SERVER);
        let mut client = snapshot::outbound(inbound.address);
        outbound(&mut client);
        let outbound = Proxy::outbound(client, service()).await.identify(&ca, CLIENT);
        Self {
            ca,
            outbound,
            inbound,
        }
    }
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
