//! Connections that are spread over threads of their own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use mesh_proxy::Workers;
use mesh_wire::cluster::HttpVersion;
use support::{Mesh, backend, client, snapshot};

/// Both hops spread their connections; one connection may be open between them.
async fn spread(version: HttpVersion) -> Mesh {
    let narrow = |snapshot: &mut mesh_wire::Snapshot| {
        let cluster = snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap();
        cluster.http = version;
        cluster.limits.connections = Some(1);
    };
    let mesh = Mesh::of(backend::http1(backend::told).await, narrow, |inbound| {
        inbound.clusters.get_mut(snapshot::INBOUND).unwrap().http = HttpVersion::Http1;
    })
    .await;
    for proxy in [&mesh.outbound, &mesh.inbound] {
        proxy.shared.spread(Workers::start().unwrap());
    }
    mesh
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_workers_serve_and_share_what_may_be_open_once() {
    for version in [HttpVersion::Http1, HttpVersion::Http2] {
        let mesh = spread(version).await;
        let mut clients = Vec::new();
        for _ in 0..8 {
            let stream = mesh.outbound.connect().await;
            clients.push(tokio::spawn(async move {
                let mut sender = client::http1(stream).await;
                for _ in 0..10 {
                    sender.ready().await.unwrap();
                    let response = sender.send_request(client::get("/posts")).await.unwrap();
                    assert_eq!(response.status(), 200, "{version:?}");
                    assert!(client::text(response).await.contains("GET"), "{version:?}");
                }
            }));
        }
        for client in clients {
            client.await.unwrap();
        }
    }
}
