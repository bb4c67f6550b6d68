//! What is no request, or a strange one: TCP, TLS by its name, upgrades, 100-continue, trailers, bad requests.

use std::net::SocketAddr;

use mesh_wire::Millis;
use mesh_wire::cluster::OfBytes;
use mesh_wire::listener::{InboundProtocol, MtlsMode, OutboundListener, OutboundProtocol, SniRoute};
use mesh_wire::route::{HeaderEdits, WeightedCluster};

use super::prefix;
use crate::ask::get;
use crate::plane::Way;
use crate::raw;
use crate::support::snapshot::forward;
use crate::world::World;

pub async fn put(world: &mut World) {
    tcp(world).await;
    strange(world);
    grpc(world);
}

fn share(cluster: &str) -> Vec<WeightedCluster> {
    vec![WeightedCluster {
        cluster: cluster.to_owned(),
        weight: 1,
        request_headers: HeaderEdits::default(),
        response_headers: HeaderEdits::default(),
    }]
}

/// The first message of a TLS client that asks for `sni`.
fn hello(sni: &str) -> Vec<u8> {
    let config =
        rustls::ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
    let name = sni.to_owned().try_into().unwrap();
    let mut client = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

async fn tcp(world: &mut World) {
    let (echo, greeting) = (raw::echo().await, crate::support::backend::greeting().await);
    world.cluster("echo", &[echo]);
    world.cluster("greeting", &[greeting]);
    let listener = |port, protocol| OutboundListener {
        name: format!("0.0.0.0_{port}"),
        addresses: Vec::new(),
        port,
        protocol,
    };
    let plain = |cluster: &str| OutboundProtocol::Tcp {
        clusters: share(cluster),
        routes: Vec::new(),
    };
    let route = |sni: &str, cluster: &str| SniRoute {
        sni: vec![sni.to_owned()],
        addresses: Vec::new(),
        clusters: share(cluster),
    };
    let tls = OutboundProtocol::Tls {
        routes: vec![
            route("a.test", "echo"),
            route("*.b.test", "echo"),
            route("none.test", "none"),
        ],
        otherwise: "BlackHoleCluster".to_owned(),
    };
    let mixed = OutboundProtocol::Http {
        routes: "80".to_owned(),
        otherwise: "echo".to_owned(),
    };
    world.snapshot.outbound.extend([
        listener(3306, plain("greeting")),
        listener(3307, plain("gone")),
        listener(3308, plain("none")),
        listener(443, tls),
        listener(8080, mixed),
    ]);
    // Silent for longer than one bound, and not as long as the other.
    let (short, long) = (Some(Millis(100)), Some(Millis::from_secs(60)));
    for (port, name, idle, bytes) in [
        (3341, "short bytes", long, short),
        (3342, "short requests", short, long),
        (3343, "short both", short, None),
        (3344, "short requests alone", short, Some(Millis::from_secs(3600))),
    ] {
        let limits = &mut world.cluster(name, &[echo]).limits;
        limits.idle_timeout = idle;
        limits.bytes = bytes.map(|_| OfBytes {
            idle_timeout: bytes,
            connection_age: None,
        });
        world.snapshot.outbound.push(listener(port, plain(name)));
    }
    world.snapshot.outbound_default = Some("PassthroughCluster".to_owned());
    let inward = raw::echo().await;
    world.inbound(inward.port(), InboundProtocol::Detect, MtlsMode::Disable);
    world.scene("bytes", move |plane, _| {
        Box::pin(async move {
            let to = |port: u16| SocketAddr::from(([10, 96, 1, 20], port));
            let mut came = Vec::new();
            for (label, to, bytes) in [
                ("server first", to(3306), b"ping".to_vec()),
                ("nobody there", to(3307), b"ping".to_vec()),
                ("no endpoint", to(3308), b"ping".to_vec()),
                ("SNI exact", to(443), hello("a.test")),
                ("SNI upper case", to(443), hello("A.test")),
                ("SNI suffix", to(443), hello("x.y.b.test")),
                ("SNI of the suffix itself", to(443), hello("b.test")),
                ("SNI without endpoint", to(443), hello("none.test")),
                ("SNI unknown", to(443), hello("c.test")),
                ("no TLS", to(443), b"no hello\r\n".to_vec()),
                (
                    "no HTTP",
                    to(8080),
                    b"\x01\x02\x03\x04 no request\r\n\r\n".to_vec(),
                ),
                ("unknown port", inward, b"ping".to_vec()),
                ("bytes silent for too long", to(3341), b"ping".to_vec()),
                ("silent, not for too long", to(3342), b"ping".to_vec()),
                ("silent for too long", to(3343), b"ping".to_vec()),
                ("silent for less than an hour", to(3344), b"ping".to_vec()),
            ] {
                let seen = raw::said(plane, Way::Out, to, label, &bytes).await;
                came.extend(seen.into_iter().map(|(what, value)| {
                    // The hello is made of chance.
                    let made = what.ends_with("answer") && label.starts_with("SNI");
                    (
                        what,
                        if made {
                            (!value.is_empty()).to_string()
                        } else {
                            value
                        },
                    )
                }));
            }
            came.extend(raw::said(plane, Way::In, inward, "inward bytes", b"\x01\x02 ping\r\n\r\n").await);
            came
        })
    });
}

fn strange(world: &mut World) {
    world.host("strange", vec![prefix("/", forward("a"))]);
    let head = "Host: strange.test\r\nx-key: strange\r\n";
    let requests: Vec<(&'static str, String)> = vec![
        (
            "two lengths",
            format!("POST / HTTP/1.1\r\n{head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ),
        (
            "length and chunks",
            format!(
                "POST / HTTP/1.1\r\n{head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
        ),
        (
            "strange coding",
            format!("POST / HTTP/1.1\r\n{head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ),
        (
            "bad chunk",
            format!("POST / HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"),
        ),
        ("no host", "GET / HTTP/1.1\r\nx-key: strange\r\n\r\n".to_owned()),
        (
            "two hosts",
            format!("GET / HTTP/1.1\r\n{head}Host: other.test\r\n\r\n"),
        ),
        ("bad name", format!("GET / HTTP/1.1\r\n{head}bad name: 1\r\n\r\n")),
        ("folded", format!("GET / HTTP/1.1\r\n{head}x-a: 1\r\n 2\r\n\r\n")),
        ("no method", "/ HTTP/1.1\r\n\r\n".to_owned()),
        ("HTTP/1.0", format!("GET / HTTP/1.0\r\n{head}\r\n")),
        (
            "CONNECT",
            format!("CONNECT strange.test:80 HTTP/1.1\r\n{head}\r\n"),
        ),
        (
            "no upgrade of ours",
            format!(
                "GET / HTTP/1.1\r\n{head}Connection: upgrade\r\nUpgrade: foo\r\nx-do: status=200\r\n\r\n"
            ),
        ),
    ];
    world.scene("strange", move |plane, _| {
        let requests = requests.clone();
        Box::pin(async move {
            let mut came = Vec::new();
            for (label, request) in requests {
                let to = ([10, 96, 1, 10], 80).into();
                let seen = raw::exchanged(plane.dial(Way::Out, to).await, label, request.as_bytes()).await;
                // The words of refusals are their own, and who closes when depends on what is still to come.
                for (what, value) in seen.into_iter().filter(|(what, _)| what.ends_with("answer")) {
                    let status = value.split(' ').take(2).collect::<Vec<_>>().join(" ");
                    came.push((what, status));
                }
            }
            came
        })
    });
    world.scene("upgrades", move |plane, _| {
        Box::pin(async move {
            let to = ([10, 96, 1, 10], 80).into();
            let mut came = Vec::new();
            let socket =
                format!("GET /socket HTTP/1.1\r\n{head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
            came.extend(
                raw::talk(
                    plane,
                    to,
                    "WebSocket",
                    &[(&socket, "\r\n\r\n"), ("ping", "ping"), ("pong", "pong")],
                )
                .await,
            );
            let expects =
                format!("POST /continue HTTP/1.1\r\n{head}Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
            came.extend(
                raw::talk(
                    plane,
                    to,
                    "100-continue",
                    &[(&expects, "100 Continue\r\n\r\n"), ("body", "received: 4")],
                )
                .await,
            );
            came
        })
    });
}

fn grpc(world: &mut World) {
    let [(_, a), ..] = world.apps;
    world.cluster("h2", &[a]).http = mesh_wire::cluster::HttpVersion::Http2;
    world.host(
        "grpc",
        vec![prefix("/h2", forward("h2")), prefix("/", forward("a"))],
    );
    let of = |path: &str| {
        let ask = get("grpc", path).http2().method(http::Method::POST).body(20);
        ask.with("content-type", "application/grpc")
            .with("te", "trailers")
    };
    let asks = vec![
        of("/pkg.Service/Ok").told("body=10;trailer=grpc-status:0"),
        of("/h2/Ok").told("body=10;trailer=grpc-status:0;trailer=x-more:1"),
        of("/pkg.Service/Bad").told("body=10;trailer=grpc-status:5;trailer=grpc-message:gone"),
        of("/pkg.Service/Only").told("body=0;header=grpc-status:7"),
        of("/pkg.Service/Http").told("status=503"),
        get("grpc", "/h2/plain").label("HTTP/1 to HTTP/2"),
        get("grpc", "/h2/break").told("break").label("HTTP/2 broken off"),
    ];
    world.asks("grpc", asks);
}
