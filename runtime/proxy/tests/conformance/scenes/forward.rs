//! Tries, timeouts, limits, ejections, cross-origin requests.

use std::time::Duration;

use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, Limits, Outliers};
use mesh_wire::matcher::StringMatch;
use mesh_wire::route::{Cors, Forward, Retry, Route};

use super::prefix;
use crate::ask::{Ask, get};
use crate::plane::DataPlane;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

pub fn put(world: &mut World) {
    clusters(world);
    tries(world);
    timeouts(world);
    nobody(world);
    cors(world);
    ejected(world);
    limited(world);
}

fn clusters(world: &mut World) {
    let [(_, a), (_, b), (_, c)] = world.apps;
    world.cluster("all", &[a, b, c]).balance = Balance::RoundRobin;
    world.cluster("none", &[]);
    // Nothing listens on port 1.
    let gone = ([127, 0, 0, 1], 1).into();
    world.cluster("gone", &[gone]);
    world.cluster("half", &[gone, a]).balance = Balance::RoundRobin;
    let eject = Outliers {
        consecutive_5xx: Some(3),
        consecutive_gateway: None,
        interval: Millis::from_secs(3600),
        ejection: Millis::from_secs(3600),
        max_percent: 100,
        consecutive_local: None,
        statuses: Vec::new(),
    };
    for (name, outliers) in [
        ("eject", eject.clone()),
        (
            "gateway",
            Outliers {
                consecutive_5xx: None,
                consecutive_gateway: Some(3),
                ..eject
            },
        ),
    ] {
        let cluster = world.cluster(name, &[a, b]);
        (cluster.balance, cluster.outliers) = (Balance::RoundRobin, Some(outliers));
    }
    world.cluster("one", &[a]).limits = Limits {
        requests: Some(1),
        ..Limits::default()
    };
    world.cluster("queue", &[a]).limits = Limits {
        connections: Some(1),
        pending: Some(1),
        ..Limits::default()
    };
}

fn retry(on: &str, attempts: u32) -> Retry {
    Retry {
        on: on.split(',').map(str::to_owned).collect(),
        attempts,
        back_off: Millis(1),
        ..Retry::default()
    }
}

fn again(path: &str, cluster: &str, retry: Retry) -> Route {
    let mut forward: Forward = forward(cluster);
    forward.retry = Some(retry);
    prefix(path, forward)
}

fn tries(world: &mut World) {
    let mut codes = retry("retriable-status-codes", 2);
    codes.status_codes = vec![418, 429];
    let mut other = retry("5xx", 2);
    (other.other_endpoint, other.host_selection_attempts) = (true, 5);
    let mut slow = retry("5xx", 2);
    slow.per_try_timeout = Millis(60);
    world.host(
        "tries",
        vec![
            again("/5xx", "a", retry("5xx", 2)),
            again("/gateway", "a", retry("gateway-error", 2)),
            again("/codes", "a", codes),
            again("/4xx", "a", retry("retriable-4xx", 1)),
            again("/limited", "a", retry("envoy-ratelimited", 2)),
            again("/headers", "a", retry("retriable-headers", 2)),
            again("/reset", "a", retry("reset", 2)),
            again("/before", "a", retry("reset-before-request", 2)),
            again("/connect", "gone", retry("connect-failure", 2)),
            again("/half", "half", retry("connect-failure", 5)),
            again("/other", "all", other),
            again("/grpc", "a", retry("unavailable,cancelled", 2)),
            again("/slow", "a", slow),
            prefix("/", forward("a")),
        ],
    );
    let of = |path: &str| get("tries", path);
    let post = |ask: Ask| ask.method(http::Method::POST).body(100);
    let asks = vec![
        of("/5xx/ok"),
        of("/5xx/twice").told("first=2:503"),
        of("/5xx/always").told("first=9:500"),
        of("/5xx/not").told("first=1:404"),
        of("/5xx/post").told("first=1:503"),
        post(of("/5xx/body").told("first=1:503")),
        of("/5xx/break").told("first-break=1"),
        of("/5xx/breaks").told("break"),
        of("/gateway/not").told("first=1:500"),
        of("/gateway/502").told("first=1:502"),
        of("/codes/418").told("first=1:418"),
        of("/codes/503").told("first=1:503"),
        of("/4xx/409").told("first=1:409"),
        of("/4xx/404").told("first=1:404"),
        of("/limited").told("first=9:429;header=x-envoy-ratelimited:true"),
        of("/limited/not").told("first=1:429"),
        of("/limited/well").told("header=x-envoy-ratelimited:true"),
        of("/5xx/limited").told("first=9:503;header=x-envoy-ratelimited:true"),
        of("/headers").told("first=1:503;header=x-envoy-retriable:true"),
        of("/reset/break").told("first-break=1"),
        of("/reset/503").told("first=1:503"),
        of("/before/break").told("first-break=1"),
        of("/connect"),
        of("/grpc")
            .told("header=grpc-status:14")
            .http2()
            .with("content-type", "application/grpc"),
        of("/slow/once").told("first-sleep=1:400"),
        of("/slow/always").told("sleep=400"),
        of("/none/503").told("first=1:503"),
        of("/none/break").told("break"),
        of("/none/asked")
            .told("first=1:503")
            .with("x-envoy-retry-on", "5xx")
            .with("x-envoy-max-retries", "3"),
        of("/none/timeout")
            .with("x-envoy-upstream-rq-timeout-ms", "1")
            .told("sleep=30"),
    ];
    world.asks("tries", asks);
    world.scene("halves", |plane, world| {
        Box::pin(statuses(plane, world, get("tries", "/half"), 6))
    });
}

fn timeouts(world: &mut World) {
    let with = |path: &str, millis, retry| {
        let mut forward = forward("a");
        (forward.timeout, forward.retry) = (Millis(millis), retry);
        prefix(path, forward)
    };
    world.host(
        "timeouts",
        vec![
            with("/short", 80, None),
            with("/again", 150, Some(retry("5xx", 5))),
            with("/long", 15_000, None),
        ],
    );
    let of = |path: &str| get("timeouts", path);
    let grpc = |ask: Ask| {
        ask.http2()
            .with("content-type", "application/grpc")
            .with("te", "trailers")
    };
    let asks = vec![
        of("/short").told("sleep=400").at_least(Duration::from_millis(75)),
        of("/short/ok"),
        of("/again").told("sleep=400"),
        of("/long"),
        grpc(of("/short/grpc").told("sleep=400")),
        grpc(of("/long/grpc").with("grpc-timeout", "50m").told("sleep=400")),
    ];
    world.asks("timeouts", asks);
}

fn nobody(world: &mut World) {
    world.host(
        "nobody",
        vec![
            prefix("/none", forward("none")),
            prefix("/gone", forward("gone")),
            prefix("/hole", forward("BlackHoleCluster")),
        ],
    );
    let of = |path: &str| get("nobody", path);
    let grpc = |ask: Ask| ask.http2().with("content-type", "application/grpc");
    let asks = vec![
        of("/none"),
        of("/gone"),
        of("/hole"),
        grpc(of("/none").label("/none gRPC")),
        grpc(of("/nowhere").label("/nowhere gRPC")),
        of("/none").http2().label("/none HTTP/2"),
    ];
    world.asks("nobody", asks);
}

fn cors(world: &mut World) {
    let policy = Cors {
        allow_origins: vec![
            StringMatch::Exact("https://a.test".to_owned()),
            StringMatch::Regex("https://[a-z]+\\.b\\.test".to_owned()),
        ],
        allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
        allow_headers: vec!["x-a".to_owned(), "x-b".to_owned()],
        expose_headers: vec!["x-c".to_owned()],
        max_age: Some(Millis::from_secs(60)),
        allow_credentials: true,
        forward_unmatched_preflights: false,
    };
    let with = |path: &str, cors: Cors| {
        let mut route = prefix(path, forward("a"));
        route.cors = Some(cors);
        route
    };
    let forwarding = Cors {
        forward_unmatched_preflights: true,
        allow_credentials: false,
        expose_headers: Vec::new(),
        ..policy.clone()
    };
    world.host("cors", vec![with("/forward", forwarding), with("/", policy)]);
    let of = |path: &str| get("cors", path);
    let preflight = |ask: Ask| {
        ask.method(http::Method::OPTIONS)
            .with("access-control-request-method", "GET")
    };
    let mut asks = Vec::new();
    for path in ["/", "/forward"] {
        for origin in ["https://a.test", "https://x.b.test", "https://c.test"] {
            let ask = |label: &str| {
                of(path)
                    .with("origin", origin)
                    .label(&format!("{path} {label} {origin}"))
            };
            asks.push(ask("from"));
            asks.push(preflight(ask("preflight from")));
        }
    }
    asks.push(
        of("/")
            .told("header=access-control-allow-origin:app")
            .with("origin", "https://a.test")
            .label("own header"),
    );
    asks.push(
        of("/")
            .method(http::Method::OPTIONS)
            .with("origin", "https://a.test")
            .label("OPTIONS"),
    );
    world.asks("cors", asks);
}

/// How many of `count` requests come back with each status.
async fn statuses(plane: &dyn DataPlane, world: &World, ask: Ask, count: usize) -> Came {
    let mut found = std::collections::BTreeMap::<String, usize>::new();
    for number in 0..count {
        let came = ask.of(plane, world, &format!("{}-{number}", ask.label)).await;
        let status = came.into_iter().find(|(what, _)| what == "status").unwrap().1;
        *found.entry(status).or_default() += 1;
    }
    vec![(format!("{} statuses of {count}", ask.label), format!("{found:?}"))]
}

fn ejected(world: &mut World) {
    world.host(
        "ejected",
        vec![
            prefix("/5xx", forward("eject")),
            prefix("/gateway", forward("gateway")),
        ],
    );
    world.scene("ejected", |plane, world| {
        Box::pin(async move {
            let mut came = statuses(plane, world, get("ejected", "/5xx").told("at=a:500"), 12).await;
            let ask = get("ejected", "/gateway").told("at=a:500").label("/gateway 500");
            came.extend(statuses(plane, world, ask, 12).await);
            let ask = get("ejected", "/gateway").told("at=a:502").label("/gateway 502");
            came.extend(statuses(plane, world, ask, 12).await);
            came
        })
    });
}

fn limited(world: &mut World) {
    world.host(
        "limited",
        vec![prefix("/one", forward("one")), prefix("/queue", forward("queue"))],
    );
    world.scene("limited", |plane, world| {
        Box::pin(async move {
            let first = get("limited", "/one").told("sleep=300").label("/one first");
            let key = "limited-one";
            let slow = first.of(plane, world, key);
            let second = async {
                world.tried(plane, key).await;
                get("limited", "/one")
                    .label("/one second")
                    .of(plane, world, "limited-second")
                    .await
            };
            let (slow, second) = tokio::join!(slow, second);
            let mut came: Came = slow.into_iter().filter(|(what, _)| what == "status").collect();
            came.extend(
                second
                    .into_iter()
                    .map(|(what, value)| (format!("second {what}"), value)),
            );
            // One is served, one waits, and the third is too many.
            let slow = get("limited", "/queue").told("sleep=300");
            let third = async {
                world.tried(plane, "queue-1").await;
                let waits = slow.of(plane, world, "queue-2");
                let over = async {
                    tokio::task::yield_now().await;
                    world.waiting().await;
                    get("limited", "/queue").of(plane, world, "queue-3").await
                };
                tokio::join!(waits, over)
            };
            let (first, (waits, over)) = tokio::join!(slow.of(plane, world, "queue-1"), third);
            for (name, seen) in [("served", first), ("waiting", waits)] {
                came.extend(
                    seen.into_iter()
                        .filter(|(what, _)| what == "status")
                        .map(|(_, value)| (format!("{name} status"), value)),
                );
            }
            came.extend(
                over.into_iter()
                    .map(|(what, value)| (format!("third {what}"), value)),
            );
            came
        })
    });
}
