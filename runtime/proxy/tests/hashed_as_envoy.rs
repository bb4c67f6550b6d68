//! Envoy and we send the same keys to the same endpoints.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Empty, Full};
use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, Discovery, Transport};
use mesh_wire::route::{HashPolicy, RouteAction};
use serde_json::{Value, json};
use support::envoy::{Envoy, free, manager, socket, without_envoy};
use support::{Proxy, backend, client, snapshot};
use tokio::net::TcpStream;

/// An application that tells where it listens.
async fn told() -> SocketAddr {
    let name = std::sync::Arc::new(std::sync::OnceLock::new());
    let says = name.clone();
    let address = backend::http1(move |_| {
        let text: &String = says.get_or_init(String::new);
        let answer = Response::new(Full::new(Bytes::from(text.clone())));
        async move { answer }
    })
    .await;
    name.set(address.to_string()).unwrap();
    address
}

fn envoys(balance: &Balance, endpoints: &[(SocketAddr, u32)]) -> Value {
    let all: Vec<Value> = endpoints
        .iter()
        .map(|(address, weight)| {
            json!({ "endpoint": { "address": socket(*address) }, "load_balancing_weight": weight })
        })
        .collect();
    let mut cluster = json!({ "name": "all", "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": { "cluster_name": "all", "endpoints": [{ "lb_endpoints": all }] } });
    match balance {
        Balance::RingHash { minimum_size } => {
            cluster["lb_policy"] = "RING_HASH".into();
            cluster["ring_hash_lb_config"] = json!({ "minimum_ring_size": minimum_size });
        }
        Balance::Maglev { table_size } => {
            cluster["lb_policy"] = "MAGLEV".into();
            cluster["maglev_lb_config"] = json!({ "table_size": table_size });
        }
        _ => unreachable!(),
    }
    cluster
}

fn routes(policies: &Value) -> Value {
    json!({ "route_config": { "virtual_hosts": [{ "name": "all", "domains": ["*"], "routes": [
        { "match": { "prefix": "/" }, "route": { "cluster": "all", "hash_policy": policies } } ] }] } })
}

async fn ask(address: SocketAddr, request: Request<Empty<Bytes>>) -> (String, Option<String>) {
    let response = client::once(TcpStream::connect(address).await.unwrap(), request).await;
    let cookie = response
        .headers()
        .get("set-cookie")
        .map(|cookie| cookie.to_str().unwrap().to_owned());
    (client::text(response).await, cookie)
}

fn requests() -> Vec<Request<Empty<Bytes>>> {
    let mut all = Vec::new();
    for number in 0..60 {
        let mut request = client::get(&format!("/?user={number}"));
        let headers = request.headers_mut();
        if number % 3 != 0 {
            headers.append("x-user", format!("user-{number}").parse().unwrap());
        }
        if number % 4 == 1 {
            headers.append("x-user", "another".parse().unwrap());
        }
        if number % 2 == 0 {
            headers.append("cookie", format!("a=b; session=\"{number}\"").parse().unwrap());
        }
        all.push(request);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_where_envoy_has_them() {
    if without_envoy() {
        return;
    }
    let mut endpoints = Vec::new();
    for weight in [1, 2, 1, 3, 1] {
        endpoints.push((told().await, weight));
    }
    let policies = vec![
        HashPolicy::Header("x-user".to_owned()),
        HashPolicy::Cookie {
            name: "session".to_owned(),
            path: None,
            ttl: None,
        },
        HashPolicy::Query("user".to_owned()),
    ];
    let theirs = json!([
        { "header": { "header_name": "x-user" } },
        { "cookie": { "name": "session" } },
        { "query_parameter": { "name": "user" } },
    ]);
    for balance in [
        Balance::RingHash { minimum_size: 1024 },
        Balance::RingHash { minimum_size: 7 },
        Balance::Maglev { table_size: 65_537 },
        Balance::Maglev { table_size: 101 },
    ] {
        let address = free();
        let listener = json!({ "name": "out", "address": socket(address),
            "filter_chains": [{ "filters": [manager("all", routes(&theirs))] }] });
        let _envoy = Envoy::start(vec![listener], vec![envoys(&balance, &endpoints)], address).await;
        let proxy = ours(&balance, &endpoints, policies.clone()).await;
        let mut chosen = BTreeSet::new();
        for request in requests() {
            let (theirs, _) = ask(address, request.clone()).await;
            let (ours, _) = ask(proxy.address, request.clone()).await;
            assert_eq!(ours, theirs, "{balance:?} {request:?}");
            chosen.insert(ours);
        }
        assert!(chosen.len() > 2, "{balance:?} {chosen:?}");
    }
}

async fn ours(balance: &Balance, endpoints: &[(SocketAddr, u32)], policies: Vec<HashPolicy>) -> Proxy {
    let mut told = snapshot::outbound(endpoints[0].0);
    let all = endpoints
        .iter()
        .map(|(address, weight)| snapshot::endpoint(*address, *weight, false));
    let mut cluster = snapshot::cluster(Discovery::Listed, Transport::Plaintext, all.collect());
    cluster.balance = balance.clone();
    told.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    let routes = &mut told.routes.get_mut("80").unwrap().virtual_hosts[0].routes;
    let RouteAction::Forward(forward) = &mut routes[0].action else {
        unreachable!()
    };
    forward.hash = policies;
    assert_eq!(mesh_proxy::unsupported(&told), Vec::<String>::new());
    Proxy::outbound(told, support::service()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_are_set_as_envoy_sets_them_and_lead_back() {
    if without_envoy() {
        return;
    }
    let mut endpoints = Vec::new();
    for _ in 0..5 {
        endpoints.push((told().await, 1));
    }
    let balance = Balance::RingHash { minimum_size: 1024 };
    for (ttl, path) in [(3600, Some("/shop")), (0, None)] {
        let policy = HashPolicy::Cookie {
            name: "session".to_owned(),
            path: path.map(str::to_owned),
            ttl: Some(Millis::from_secs(ttl)),
        };
        let theirs = json!([{ "cookie": { "name": "session", "path": path.unwrap_or(""), "ttl": format!("{ttl}s") } }]);
        let address = free();
        let listener = json!({ "name": "out", "address": socket(address),
            "filter_chains": [{ "filters": [manager("all", routes(&theirs))] }] });
        let _envoy = Envoy::start(vec![listener], vec![envoys(&balance, &endpoints)], address).await;
        let proxy = ours(&balance, &endpoints, vec![policy]).await;
        let (_, theirs) = ask(address, client::get("/")).await;
        let (first, set) = ask(proxy.address, client::get("/")).await;
        let set = set.unwrap();
        // All but the value, which the ports make.
        let form = |cookie: &str| {
            let parts: Vec<&str> = cookie.split('"').collect();
            (parts[0].to_owned(), parts[1].len(), parts[2].to_owned())
        };
        assert_eq!(form(&set), form(&theirs.unwrap()));
        let value = set.split("; ").next().unwrap();
        for address in [address, proxy.address] {
            let mut request = client::get("/");
            request.headers_mut().insert("cookie", value.parse().unwrap());
            assert_eq!(ask(address, request).await, (first.clone(), None));
        }
    }
}
