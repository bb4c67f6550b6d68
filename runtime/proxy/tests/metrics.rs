//! What is changed of metrics, and which lines the log leaves out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use mesh_proxy::unsupported;
use mesh_wire::Snapshot;
use mesh_wire::listener::InboundProtocol;
use mesh_wire::telemetry::{MetricChange, MetricEdit, Side};
use support::{Mesh, Proxy, backend, client, grpc, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn tag(snapshot: &mut Snapshot, at: Option<Side>, name: &str, value: &str) {
    let change = MetricChange::Tag {
        name: name.to_owned(),
        value: value.to_owned(),
    };
    let telemetry = snapshot.telemetry.as_mut().unwrap();
    telemetry.metric_edits.push(MetricEdit {
        metric: None,
        at,
        change,
    });
    assert_eq!(unsupported(snapshot), Vec::<String>::new());
}

/// The first line of a metric, once it has `part`.
async fn line(proxy: &Proxy, name: &str, part: &str) -> String {
    let found = async {
        loop {
            let text = proxy.metrics();
            let line = text
                .lines()
                .find(|line| line.starts_with(name) && line.contains(part));
            if let Some(line) = line {
                return line.to_owned();
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), found)
        .await
        .unwrap_or_else(|_| panic!("no `{part}` in:\n{}", proxy.metrics()))
}

#[tokio::test]
async fn requests_have_labels_of_ones_own_until_they_are_taken_away() {
    let app = backend::http1(|_| async {
        http::Response::builder()
            .header("x-told", "yes")
            .body(http_body_util::Full::new(bytes::Bytes::from_static(b"hello")))
            .unwrap()
    })
    .await;
    let mesh = Mesh::of(
        app,
        |snapshot| {
            tag(snapshot, Some(Side::Client), "called", "upstream_peer.app");
            tag(snapshot, Some(Side::Server), "not_here", "'x'");
        },
        |snapshot| {
            tag(snapshot, Some(Side::Server), "host", "request.host");
            tag(
                snapshot,
                None,
                "user",
                "has(request.headers['x-user']) ? request.headers['x-user'] : 'nobody'",
            );
            tag(snapshot, None, "told", "response.headers['x-told']");
            tag(snapshot, None, "caller", "downstream_peer.workload");
            tag(snapshot, None, "bad", "response.code >= 400");
        },
    )
    .await;
    let mut request = client::get("/posts");
    request.headers_mut().insert("x-user", "ada".parse().unwrap());
    client::text(client::once(mesh.outbound.connect().await, request).await).await;
    let told = line(&mesh.inbound, "istio_requests_total", "user=\"ada\"").await;
    for part in [
        "host=\"forum.forum.svc.cluster.local\"",
        "told=\"yes\"",
        "caller=\"webapp\"",
        "bad=\"false\"",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let outside = line(&mesh.outbound, "istio_requests_total", "called=").await;
    assert!(!outside.contains("not_here"), "{outside}");

    // The same connection and the same endpoint, without them.
    let mut plain = (*mesh.inbound.shared.snapshot().unwrap()).clone();
    plain.telemetry.as_mut().unwrap().metric_edits.clear();
    mesh.inbound.shared.apply(plain).unwrap();
    client::text(client::once(mesh.outbound.connect().await, client::get("/")).await).await;
    let found = async {
        loop {
            let text = mesh.inbound.metrics();
            let own = |line: &&str| line.starts_with("istio_requests_total") && !line.contains("user=");
            if text.lines().any(|line| own(&line)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(5), found)
        .await
        .unwrap();
}

/// The labels of a sample.
fn labels(line: &str) -> std::collections::BTreeMap<&str, &str> {
    let (_, rest) = line.split_once('{').unwrap();
    let (inside, _) = rest.rsplit_once('}').unwrap();
    let pairs = inside.split("\",").map(|pair| pair.split_once("=\"").unwrap());
    pairs
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .collect()
}

/// Istio's `metrics.md`; both who calls and who is called tell all of it.
#[tokio::test]
async fn the_standard_metrics_have_all_of_istios_labels_on_both_sides() {
    let parts = [
        "workload",
        "workload_namespace",
        "principal",
        "app",
        "version",
        "canonical_service",
        "canonical_revision",
        "cluster",
    ];
    let sides = ["source", "destination"];
    let mut common: Vec<String> = sides
        .iter()
        .flat_map(|side| parts.iter().map(move |part| format!("{side}_{part}")))
        .collect();
    common.extend(
        [
            "reporter",
            "destination_service",
            "destination_service_name",
            "destination_service_namespace",
            "request_protocol",
            "response_flags",
            "connection_security_policy",
        ]
        .map(str::to_owned),
    );
    let requests = [
        &common[..],
        &["response_code".to_owned(), "grpc_response_status".to_owned()],
    ]
    .concat();
    let named = |snapshot: &mut Snapshot| {
        let service = snapshot::outbound(support::service()).clusters[snapshot::CLUSTER]
            .service
            .clone();
        snapshot.clusters.get_mut(snapshot::INBOUND).unwrap().service = service;
    };
    let http = Mesh::of(backend::http1(backend::told).await, |_| {}, named).await;
    client::text(client::once(http.outbound.connect().await, client::get("/")).await).await;
    let tcp = Mesh::of(backend::greeting().await, snapshot::tcp, |snapshot| {
        named(snapshot);
        snapshot.inbound[0].protocol = InboundProtocol::Tcp;
    })
    .await;
    let mut stream = tcp.outbound.connect().await;
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    for (mesh, wanted, names) in [
        (
            &http,
            &requests,
            &[
                "istio_requests_total",
                "istio_request_duration_milliseconds_sum",
                "istio_request_bytes_sum",
                "istio_response_bytes_sum",
            ],
        ),
        (
            &tcp,
            &common,
            &[
                "istio_tcp_connections_opened_total",
                "istio_tcp_connections_closed_total",
                "istio_tcp_sent_bytes_total",
                "istio_tcp_received_bytes_total",
            ],
        ),
    ] {
        let wanted: std::collections::BTreeSet<&str> = wanted.iter().map(String::as_str).collect();
        for (proxy, reporter) in [(&mesh.outbound, "source"), (&mesh.inbound, "destination")] {
            for name in names {
                let told = line(proxy, name, "destination_app=\"forum\"").await;
                let labels = labels(&told);
                let has: std::collections::BTreeSet<&str> = labels.keys().copied().collect();
                assert_eq!(has, wanted, "{name}");
                assert_eq!(labels["reporter"], reporter, "{name}");
                for (label, value) in [
                    ("source_workload", "webapp"),
                    ("source_workload_namespace", "forum"),
                    ("source_principal", support::CLIENT),
                    ("source_app", "webapp"),
                    ("source_cluster", "Kubernetes"),
                    ("destination_workload", "forum"),
                    ("destination_workload_namespace", "forum"),
                    ("destination_principal", support::SERVER),
                    ("destination_cluster", "Kubernetes"),
                    ("destination_service_namespace", "forum"),
                ] {
                    assert_eq!(labels[label], value, "{name} {reporter} {label}: {told}");
                }
                // Who is called knows how; who calls leaves it to that.
                let policy = if reporter == "source" {
                    "unknown"
                } else {
                    "mutual_tls"
                };
                assert_eq!(labels["connection_security_policy"], policy, "{name} {reporter}");
            }
        }
    }
}

#[tokio::test]
async fn messages_of_grpc_are_counted_while_their_stream_is_open() {
    let mesh = Mesh::of(grpc::serve().await, |_| {}, |_| {}).await;
    let mut sender = client::http2(mesh.outbound.connect().await).await;
    let (say, said) = tokio::sync::mpsc::channel(4);
    let request = http::Request::post(format!("http://{}/pkg.Service/Talk", client::HOST))
        .header("content-type", "application/grpc")
        .body(grpc::Messages(said))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    // Two messages, the second of which comes in two parts.
    for part in [&[0, 0, 0, 0, 3, 1, 2, 3, 0, 0][..], &[0, 0, 1, 7]] {
        say.send(bytes::Bytes::from_static(part)).await.unwrap();
    }
    for (proxy, reporter) in [(&mesh.outbound, "source"), (&mesh.inbound, "destination")] {
        for name in ["istio_request_messages_total", "istio_response_messages_total"] {
            let told = line(proxy, name, "} 2").await;
            assert!(told.contains(&format!("reporter=\"{reporter}\"")), "{told}");
            assert!(told.contains("source_workload=\"webapp\""), "{told}");
            for other in ["request_protocol", "response_code", "connection_security_policy"] {
                assert!(!told.contains(other), "{told}");
            }
        }
        assert!(!proxy.metrics().contains("istio_requests_total{"));
    }
    drop((say, response));
}

#[tokio::test]
async fn messages_have_labels_of_ones_own_or_are_not_counted() {
    let drop_responses = |snapshot: &mut Snapshot| {
        tag(snapshot, None, "caller", "downstream_peer.workload");
        let telemetry = snapshot.telemetry.as_mut().unwrap();
        telemetry.metric_edits.push(MetricEdit {
            metric: Some("GRPC_RESPONSE_MESSAGES".to_owned()),
            at: None,
            change: MetricChange::Drop,
        });
    };
    let mesh = Mesh::of(grpc::serve().await, |_| {}, drop_responses).await;
    let said = &["\0\0\0\0\u{3}one", "\0\0\0\0\u{3}two"];
    grpc::talk(mesh.outbound.connect().await, client::HOST, said).await;
    let told = line(&mesh.inbound, "istio_request_messages_total", "} 2").await;
    assert!(told.contains("caller=\"webapp\""), "{told}");
    assert!(!mesh.inbound.metrics().contains("istio_response_messages_total{"));
}

#[tokio::test]
async fn connections_have_them_too() {
    let app = backend::greeting().await;
    let mesh = Mesh::of(app, snapshot::tcp, |snapshot| {
        snapshot.inbound[0].protocol = InboundProtocol::Tcp;
        tag(snapshot, None, "to", "string(destination.port)");
        tag(snapshot, None, "who", "connection.uri_san_peer_certificate");
        tag(snapshot, None, "host", "request.host");
    })
    .await;
    let mut stream = mesh.outbound.connect().await;
    stream.write_all(b"hello").await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    let told = line(&mesh.inbound, "istio_tcp_connections_closed_total", "} 1").await;
    assert!(told.contains(&format!("who=\"{}\"", support::CLIENT)), "{told}");
    assert!(told.contains("host=\"unknown\""), "{told}");
    assert!(told.contains(&format!("to=\"{}\"", app.port())), "{told}");
}

#[tokio::test]
async fn the_log_tells_what_its_filter_is_true_of() {
    let app = backend::http1(backend::told).await;
    let mesh = Mesh::of(
        app,
        |_| {},
        |snapshot| {
            let telemetry = snapshot.telemetry.as_mut().unwrap();
            telemetry.access_log_options.filter =
                Some("request.url_path.startsWith('/told') || request.headers['x-tell'] == 'yes'".to_owned());
            assert_eq!(unsupported(snapshot), Vec::<String>::new());
        },
    )
    .await;
    for path in ["/quiet", "/told"] {
        client::text(client::once(mesh.outbound.connect().await, client::get(path)).await).await;
    }
    let mut request = client::get("/asked");
    request.headers_mut().insert("x-tell", "yes".parse().unwrap());
    client::text(client::once(mesh.outbound.connect().await, request).await).await;
    mesh.inbound.log.line("/told").await;
    mesh.inbound.log.line("/asked").await;
    assert!(!mesh.inbound.log.text().contains("/quiet"));
}

#[test]
fn what_is_no_expression_is_told() {
    let mut said = snapshot::inbound();
    let telemetry = said.telemetry.as_mut().unwrap();
    telemetry.access_log_options.filter = Some("response.code = 200".to_owned());
    telemetry.metric_edits.push(MetricEdit {
        metric: None,
        at: None,
        change: MetricChange::Tag {
            name: "host".to_owned(),
            value: "request.host | 'none'".to_owned(),
        },
    });
    let told = unsupported(&said);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter().any(|part| part.contains("CEL has no `|`")),
        "{told:?}"
    );
}
