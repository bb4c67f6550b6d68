//! What peers of TCP connections say of themselves, and what becomes of the labels of metrics.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use mesh_wire::Snapshot;
use mesh_wire::cluster::Transport;
use mesh_wire::listener::InboundProtocol;
use support::{Mesh, Proxy, backend, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn bytes(snapshot: &mut Snapshot) {
    snapshot.inbound[0].protocol = InboundProtocol::Tcp;
}

/// The line of a metric, once it is there.
async fn line(proxy: &Proxy, name: &str) -> String {
    let found = async {
        loop {
            let text = proxy.metrics();
            if let Some(line) = text.lines().find(|line| line.starts_with(&format!("{name}{{"))) {
                return line.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), found)
        .await
        .unwrap_or_else(|_| panic!("no {name} in:\n{}", proxy.metrics()))
}

/// Waits until a connection is over.
async fn ended(proxy: &Proxy) {
    let found = async {
        while !line(proxy, "istio_tcp_connections_closed_total")
            .await
            .ends_with("} 1")
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), found)
        .await
        .unwrap();
}

/// Hears the server's greeting before it says anything, and has a megabyte sent back.
async fn talk(mesh: &Mesh) {
    let mut stream = mesh.outbound.connect().await;
    let mut greeting = [0; 16];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello 127.0.0.6\n");
    let sent: Vec<u8> = (0..1_000_000u32).map(|number| number as u8).collect();
    let (mut read, mut write) = stream.split();
    let mut back = vec![0; sent.len()];
    let (wrote, got) = tokio::join!(write.write_all(&sent), read.read_exact(&mut back));
    wrote.unwrap();
    got.unwrap();
    assert!(back == sent, "what comes back is what was sent");
}

#[tokio::test]
async fn both_sides_of_a_connection_know_each_others_workload() {
    let mesh = Mesh::of(backend::greeting().await, snapshot::tcp, bytes).await;
    talk(&mesh).await;
    let inside = line(&mesh.inbound, "istio_tcp_connections_opened_total").await;
    for part in [
        "source_workload=\"webapp\"",
        "source_app=\"webapp\"",
        "source_cluster=\"Kubernetes\"",
    ] {
        assert!(inside.contains(part), "{part}: {inside}");
    }
    let outside = line(&mesh.outbound, "istio_tcp_connections_opened_total").await;
    for part in [
        "destination_workload=\"forum\"",
        "destination_app=\"forum\"",
        support::SERVER,
    ] {
        assert!(outside.contains(part), "{part}: {outside}");
    }
    // The words of peers are no bytes of the application.
    ended(&mesh.inbound).await;
    ended(&mesh.outbound).await;
    let received = line(&mesh.inbound, "istio_tcp_received_bytes_total").await;
    assert!(received.ends_with("} 1000000"), "{received}");
    let sent = line(&mesh.outbound, "istio_tcp_sent_bytes_total").await;
    assert!(sent.ends_with("} 1000016"), "{sent}");
}

#[tokio::test]
async fn a_peer_that_does_not_ask_is_told_nothing() {
    let silent = |snapshot: &mut Snapshot| {
        snapshot::tcp(snapshot);
        let forum = snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap();
        let Transport::Mesh(tls) = &mut forum.transport else {
            panic!("mutual TLS")
        };
        tls.alpn = vec!["istio".to_owned()];
    };
    let mesh = Mesh::of(backend::greeting().await, silent, bytes).await;
    talk(&mesh).await;
    let inside = line(&mesh.inbound, "istio_tcp_connections_opened_total").await;
    assert!(inside.contains("source_workload=\"unknown\""), "{inside}");
    assert!(inside.contains(support::CLIENT), "{inside}");
}
