//! What a cluster says of connections that carry no requests: who keeps to whom, which port, how long.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use mesh_wire::cluster::{Balance, Cluster, Discovery, Transport};
use mesh_wire::{Millis, Snapshot};
use support::{Proxy, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that says its name, and holds the connection.
async fn named(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                stream.write_all(name.as_bytes()).await.unwrap();
                let mut rest = Vec::new();
                _ = stream.read_to_end(&mut rest).await;
            });
        }
    });
    address
}

/// Bytes to a cluster of `endpoints`, as `change` makes it.
fn bytes(discovery: Discovery, endpoints: &[SocketAddr], change: impl FnOnce(&mut Cluster)) -> Snapshot {
    let mut said = snapshot::outbound(support::service());
    snapshot::tcp(&mut said);
    let endpoints = endpoints
        .iter()
        .map(|at| snapshot::endpoint(*at, 1, false))
        .collect();
    let mut cluster = snapshot::cluster(discovery, Transport::Plaintext, endpoints);
    change(&mut cluster);
    said.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    said
}

async fn heard(proxy: &Proxy) -> String {
    let mut stream = proxy.connect().await;
    let mut name = [0; 1];
    stream.read_exact(&mut name).await.unwrap();
    String::from_utf8(name.to_vec()).unwrap()
}

async fn all_heard(proxy: &Proxy) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for _ in 0..20 {
        all.insert(heard(proxy).await);
    }
    all
}

#[tokio::test]
async fn what_comes_from_one_address_stays_together() {
    let servers = [named("a").await, named("b").await, named("c").await];
    for (hashed, places) in [(true, 1), (false, 3)] {
        let said = bytes(Discovery::Listed, &servers, |cluster| {
            cluster.balance = if hashed {
                Balance::Maglev { table_size: 65_537 }
            } else {
                Balance::RoundRobin
            };
            cluster.source_hash = hashed;
        });
        assert!(
            !mesh_proxy::unsupported(&said)
                .iter()
                .any(|part| part.contains("client's address")),
            "it is acted on"
        );
        let proxy = Proxy::outbound(said, support::service()).await;
        assert_eq!(all_heard(&proxy).await.len(), places, "hashed: {hashed}");
    }
}

#[tokio::test]
async fn another_port_of_the_address_that_was_dialled() {
    let server = named("a").await;
    let said = bytes(Discovery::OriginalDestination, &[], |cluster| {
        cluster.balance = Balance::Provided;
        cluster.port_override = Some(server.port());
    });
    let proxy = Proxy::outbound(said, SocketAddr::new(server.ip(), support::service().port())).await;
    assert_eq!(heard(&proxy).await, "a");
}

#[tokio::test]
async fn a_connection_ends_at_its_age() {
    let server = named("a").await;
    let said = bytes(Discovery::Listed, &[server], |cluster| {
        cluster.limits.connection_age = Some(Millis(50));
    });
    let proxy = Proxy::outbound(said, support::service()).await;
    let mut stream = proxy.connect().await;
    let mut all = Vec::new();
    // It would be held for ever.
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(all, b"a");
}

#[tokio::test]
async fn a_workload_that_is_not_listed_is_spoken_to_in_mutual_tls() {
    let ca = support::Ca::new();
    let mut server = snapshot::inbound();
    server.inbound[0].protocol = mesh_wire::listener::InboundProtocol::Tcp;
    let inbound = Proxy::inbound(server, named("a").await)
        .await
        .identify(&ca, support::SERVER);
    let mut said = bytes(Discovery::OriginalDestination, &[], |cluster| {
        cluster.balance = Balance::Provided;
        cluster.port_override = Some(inbound.address.port());
    });
    let cluster = said.clusters.get_mut(snapshot::CLUSTER).unwrap();
    cluster.transport = snapshot::mesh(support::SERVER);
    let outbound = Proxy::outbound(
        said,
        SocketAddr::new(inbound.address.ip(), support::service().port()),
    )
    .await
    .identify(&ca, support::CLIENT);
    assert_eq!(heard(&outbound).await, "a");
    assert!(inbound.metrics().contains("mutual_tls"), "{}", inbound.metrics());
}
