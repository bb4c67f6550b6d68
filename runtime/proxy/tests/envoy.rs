//! With a real Envoy as the peer, configured as Istio configures its sidecars.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::listener::{InboundProtocol, MtlsMode};
use serde_json::{Value, json};
use support::envoy::{Envoy, cluster, free, manager, socket, tcp_proxy, without_envoy};
use support::{CLIENT, Ca, Proxy, SERVER, backend, client, grpc, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Istio's `commonTlsContext` for `spiffe`.
fn tls(ca: &Ca, spiffe: &str, alpn: &[&str], peers: Value) -> Value {
    let (chain, key) = ca.issue(spiffe);
    json!({
        "tls_params": { "tls_minimum_protocol_version": "TLSv1_2", "tls_maximum_protocol_version": "TLSv1_3" },
        "tls_certificates": [{ "certificate_chain": { "inline_string": chain }, "private_key": { "inline_string": key } }],
        "validation_context": {
            "trusted_ca": { "inline_string": ca.root },
            "match_typed_subject_alt_names": [{ "san_type": "URI", "matcher": peers }],
        },
        "alpn_protocols": alpn,
    })
}

fn downstream(common: Value) -> Value {
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": common, "require_client_certificate": true,
    } })
}

fn upstream(common: Value) -> Value {
    json!({ "name": "envoy.transport_sockets.tls", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": common, "sni": "outbound_.80_._.forum.forum.svc.cluster.local",
    } })
}

/// Istio's inbound listener: HTTP for those who offer HTTP's names, bytes for those who offer TCP's.
fn sidecar(address: SocketAddr, ca: &Ca) -> Value {
    let trust = json!({ "prefix": "spiffe://cluster.local/" });
    let forward = json!({
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": { "subject": true, "dns": true, "uri": true },
    });
    json!({
        "name": "virtualInbound", "address": socket(address),
        "listener_filters": [{ "name": "envoy.filters.listener.tls_inspector", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector" } }],
        "filter_chains": [
            { "filter_chain_match": { "transport_protocol": "tls",
                "application_protocols": ["istio-http/1.0", "istio-http/1.1", "istio-h2"] },
              "filters": [manager("http", forward)],
              "transport_socket": downstream(tls(ca, SERVER, &["h2", "http/1.1"], trust.clone())) },
            { "filter_chain_match": { "transport_protocol": "tls",
                "application_protocols": ["istio-peer-exchange", "istio"] },
              "filters": [tcp_proxy("tcp")],
              "transport_socket": downstream(tls(ca, SERVER, &["h2", "http/1.1"], trust)) },
        ],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_reach_a_sidecar() {
    if without_envoy() {
        return;
    }
    let ca = Ca::new();
    let told = |mut request: Request<hyper::body::Incoming>| async move {
        // Read to its end: who answers before makes Envoy reset the rest.
        while request.body_mut().frame().await.is_some() {}
        backend::told(request).await
    };
    let (address, http, tcp) = (free(), backend::http1(told).await, backend::greeting().await);
    let clusters = vec![
        cluster("http", http, false, None),
        cluster("tcp", tcp, false, None),
    ];
    let _envoy = Envoy::start(vec![sidecar(address, &ca)], clusters, address).await;

    for version in [HttpVersion::Http1, HttpVersion::Http2] {
        let mut snapshot = snapshot::outbound(address);
        snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().http = version;
        let proxy = Proxy::outbound(snapshot, support::service())
            .await
            .identify(&ca, CLIENT);
        let mut sender = client::http1(proxy.connect().await).await;
        for _ in 0..20 {
            sender.ready().await.unwrap();
            let response = sender.send_request(client::get("/posts")).await.unwrap();
            assert_eq!(response.status(), 200, "{version:?}");
            let told = client::text(response).await;
            assert!(
                told.contains(&format!("x-forwarded-client-cert: By={SERVER};Hash=")),
                "{told}"
            );
            assert!(told.contains(&format!(";URI={CLIENT}")), "{told}");
            assert!(told.contains("x-envoy-peer-metadata-id: sidecar~"), "{told}");
        }
        let mut sender = client::http1(proxy.connect().await).await;
        let body = Full::new(Bytes::from(vec![1; 4 << 20]));
        let request = Request::post("/")
            .header("host", client::HOST)
            .body(body)
            .unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
    }

    let mut snapshot = snapshot::outbound(address);
    snapshot::tcp(&mut snapshot);
    let proxy = Proxy::outbound(snapshot.clone(), support::service())
        .await
        .identify(&ca, CLIENT);
    let mut stream = proxy.connect().await;
    let mut greeting = [0; 16];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello 127.0.0.1\n");
    stream.write_all(b"ping").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"ping");

    let stranger = Proxy::outbound(snapshot, support::service())
        .await
        .identify(&Ca::new(), CLIENT);
    assert_eq!(stranger.connect().await.read(&mut greeting).await.unwrap_or(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sidecar_reaches_us() {
    if without_envoy() {
        return;
    }
    for mtls in [MtlsMode::Strict, MtlsMode::Permissive] {
        for detect in [false, true] {
            reached(mtls, detect).await;
        }
    }
}

/// An east-west gateway of Istio: by SNI, only for those who offer one of Istio's names.
fn gateway(address: SocketAddr) -> Value {
    let by_sni = json!({ "name": "envoy.filters.network.sni_cluster", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.sni_cluster.v3.SniCluster" } });
    json!({
        "name": "gateway", "address": socket(address),
        "listener_filters": [{ "name": "envoy.filters.listener.tls_inspector", "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector" } }],
        "filter_chains": [{
            "filter_chain_match": { "transport_protocol": "tls", "application_protocols":
                ["istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2"] },
            "filters": [by_sni, tcp_proxy("BlackHoleCluster")] }],
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_lets_us_through() {
    if without_envoy() {
        return;
    }
    let ca = Ca::new();
    for tcp in [false, true] {
        let address = free();
        let backend = if tcp {
            backend::greeting().await
        } else {
            backend::http1(backend::told).await
        };
        let mut inbound = snapshot::inbound();
        inbound.inbound[0].protocol = InboundProtocol::Detect;
        let inbound = Proxy::inbound(inbound, backend).await.identify(&ca, SERVER);
        let behind = cluster(
            "outbound_.80_._.forum.forum.svc.cluster.local",
            inbound.address,
            false,
            None,
        );
        let _envoy = Envoy::start(vec![gateway(address)], vec![behind], address).await;
        let mut outbound = snapshot::outbound(address);
        if tcp {
            snapshot::tcp(&mut outbound);
        }
        let outbound = Proxy::outbound(outbound, support::service())
            .await
            .identify(&ca, CLIENT);
        if tcp {
            let mut greeting = [0; 16];
            outbound.connect().await.read_exact(&mut greeting).await.unwrap();
            assert_eq!(&greeting, b"hello 127.0.0.6\n");
        } else {
            let told = client::text(client::once(outbound.connect().await, client::get("/")).await).await;
            assert!(told.contains(&format!(";URI={CLIENT}")), "{told}");
        }
    }
}

async fn reached(mtls: MtlsMode, detect: bool) {
    let ca = Ca::new();
    let inbound = |protocol| {
        let mut snapshot = snapshot::inbound();
        snapshot.inbound[0].mtls = mtls;
        snapshot.inbound[0].protocol = if detect { InboundProtocol::Detect } else { protocol };
        snapshot.clusters.get_mut(snapshot::INBOUND).unwrap().http = HttpVersion::Http1;
        snapshot
    };
    let backend = backend::http1(|request: Request<hyper::body::Incoming>| async move {
        let cert = request.headers().get("x-forwarded-client-cert").cloned();
        let size = request.into_body().collect().await.unwrap().to_bytes().len();
        let told = format!("{size} {}", cert.unwrap().to_str().unwrap());
        Response::new(Full::new(Bytes::from(told)))
    })
    .await;
    let http = Proxy::inbound(inbound(InboundProtocol::Http), backend)
        .await
        .identify(&ca, SERVER);
    let greeting = backend::greeting().await;
    let tcp = Proxy::inbound(inbound(InboundProtocol::Tcp), greeting)
        .await
        .identify(&ca, SERVER);

    let server = json!({ "exact": SERVER });
    let client = |alpn: &[&str]| Some(upstream(tls(&ca, CLIENT, alpn, server.clone())));
    let clusters = vec![
        cluster(
            "http1",
            http.address,
            false,
            client(&["istio-http/1.1", "istio", "http/1.1"]),
        ),
        cluster("http2", http.address, true, client(&["istio-h2", "istio", "h2"])),
        // What a client offers that knows Istio's own names only.
        cluster("bare1", http.address, false, client(&["istio-http/1.1", "istio"])),
        cluster("bare2", http.address, true, client(&["istio-h2", "istio"])),
        cluster(
            "tcp",
            tcp.address,
            false,
            // Without Istio's filter, `istio-peer-exchange` would be a promise that nobody keeps.
            client(&["istio"]),
        ),
    ];
    let names = ["http1", "http2", "bare1", "bare2", "tcp"];
    let mut listeners = Vec::new();
    let mut addresses = Vec::new();
    for name in names {
        let address = free();
        let filter = if name == "tcp" {
            tcp_proxy(name)
        } else {
            manager(name, json!({}))
        };
        listeners.push(
            json!({ "name": name, "address": socket(address), "filter_chains": [{ "filters": [filter] }] }),
        );
        addresses.push(address);
    }
    let _envoy = Envoy::start(listeners, clusters, addresses[4]).await;

    for (name, address) in names.iter().zip(&addresses).take(4) {
        let mut sender = client::http1(TcpStream::connect(address).await.unwrap()).await;
        for size in [0, 10, 1 << 20] {
            sender.ready().await.unwrap();
            let body = Full::new(Bytes::from(vec![1; size]));
            let request = Request::post("/posts")
                .header("host", client::HOST)
                .body(body)
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            let (status, text) = (response.status(), client::text(response).await);
            assert_eq!(status, 200, "{name} {mtls:?} {detect}: {text}");
            assert!(
                text.starts_with(&format!("{size} By={SERVER};Hash=")),
                "{name}: {text}"
            );
            assert!(text.ends_with(&format!("URI={CLIENT}")), "{name}: {text}");
        }
    }
    let mut stream = TcpStream::connect(addresses[4]).await.unwrap();
    let mut greeting = [0; 16];
    stream.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello 127.0.0.6\n", "{mtls:?} {detect}");
    stream.write_all(b"ping").await.unwrap();
    let mut pong = [0; 4];
    stream.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"ping");
}

/// gRPC: both directions of a stream at the same time, and the status behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_go_to_a_sidecar_from_a_sidecar_and_through_a_gateway() {
    if without_envoy() {
        return;
    }
    let ca = Ca::new();
    let server = grpc::serve().await;
    let [to, from, through] = [free(), free(), free()];
    let mut inbound = snapshot::inbound();
    inbound.inbound[0].protocol = InboundProtocol::Detect;
    inbound.clusters.get_mut(snapshot::INBOUND).unwrap().http = HttpVersion::Http2;
    let inbound = Proxy::inbound(inbound, server).await.identify(&ca, SERVER);
    let tls = upstream(tls(
        &ca,
        CLIENT,
        &["istio-h2", "istio", "h2"],
        json!({ "exact": SERVER }),
    ));
    let clusters = vec![
        cluster("http", server, true, None),
        cluster("tcp", server, false, None),
        cluster("meshd", inbound.address, true, Some(tls)),
        cluster(
            "outbound_.80_._.forum.forum.svc.cluster.local",
            inbound.address,
            false,
            None,
        ),
    ];
    let caller = json!({ "name": "from", "address": socket(from),
        "filter_chains": [{ "filters": [manager("meshd", json!({}))] }] });
    let listeners = vec![sidecar(to, &ca), caller, gateway(through)];
    let _envoy = Envoy::start(listeners, clusters, through).await;
    let outbound = async |peer| {
        let mut snapshot = snapshot::outbound(peer);
        snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().http = HttpVersion::Http2;
        let proxy = Proxy::outbound(snapshot, support::service()).await;
        proxy.identify(&ca, CLIENT)
    };
    let (to_envoy, to_gateway) = (outbound(to).await, outbound(through).await);
    for (name, address) in [
        ("to a sidecar", to_envoy.address),
        ("from a sidecar", from),
        ("through a gateway", to_gateway.address),
    ] {
        let stream = TcpStream::connect(address).await.unwrap();
        let came = grpc::talk(stream, client::HOST, &["one", "two"]).await;
        assert_eq!(came, grpc::TALKED, "{name}");
        // HTTP/2 of a client that is no gRPC, too.
        let mut sender = client::http2(TcpStream::connect(address).await.unwrap()).await;
        let response = sender.send_request(client::get2("/")).await.unwrap();
        assert_eq!(response.status(), 200, "{name}");
    }
}
