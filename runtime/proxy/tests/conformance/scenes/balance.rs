//! Who is asked: shares, hashes, versions, places, and what is done where endpoints are ill.

use std::net::SocketAddr;

use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, Cluster, LocalityEndpoints, LocalityPolicy, Outliers};
use mesh_wire::cluster::{Failover, Locality};
use mesh_wire::matcher::{HeaderMatch, StringMatch};
use mesh_wire::route::{HashPolicy, Route, WeightedCluster};

use super::prefix;
use crate::bulk;
use crate::support::snapshot::{endpoint, forward};
use crate::world::{Came, World};

pub fn put(world: &mut World) {
    shares(world);
    hashes(world);
    versions(world);
    places(world);
    ill(world);
}

fn by(cluster: &str, weight: u32) -> WeightedCluster {
    WeightedCluster {
        weight,
        ..forward(cluster).clusters.remove(0)
    }
}

/// Bounds are five standard deviations wide.
fn shares(world: &mut World) {
    let [(_, a), (_, b), (_, c)] = world.apps;
    for (name, address) in [("share-a", a), ("share-b", b), ("share-c", c)] {
        world.cluster(name, &[address]);
    }
    let heavy = vec![endpoint(a, 3, false), endpoint(b, 1, false)];
    for (name, balance) in [
        ("heavy-turns", Balance::RoundRobin),
        ("heavy-drawn", Balance::Random),
        ("heavy-least", Balance::LeastRequest),
    ] {
        let cluster = world.cluster(name, &[]);
        (cluster.endpoints[0].endpoints, cluster.balance) = (heavy.clone(), balance);
    }
    let mut split = forward("share-a");
    split.clusters = vec![by("share-a", 80), by("share-b", 20), by("share-c", 0)];
    world.host(
        "shares",
        vec![
            prefix("/split", split),
            prefix("/turns", forward("heavy-turns")),
            prefix("/drawn", forward("heavy-drawn")),
            prefix("/least", forward("heavy-least")),
        ],
    );
    world.scene("shares", |plane, _| {
        Box::pin(async move {
            let ask = async |path: &str, count| bulk::ask(plane, "shares", path, count, |_| Vec::new()).await;
            let mut came = ask("/split", 400)
                .await
                .within("80 to 20", &[("a", 280..=360), ("b", 40..=120)]);
            came.extend(
                ask("/turns", 80)
                    .await
                    .within("3 to 1, in turn", &[("a", 59..=61), ("b", 19..=21)]),
            );
            came.extend(
                ask("/drawn", 400)
                    .await
                    .within("3 to 1, drawn", &[("a", 150..=250), ("b", 150..=250)]),
            );
            came.extend(
                ask("/least", 400)
                    .await
                    .within("3 to 1, least", &[("a", 257..=343), ("b", 57..=143)]),
            );
            came
        })
    });
}

fn hashes(world: &mut World) {
    let apps = world.apps.map(|(_, address)| address);
    let kinds = [
        ("ring", Balance::RingHash { minimum_size: 1024 }),
        ("table", Balance::Maglev { table_size: 65_537 }),
    ];
    let mut routes = Vec::new();
    for (name, balance) in kinds {
        world.cluster(name, &apps).balance = balance;
        for (kind, policy) in [
            ("header", HashPolicy::Header("x-user".to_owned())),
            ("query", HashPolicy::Query("user".to_owned())),
            (
                "cookie",
                HashPolicy::Cookie {
                    name: "user".to_owned(),
                    path: None,
                    ttl: None,
                },
            ),
        ] {
            let mut to = forward(name);
            to.hash = vec![policy];
            routes.push(prefix(&format!("/{name}/{kind}"), to));
        }
    }
    world.host("hashes", routes);
    world.scene("hashes", |plane, _| {
        Box::pin(async move {
            let mut came = Came::new();
            for name in ["ring", "table"] {
                let told = |number: usize| vec![("x-user", format!("user-{number}"))];
                let path = format!("/{name}/header");
                came.extend(bulk::ask(plane, "hashes", &path, 16, told).await.each(&path));
                let path = format!("/{name}/query?user=grace");
                came.extend(
                    bulk::ask(plane, "hashes", &path, 3, |_| Vec::new())
                        .await
                        .each(&path),
                );
                let told = |number: usize| vec![("cookie", format!("other=1; user=user-{number}"))];
                let path = format!("/{name}/cookie");
                came.extend(bulk::ask(plane, "hashes", &path, 8, told).await.each(&path));
            }
            came
        })
    });
}

/// Istio's subsets: a cluster a version, chosen by a header.
fn versions(world: &mut World) {
    let [(_, a), (_, b), (_, c)] = world.apps;
    let name = |version: &str| format!("outbound|80|{version}|versions.test");
    world.cluster(&name("v1"), &[a]);
    world.cluster(&name("v2"), &[b]);
    world.cluster(&name(""), &[c]);
    world.cluster(&name("v3"), &[]);
    let mut routes: Vec<Route> = Vec::new();
    for version in ["v1", "v2", "v3"] {
        let mut route = prefix("/", forward(&name(version)));
        route.matches.headers = vec![HeaderMatch {
            name: "x-version".to_owned(),
            value: Some(StringMatch::Exact(version.to_owned())),
            invert: false,
        }];
        routes.push(route);
    }
    routes.push(prefix("/", forward(&name(""))));
    world.host("versions", routes);
    let of = |version: &str| {
        crate::ask::get("versions", "/")
            .with("x-version", version)
            .label(version)
    };
    world.asks("versions", vec![of("v1"), of("v2"), of("v3"), of("v4")]);
}

fn at(region: &str, zone: &str, address: SocketAddr) -> LocalityEndpoints {
    LocalityEndpoints {
        locality: Locality {
            region: region.to_owned(),
            zone: zone.to_owned(),
            subzone: String::new(),
        },
        priority: 0,
        endpoints: vec![endpoint(address, 1, false)],
    }
}

/// After `after` failures, for good.
fn eject(after: u32) -> Outliers {
    Outliers {
        consecutive_5xx: Some(after),
        consecutive_gateway: None,
        interval: Millis::from_secs(3600),
        ejection: Millis::from_secs(3600),
        max_percent: 100,
        consecutive_local: None,
        statuses: Vec::new(),
    }
}

fn placed<'w>(
    world: &'w mut World,
    name: &str,
    locality: LocalityPolicy,
    endpoints: &[LocalityEndpoints],
) -> &'w mut Cluster {
    let cluster = world.cluster(name, &[]);
    (cluster.endpoints, cluster.locality) = (endpoints.to_vec(), locality);
    cluster.balance = Balance::RoundRobin;
    cluster
}

fn ejecting<'w>(
    world: &'w mut World,
    name: &str,
    endpoints: &[SocketAddr],
    outliers: Outliers,
) -> &'w mut Cluster {
    let cluster = world.cluster(name, endpoints);
    (cluster.balance, cluster.outliers) = (Balance::RoundRobin, Some(outliers));
    cluster
}

fn places(world: &mut World) {
    let [(_, a), (_, b), (_, c)] = world.apps;
    let own = &mut world.snapshot.node.as_mut().unwrap().locality;
    (own.region, own.zone) = ("r1".to_owned(), "z1".to_owned());
    let all = vec![at("r2", "z1", c), at("r1", "z2", b), at("r1", "z1", a)];
    placed(world, "nearest", LocalityPolicy::Nearest, &all).outliers = Some(eject(2));
    let regions = [("r1".to_owned(), "r3".to_owned())].into();
    let over = LocalityPolicy::Failover(Failover {
        regions,
        labels: Vec::new(),
    });
    placed(
        world,
        "over",
        over,
        &[at("r2", "z1", b), at("r3", "z1", c), at("r1", "z1", a)],
    )
    .outliers = Some(eject(2));
    let to = [("r1/z1/*".to_owned(), 70), ("r2/*".to_owned(), 30)].into();
    let shares = [("r1/z1/*".to_owned(), to)].into();
    placed(world, "distributed", LocalityPolicy::Distribute(shares), &all);
    let mut both = at("r1", "z1", a);
    both.endpoints.push(endpoint(b, 1, false));
    placed(
        world,
        "half-near",
        LocalityPolicy::Nearest,
        &[both, at("r2", "z1", c)],
    )
    .outliers = Some(eject(2));
    let names = ["nearest", "over", "distributed", "half-near"];
    let routes = names.map(|name| prefix(&format!("/{name}"), forward(name)));
    world.host("places", routes.into());
    world.scene("places", |plane, _| {
        Box::pin(async move {
            let ask = async |path: &str, count, told: &'static str| {
                let told = move |_| vec![("x-do", told.to_owned())];
                bulk::ask(plane, "places", path, count, told).await
            };
            let settled = async |path: &str, told: &'static str, label: &str| {
                bulk::settled(plane, "places", path, told, |answers| answers.all_good())
                    .await
                    .kinds(label)
            };
            let mut came = ask("/nearest", 6, "").await.each("near");
            // Two failures eject the nearest; then two the next.
            came.extend(settled("/nearest", "at=a:503", "the nearest failed").await);
            came.extend(settled("/nearest", "at=b:503", "the next failed").await);
            came.extend(settled("/over", "at=a:503", "another region took over").await);
            let shares = [("a", 214..=346), ("c", 54..=186)];
            came.extend(ask("/distributed", 400, "").await.within("70 to 30", &shares));
            // Half of those that are near are ill: 140 % of a half goes there, what is left goes on.
            let _ejected = settled("/half-near", "at=a:503", "").await;
            let shares = [("b", 228..=332), ("c", 68..=172)];
            came.extend(ask("/half-near", 400, "").await.within("half are ill", &shares));
            came
        })
    });
}

/// Below the threshold of healthy endpoints all are asked.
fn ill(world: &mut World) {
    let [(_, a), (_, b), (_, c)] = world.apps;
    let gone = ([127, 0, 0, 1], 1).into();
    ejecting(world, "panics", &[a, b], eject(2)).panic_threshold = 60;
    ejecting(world, "calm", &[a, b, c], eject(2)).panic_threshold = 60;
    let local = Outliers {
        consecutive_local: Some(2),
        ..eject(100)
    };
    ejecting(world, "local", &[gone, a], local);
    let both = Outliers {
        consecutive_local: None,
        ..eject(2)
    };
    ejecting(world, "together", &[gone, a], both);
    let few = Outliers {
        max_percent: 40,
        ..eject(2)
    };
    ejecting(world, "few", &[a, b, c], few);
    let none = Outliers {
        max_percent: 0,
        ..eject(2)
    };
    ejecting(world, "none-at-all", &[a, b], none);
    let statuses = Outliers {
        statuses: vec![429, 500],
        ..eject(2)
    };
    ejecting(world, "statuses", &[a, b], statuses);
    let back = Outliers {
        interval: Millis(50),
        ejection: Millis(200),
        ..eject(2)
    };
    ejecting(world, "back", &[a, b], back);
    let names = [
        "panics",
        "calm",
        "local",
        "together",
        "few",
        "none-at-all",
        "statuses",
        "back",
    ];
    world.host(
        "ill",
        names
            .map(|name| prefix(&format!("/{name}"), forward(name)))
            .into(),
    );
    world.scene("ill", |plane, _| {
        Box::pin(async move {
            let ask = async |path: &str, count, told: &'static str| {
                let told = move |_| vec![("x-do", told.to_owned())];
                bulk::ask(plane, "ill", path, count, told).await
            };
            let mut came = ask("/none-at-all", 24, "at=a:500").await.sums("/none-at-all");
            for (path, told) in [
                ("/local", ""),
                ("/together", ""),
                ("/statuses", "at=a:429"),
                ("/calm", "at=a:500"),
                ("/back", "at=a:500"),
            ] {
                let settled = bulk::settled(plane, "ill", path, told, |answers| answers.all_good());
                came.extend(settled.await.kinds(path));
            }
            came.extend(ask("/panics", 24, "at=a:500").await.often("/panics", 8));
            // The first of three may go, a second would be too many.
            let few = bulk::settled(plane, "ill", "/few", "status=500", |answers| answers.of_few(2));
            let few = few.await.of_few(2);
            came.push(("/few one is left out".to_owned(), few.to_string()));
            let few = ask("/few", 24, "status=500").await.of_few(1);
            came.push(("/few two are left out".to_owned(), few.to_string()));
            let returned = async {
                while !ask("/back", 2, "").await.has("a") {
                    tokio::task::yield_now().await;
                }
            };
            let span = std::time::Duration::from_secs(5);
            let returned = tokio::time::timeout(span, returned).await.is_ok();
            came.push(("/back again".to_owned(), returned.to_string()));
            came
        })
    });
}
