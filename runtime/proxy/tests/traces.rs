//! Traces: passed on, begun, and told to collectors as Envoy tells them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::Incoming;
use mesh_wire::Snapshot;
use mesh_wire::cluster::{Discovery, Transport};
use mesh_wire::listener::MtlsMode;
use mesh_wire::route::PerMillion;
use mesh_wire::snapshot::{Tracing, TracingProvider};
use mesh_wire::telemetry::TraceTag;
use serde_json::{Value, json};
use support::envoy::{Envoy, cluster, free, manager, socket, without_envoy};
use support::protobuf::inside;
use support::{Proxy, backend, client, snapshot};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const COLLECTOR: &str = "outbound|9411||zipkin.istio-system.svc.cluster.local";
const TRACE: &str = "463ac35c9f6413ad48485a3953bb6124";
const PARENT: &str = "0020000000000001";

/// A collector that hands on what it is sent: path and body.
async fn collector(http2: bool) -> (SocketAddr, UnboundedReceiver<(String, Bytes)>) {
    let (sender, receiver) = unbounded_channel();
    let take = move |request: Request<Incoming>| {
        let sender = sender.clone();
        async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            sender.send((path, body)).unwrap();
            Response::builder()
                .status(if http2 { 200 } else { 202 })
                .body(Full::new(Bytes::new()))
                .unwrap()
        }
    };
    let address = if http2 {
        backend::http2(take).await
    } else {
        backend::http1(take).await
    };
    (address, receiver)
}

fn traced(provider: TracingProvider, collector: SocketAddr, sampling: u32) -> Snapshot {
    let mut told = snapshot::inbound();
    told.inbound[0].mtls = MtlsMode::Disable;
    let endpoints = vec![snapshot::endpoint(collector, 1, false)];
    let cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, endpoints);
    told.clusters.insert(COLLECTOR.to_owned(), cluster);
    let tags = BTreeMap::from([
        ("always".to_owned(), TraceTag::Literal("so".to_owned())),
        (
            "user".to_owned(),
            TraceTag::Header {
                name: "x-user".to_owned(),
                default: Some("nobody".to_owned()),
            },
        ),
        (
            "none".to_owned(),
            TraceTag::Header {
                name: "x-none".to_owned(),
                default: None,
            },
        ),
    ]);
    told.telemetry.as_mut().unwrap().tracing = Some(Tracing {
        cluster: COLLECTOR.to_owned(),
        provider,
        sampling: PerMillion(sampling),
        tags,
    });
    assert_eq!(mesh_proxy::unsupported(&told), Vec::<String>::new());
    told
}

fn request(headers: &[(&'static str, &str)]) -> Request<Empty<Bytes>> {
    let mut request = client::get("/posts?a=1");
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// What the application is told, by header.
async fn told(address: SocketAddr, request: Request<Empty<Bytes>>) -> BTreeMap<String, String> {
    let response = client::once(TcpStream::connect(address).await.unwrap(), request).await;
    assert_eq!(response.status(), 200);
    let text = client::text(response).await;
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

const B3: [(&str, &str); 4] = [
    ("x-b3-traceid", TRACE),
    ("x-b3-spanid", PARENT),
    ("x-b3-sampled", "1"),
    ("x-user", "alice"),
];

async fn next(spans: &mut UnboundedReceiver<(String, Bytes)>) -> (String, Bytes) {
    tokio::time::timeout(Duration::from_secs(20), spans.recv())
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn zipkin_hears_of_us_what_it_hears_of_envoy() {
    if without_envoy() {
        return;
    }
    let app = backend::http1(backend::told).await;
    let (collecting, mut spans) = collector(false).await;
    let proxy = Proxy::inbound(traced(TracingProvider::Zipkin, collecting, 1_000_000), app).await;
    tokio::spawn(mesh_proxy::tell_collectors(proxy.shared.clone()));
    let ours = told(proxy.address, request(&B3)).await;
    let (path, body) = next(&mut spans).await;
    assert_eq!(path, "/api/v2/spans");
    let ours_span = serde_json::from_slice::<Value>(&body).unwrap()[0].clone();

    let address = free();
    let tracing = json!({ "tracing": {
        "random_sampling": { "value": 100 },
        "custom_tags": [
            { "tag": "always", "literal": { "value": "so" } },
            { "tag": "user", "request_header": { "name": "x-user", "default_value": "nobody" } },
        ],
        "provider": { "name": "envoy.tracers.zipkin", "typed_config": {
            "@type": "type.googleapis.com/envoy.config.trace.v3.ZipkinConfig",
            "collector_cluster": "zipkin", "collector_endpoint": "/api/v2/spans",
            "collector_endpoint_version": "HTTP_JSON", "trace_id_128bit": true, "shared_span_context": false } } } });
    let mut listener = json!({ "name": "in", "address": socket(address),
        "filter_chains": [{ "filters": [manager(snapshot::INBOUND, tracing)] }] });
    listener["traffic_direction"] = "INBOUND".into();
    let clusters = vec![
        cluster(snapshot::INBOUND, app, false, None),
        cluster("zipkin", collecting, false, None),
    ];
    let _envoy = Envoy::start(vec![listener], clusters, address).await;
    let theirs = told(address, request(&B3)).await;
    let (_, body) = next(&mut spans).await;
    let theirs_span = serde_json::from_slice::<Value>(&body).unwrap()[0].clone();

    // The application gets the same headers, with IDs of its own.
    for headers in [&ours, &theirs] {
        assert_eq!(headers["x-b3-traceid"], TRACE);
        assert_eq!(headers["x-b3-parentspanid"], PARENT);
        assert_eq!(headers["x-b3-sampled"], "1");
        assert_eq!(headers["x-b3-spanid"].len(), 16);
        assert_eq!(&headers["x-request-id"][14..15], "9", "{headers:?}");
    }
    for (span, headers) in [(&ours_span, &ours), (&theirs_span, &theirs)] {
        assert_eq!(span["traceId"], TRACE);
        assert_eq!(span["parentId"], PARENT);
        assert_eq!(span["id"], headers["x-b3-spanid"], "{span}");
        assert_eq!(span["kind"], "SERVER");
    }
    let changing = [
        "guid:x-request-id",
        "node_id",
        "upstream_address",
        "http.url",
        "peer.address",
    ];
    // In every form that a caller may use, and where there is none.
    let single = format!("{TRACE}-{PARENT}-1");
    for said in [
        &[][..],
        &[("b3", single.as_str())],
        &[("b3", "0")],
        &[("x-b3-sampled", "0")],
        &[
            ("x-b3-flags", "1"),
            ("x-b3-traceid", TRACE),
            ("x-b3-spanid", PARENT),
        ],
    ] {
        let mut forms = Vec::new();
        for address in [proxy.address, address] {
            let headers = told(address, request(said)).await;
            let of_traces = headers
                .into_iter()
                .filter(|(name, _)| name.contains("b3") || name.contains("trace"));
            // New ones are made of chance; those that were there are not.
            let known = [TRACE, PARENT, &single];
            let form = of_traces.map(|(name, value)| {
                let value = if value.len() < 16 || known.contains(&value.as_str()) {
                    value
                } else {
                    format!("{} digits", value.len())
                };
                (name, value)
            });
            forms.push(form.collect::<BTreeMap<_, _>>());
        }
        assert_eq!(forms[0], forms[1], "{said:?}");
    }
    // A trace that W3C's header tells goes on; Envoy's Zipkin begins another one.
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = told(proxy.address, request(&[("traceparent", &parent)])).await;
    assert_eq!(
        (
            headers["x-b3-traceid"].as_str(),
            headers["x-b3-parentspanid"].as_str()
        ),
        (TRACE, PARENT)
    );
    let tags = |span: &Value| -> BTreeMap<String, String> {
        let tags = span["tags"].as_object().unwrap().iter();
        tags.filter(|(key, _)| !changing.contains(&key.as_str()) && !key.starts_with("istio."))
            .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
            .collect()
    };
    assert_eq!(tags(&ours_span), tags(&theirs_span));
}

#[tokio::test]
async fn opentelemetry_collectors_hear_of_requests_by_grpc() {
    let app = backend::http1(backend::told).await;
    let (collecting, mut spans) = collector(true).await;
    let proxy = Proxy::inbound(traced(TracingProvider::Otlp, collecting, 0), app).await;
    tokio::spawn(mesh_proxy::tell_collectors(proxy.shared.clone()));
    // Not sampled by anybody: only told on.
    let headers = told(proxy.address, request(&[])).await;
    assert!(headers["traceparent"].ends_with("-00"), "{headers:?}");
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let headers = told(
        proxy.address,
        request(&[("traceparent", &parent), ("tracestate", "a=b")]),
    )
    .await;
    assert!(
        headers["traceparent"].starts_with(&format!("00-{TRACE}-")),
        "{headers:?}"
    );
    assert_eq!(headers["tracestate"], "a=b");
    let (path, body) = next(&mut spans).await;
    assert_eq!(
        path,
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    );
    let (frame, message) = body.split_at(5);
    assert_eq!(
        frame,
        [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes()].concat()
    );
    let all = inside(message, &[1, 2, 2]);
    assert_eq!(all.len(), 1, "the one that is sampled");
    assert_eq!(
        inside(all[0], &[1]),
        [u128::from_str_radix(TRACE, 16).unwrap().to_be_bytes()]
    );
    assert_eq!(
        inside(all[0], &[4]),
        [u64::from_str_radix(PARENT, 16).unwrap().to_be_bytes()]
    );
    assert_eq!(
        inside(all[0], &[5]),
        [format!("{}:{}/*", client::HOST, app.port()).as_bytes()]
    );
    let keys: BTreeSet<&[u8]> = inside(all[0], &[9, 1]).into_iter().collect();
    for key in [
        "http.method",
        "http.status_code",
        "user",
        "always",
        "upstream_cluster",
    ] {
        assert!(keys.contains(key.as_bytes()), "{key}");
    }
    assert!(!keys.contains(&b"none"[..]));
    let resource: Vec<&[u8]> = inside(message, &[1, 1, 1, 2, 1]);
    assert!(resource.contains(&&b"forum.forum"[..]), "{resource:?}");
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_nobody_up() {
    let app = backend::http1(backend::told).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let collecting = silent.local_addr().unwrap();
    let proxy = Proxy::inbound(traced(TracingProvider::Zipkin, collecting, 1_000_000), app).await;
    tokio::spawn(mesh_proxy::tell_collectors(proxy.shared.clone()));
    let asking = async {
        let mut sender = client::http1(proxy.connect().await).await;
        // More than may wait.
        for _ in 0..5000 {
            sender.ready().await.unwrap();
            let response = sender.send_request(client::get("/")).await.unwrap();
            client::text(response).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking)
        .await
        .unwrap();
    let mut figures = String::new();
    proxy.shared.telemetry().encode(&mut figures);
    let lost = figures
        .lines()
        .find_map(|line| line.strip_prefix("meshd_spans_dropped_total "));
    let lost: u32 = lost.unwrap().parse().unwrap();
    assert!(lost > 0, "{figures}");
}
