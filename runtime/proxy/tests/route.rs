//! Where requests go, and what happens when nobody is there.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use mesh_wire::Millis;
use mesh_wire::Snapshot;
use mesh_wire::cluster::{Discovery, Outliers, Transport};
use mesh_wire::route::*;
use support::envoy::free;
use support::{Proxy, backend, client, snapshot};
use tokio::net::TcpListener;

/// A backend that says its name.
async fn named(name: &'static str) -> std::net::SocketAddr {
    backend::http1(move |_| async move { Response::new(Full::new(Bytes::from_static(name.as_bytes()))) })
        .await
}

/// An outbound proxy to plain endpoints.
fn plain(endpoints: &[(std::net::SocketAddr, u32)]) -> Snapshot {
    let mut snapshot = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    let endpoints = endpoints
        .iter()
        .map(|(address, weight)| snapshot::endpoint(*address, *weight, false))
        .collect();
    let cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, endpoints);
    snapshot.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    snapshot
}

fn only_route(snapshot: &mut Snapshot) -> &mut Route {
    &mut snapshot.routes.get_mut("80").unwrap().virtual_hosts[0].routes[0]
}

fn retry(on: &str, attempts: u32) -> Retry {
    Retry {
        on: on.split(',').map(str::to_owned).collect(),
        attempts,
        per_try_timeout: Millis(0),
        status_codes: Vec::new(),
        other_endpoint: true,
        host_selection_attempts: 5,
        ..Retry::default()
    }
}

async fn ask(proxy: &Proxy, path: &str) -> (StatusCode, String) {
    let response = client::once(proxy.connect().await, client::get(path)).await;
    (response.status(), client::text(response).await)
}

#[tokio::test]
async fn shares_are_near_the_weights() {
    let snapshot = plain(&[(named("a").await, 1), (named("b").await, 3)]);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut sender = client::http1(proxy.connect().await).await;
    let mut first = 0;
    for _ in 0..400 {
        sender.ready().await.unwrap();
        first += usize::from(client::text(sender.send_request(client::get("/")).await.unwrap()).await == "a");
    }
    assert!(
        (50..150).contains(&first),
        "{first} of 400 at a quarter of the weight"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_gone_costs_a_try_and_no_request() {
    let mut snapshot = plain(&[(free(), 1), (named("there").await, 1)]);
    let RouteAction::Forward(forward) = &mut only_route(&mut snapshot).action else {
        panic!()
    };
    forward.retry = Some(retry("connect-failure,refused-stream", 2));
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    for _ in 0..20 {
        assert_eq!(ask(&proxy, "/").await, (StatusCode::OK, "there".to_owned()));
    }
}

#[tokio::test]
async fn errors_are_tried_again_with_the_same_body() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let backend = backend::http1(move |request: Request<Incoming>| {
        let counter = counter.clone();
        async move {
            use http_body_util::BodyExt as _;
            let attempts = request.headers()["x-envoy-attempt-count"]
                .to_str()
                .unwrap()
                .to_owned();
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let status = if counter.fetch_add(1, Ordering::SeqCst) < 2 {
                503
            } else {
                200
            };
            let told = format!("{attempts}:{}", String::from_utf8_lossy(&body));
            Response::builder()
                .status(status)
                .body(Full::new(Bytes::from(told)))
                .unwrap()
        }
    })
    .await;
    let mut snapshot = plain(&[(backend, 1)]);
    let RouteAction::Forward(forward) = &mut only_route(&mut snapshot).action else {
        panic!()
    };
    forward.retry = Some(retry("5xx", 2));
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut sender = client::http1(proxy.connect().await).await;
    let request = Request::post("/")
        .header("host", client::HOST)
        .body(Full::new(Bytes::from_static(b"kept")))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(client::text(response).await, "3:kept");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_cannot_be_had_is_said_as_envoy_says_it() {
    let proxy = Proxy::outbound(plain(&[(free(), 1)]), support::service()).await;
    let (status, body) = ask(&proxy, "/unreachable").await;
    assert_eq!(status, 503);
    assert!(
        body.starts_with("upstream connect error or disconnect/reset before headers. reset reason:"),
        "{body}"
    );
    proxy
        .log
        .line("503 UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}")
        .await;

    let proxy = Proxy::outbound(plain(&[]), support::service()).await;
    assert_eq!(
        ask(&proxy, "/").await,
        (StatusCode::SERVICE_UNAVAILABLE, "no healthy upstream".to_owned())
    );
    proxy.log.line("503 UH no_healthy_upstream").await;

    let mut request = client::get("/");
    request.headers_mut().insert("host", "nowhere".parse().unwrap());
    assert_eq!(client::once(proxy.connect().await, request).await.status(), 404);
    proxy.log.line("404 NR route_not_found").await;
}

#[tokio::test]
async fn a_route_has_its_timeout() {
    let backend = backend::http1(|_| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Response::new(Full::new(Bytes::new()))
    })
    .await;
    let mut snapshot = plain(&[(backend, 1)]);
    let RouteAction::Forward(forward) = &mut only_route(&mut snapshot).action else {
        panic!()
    };
    forward.timeout = Millis(50);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    assert_eq!(
        ask(&proxy, "/").await,
        (StatusCode::GATEWAY_TIMEOUT, "upstream request timeout".to_owned())
    );
    proxy.log.line("504 UT response_timeout").await;
}

#[tokio::test]
async fn an_endpoint_that_fails_is_left_out() {
    let failing = backend::http1(|_| async {
        Response::builder()
            .status(500)
            .body(Full::new(Bytes::from_static(b"bad")))
            .unwrap()
    })
    .await;
    let mut snapshot = plain(&[(failing, 1), (named("good").await, 1)]);
    snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().outliers = Some(Outliers {
        consecutive_5xx: Some(3),
        consecutive_gateway: None,
        interval: Millis::from_secs(10),
        ejection: Millis::from_secs(30),
        max_percent: 100,
        consecutive_local: None,
        statuses: Vec::new(),
    });
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut bad = 0;
    for _ in 0..50 {
        bad += usize::from(ask(&proxy, "/").await.1 == "bad");
    }
    assert_eq!(bad, 3);
    let ejected = |proxy: &Proxy| {
        proxy
            .shared
            .report()
            .clusters
            .iter()
            .flat_map(|c| c.endpoints.clone())
            .filter(|e| e.ejected)
            .count()
    };
    assert_eq!(ejected(&proxy), 1);
    // Another snapshot with the same cluster forgets nothing.
    let mut again = (*proxy.shared.snapshot().unwrap()).clone();
    again.clusters.get_mut(snapshot::CLUSTER).unwrap().endpoints[0]
        .endpoints
        .push(snapshot::endpoint(free(), 1, false));
    proxy.shared.apply(again).unwrap();
    assert_eq!(ejected(&proxy), 1);
}

#[tokio::test]
async fn an_endpoint_that_never_answers_is_left_out() {
    let silent = backend::http1(|_| std::future::pending::<Response<Full<Bytes>>>()).await;
    let mut snapshot = plain(&[(silent, 1), (named("good").await, 1)]);
    let RouteAction::Forward(forward) = &mut only_route(&mut snapshot).action else {
        panic!()
    };
    forward.timeout = Millis(50);
    snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap().outliers = Some(Outliers {
        consecutive_5xx: None,
        consecutive_gateway: Some(2),
        interval: Millis::from_secs(10),
        ejection: Millis::from_secs(30),
        max_percent: 100,
        consecutive_local: None,
        statuses: Vec::new(),
    });
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut late = 0;
    for _ in 0..30 {
        late += usize::from(ask(&proxy, "/").await.0 == StatusCode::GATEWAY_TIMEOUT);
    }
    assert_eq!(late, 2);
    let line = proxy.log.line("504 UT response_timeout").await;
    assert!(line.contains(&silent.to_string()), "{line}");
}

#[tokio::test]
async fn paths_hosts_and_headers_are_rewritten() {
    let mut snapshot = plain(&[(backend::http1(backend::told).await, 1)]);
    let route = only_route(&mut snapshot);
    route.matches.path = PathMatch::Prefix("/search".to_owned());
    route
        .request_headers
        .set
        .insert("x-via".to_owned(), "mesh".to_owned());
    route.request_headers.remove.push("x-debug".to_owned());
    route
        .response_headers
        .add
        .insert("x-served-by".to_owned(), "forum".to_owned());
    let RouteAction::Forward(forward) = &mut route.action else {
        panic!()
    };
    forward.path_rewrite = Some(PathRewrite::Prefix("/v1/search".to_owned()));
    forward.host_rewrite = Some("other".to_owned());
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut request = client::get("/search/it?q=1");
    request.headers_mut().insert("x-debug", "1".parse().unwrap());
    let response = client::once(proxy.connect().await, request).await;
    assert_eq!(response.headers()["x-served-by"], "forum");
    let told = client::text(response).await;
    assert!(told.starts_with("GET /v1/search/it?q=1 HTTP/1.1\n"), "{told}");
    assert!(
        told.contains("host: other") && told.contains("x-via: mesh") && !told.contains("x-debug"),
        "{told}"
    );
}

#[tokio::test]
async fn some_requests_are_answered_here() {
    let mut snapshot = plain(&[]);
    let redirect = Redirect {
        status: 301,
        scheme: Some("https".to_owned()),
        host: None,
        port: Some(8443),
        path: None,
    };
    let mut first = snapshot::route(snapshot::forward(snapshot::CLUSTER));
    first.matches.path = PathMatch::Exact("/old".to_owned());
    first.action = RouteAction::Redirect(redirect);
    let routes = &mut snapshot.routes.get_mut("80").unwrap().virtual_hosts[0].routes;
    routes[0].action = RouteAction::Respond(DirectResponse {
        status: 418,
        body: "teapot".to_owned(),
    });
    routes.insert(0, first);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let response = client::once(proxy.connect().await, client::get("/old?x=1")).await;
    assert_eq!(response.status(), 301);
    assert_eq!(
        response.headers()["location"],
        format!("https://{}:8443/old?x=1", client::HOST)
    );
    assert_eq!(
        ask(&proxy, "/").await,
        (StatusCode::IM_A_TEAPOT, "teapot".to_owned())
    );
}

#[tokio::test]
async fn limits_hold() {
    let backend = backend::http1(|_| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Response::new(Full::new(Bytes::new()))
    })
    .await;
    let mut snapshot = plain(&[(backend, 1)]);
    snapshot
        .clusters
        .get_mut(snapshot::CLUSTER)
        .unwrap()
        .limits
        .requests = Some(1);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    let mut waiting = client::http1(proxy.connect().await).await;
    let pending = tokio::spawn(async move { waiting.send_request(client::get("/")).await });
    while proxy
        .shared
        .report()
        .clusters
        .iter()
        .all(|cluster| cluster.requests == 0)
    {
        tokio::task::yield_now().await;
    }
    let response = client::once(proxy.connect().await, client::get("/")).await;
    assert_eq!(
        (
            response.status(),
            response.headers().contains_key("x-envoy-overloaded")
        ),
        (StatusCode::SERVICE_UNAVAILABLE, true)
    );
    proxy.log.line("503 UO ").await;
    pending.abort();
}

#[tokio::test]
async fn a_bad_snapshot_changes_nothing() {
    let proxy = Proxy::outbound(plain(&[(named("there").await, 1)]), support::service()).await;
    let mut bad = (*proxy.shared.snapshot().unwrap()).clone();
    bad.clusters.remove(snapshot::CLUSTER);
    let refused = proxy.shared.apply(bad.clone()).unwrap_err().to_string();
    assert!(refused.contains(snapshot::CLUSTER), "{refused}");
    bad.clusters.insert(
        snapshot::CLUSTER.to_owned(),
        snapshot::cluster(
            Discovery::Listed,
            Transport::Plaintext,
            vec![mesh_wire::cluster::Endpoint {
                address: "no-address".to_owned(),
                port: 1,
                weight: 1,
                mtls: false,
                workload: None,
                labels: std::collections::BTreeMap::new(),
            }],
        ),
    );
    assert!(
        proxy
            .shared
            .apply(bad)
            .unwrap_err()
            .to_string()
            .contains("no-address")
    );
    assert_eq!(ask(&proxy, "/").await.1, "there");
}

#[tokio::test]
async fn a_new_snapshot_counts_for_connections_that_stand() {
    let proxy = Proxy::outbound(plain(&[(named("before").await, 1)]), support::service()).await;
    let mut sender = client::http1(proxy.connect().await).await;
    assert_eq!(
        client::text(sender.send_request(client::get("/")).await.unwrap()).await,
        "before"
    );
    proxy.shared.apply(plain(&[(named("after").await, 1)])).unwrap();
    sender.ready().await.unwrap();
    assert_eq!(
        client::text(sender.send_request(client::get("/")).await.unwrap()).await,
        "after"
    );
}

#[tokio::test]
async fn names_are_looked_up() {
    let backend = named("by name").await;
    let mut snapshot = plain(&[]);
    let cluster = snapshot.clusters.get_mut(snapshot::CLUSTER).unwrap();
    cluster.discovery = Discovery::StrictDns;
    let mut endpoint = snapshot::endpoint(backend, 1, false);
    endpoint.address = "localhost".to_owned();
    cluster.endpoints[0].endpoints.push(endpoint);
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    // `localhost` may have an IPv6 address too, at which nobody listens: it has its turns.
    let mut found = false;
    for _ in 0..20 {
        found |= ask(&proxy, "/").await.1 == "by name";
    }
    assert!(found);
}

#[tokio::test]
async fn unknown_destinations_go_where_the_snapshot_says() {
    let backend = backend::greeting().await;
    let mut snapshot = plain(&[]);
    snapshot.outbound_default = Some("PassthroughCluster".to_owned());
    let proxy = Proxy::outbound(snapshot, backend).await;
    let mut stream = proxy.connect().await;
    let mut greeting = [0; 5];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut greeting)
        .await
        .unwrap();
    let mut closed = (*proxy.shared.snapshot().unwrap()).clone();
    closed.outbound_default = Some("BlackHoleCluster".to_owned());
    proxy.shared.apply(closed).unwrap();
    let mut stream = proxy.connect().await;
    assert!(
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut greeting)
            .await
            .is_err()
    );
}

/// A backend on bytes that answers each request, and says when a connection begins and when it ends.
async fn watched() -> (
    std::net::SocketAddr,
    tokio::sync::mpsc::UnboundedReceiver<&'static str>,
) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (says, hears) = tokio::sync::mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let says = says.clone();
            tokio::spawn(async move {
                says.send("opened").unwrap();
                let mut bytes = [0; 4096];
                while let Ok(1..) = stream.read(&mut bytes).await {
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                        .await
                        .unwrap();
                }
                says.send("closed").unwrap();
            });
        }
    });
    (address, hears)
}

#[tokio::test]
async fn idle_connections_are_closed_and_busy_ones_end_their_life_on_time() {
    let (backend, mut hears) = watched().await;
    let mut snapshot = plain(&[(backend, 1)]);
    snapshot
        .clusters
        .get_mut(snapshot::CLUSTER)
        .unwrap()
        .limits
        .idle_timeout = Some(Millis(50));
    let proxy = Proxy::outbound(snapshot, support::service()).await;
    assert_eq!(ask(&proxy, "/").await.0, 200);
    assert_eq!(
        (hears.recv().await, hears.recv().await),
        (Some("opened"), Some("closed"))
    );

    let (backend, mut hears) = watched().await;
    let mut snapshot = plain(&[(backend, 1)]);
    snapshot
        .clusters
        .get_mut(snapshot::CLUSTER)
        .unwrap()
        .limits
        .requests_per_connection = Some(2);
    proxy.shared.apply(snapshot).unwrap();
    for _ in 0..4 {
        assert_eq!(ask(&proxy, "/").await.0, 200);
    }
    let mut heard = Vec::new();
    for _ in 0..4 {
        heard.push(hears.recv().await.unwrap());
    }
    heard.sort_unstable();
    assert_eq!(heard, ["closed", "closed", "opened", "opened"]);
}

#[tokio::test]
async fn requests_wait_for_the_only_connection_that_may_be() {
    let (backend, mut hears) = watched().await;
    let mut snapshot = plain(&[(backend, 1)]);
    snapshot
        .clusters
        .get_mut(snapshot::CLUSTER)
        .unwrap()
        .limits
        .connections = Some(1);
    let proxy = Arc::new(Proxy::outbound(snapshot, support::service()).await);
    let asking = (0..20).map(|_| {
        let proxy = proxy.clone();
        tokio::spawn(async move { ask(&proxy, "/").await.0 })
    });
    for task in asking.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), 200);
    }
    assert_eq!(hears.recv().await, Some("opened"));
    assert!(hears.try_recv().is_err(), "one connection served all");
}
