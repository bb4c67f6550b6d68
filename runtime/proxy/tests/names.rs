//! Endpoints with names: what a name server says of them is what is used, for as long as it says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mesh_proxy::dns::{Machine, Resolvers};
use mesh_wire::cluster::{Balance, Discovery, Transport};
use mesh_wire::{Millis, Snapshot};
use support::zone::{NXDOMAIN, SERVFAIL, Says, Zone};
use support::{Proxy, client, snapshot};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Sender = hyper::client::conn::http1::SendRequest<http_body_util::Empty<bytes::Bytes>>;

/// Applications on one port of three addresses; each says the last number of its own.
struct Apps {
    port: u16,
    /// Connections that each took.
    taken: [Arc<AtomicUsize>; 3],
}

impl Apps {
    async fn serve() -> Self {
        let mut listeners = Vec::new();
        while listeners.len() < 3 {
            listeners.clear();
            let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = first.local_addr().unwrap().port();
            listeners.push(first);
            for last in 2..=3 {
                listeners.extend(TcpListener::bind(SocketAddr::from(([127, 0, 0, last], port))).await);
            }
        }
        let port = listeners[0].local_addr().unwrap().port();
        let taken: [Arc<AtomicUsize>; 3] = Default::default();
        for (index, listener) in listeners.into_iter().enumerate() {
            let taken = taken[index].clone();
            tokio::spawn(async move {
                while let Ok((mut stream, _)) = listener.accept().await {
                    taken.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(async move {
                        let mut read = [0; 4096];
                        // Requests are small, and come whole.
                        while stream.read(&mut read).await.is_ok_and(|length| length > 0) {
                            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{}", index + 1);
                            stream.write_all(answer.as_bytes()).await.unwrap();
                        }
                    });
                }
            });
        }
        Self { port, taken }
    }

    fn taken(&self) -> [usize; 3] {
        [0, 1, 2].map(|index| self.taken[index].load(Ordering::SeqCst))
    }
}

/// Requests go to `name`, in turn.
fn to(name: &str, port: u16, discovery: Discovery) -> Snapshot {
    let mut told = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    let mut endpoint = snapshot::endpoint(SocketAddr::from(([0; 4], port)), 1, false);
    endpoint.address = name.to_owned();
    let mut cluster = snapshot::cluster(discovery, Transport::Plaintext, vec![endpoint]);
    cluster.balance = Balance::RoundRobin;
    told.clusters.insert(snapshot::CLUSTER.to_owned(), cluster);
    told
}

async fn proxy(zone: &Zone, told: Snapshot) -> Proxy {
    let nothing = snapshot::outbound("127.0.0.1:1".parse().unwrap());
    let proxy = Proxy::outbound(nothing, support::service()).await;
    let lookup = proxy.shared.lookup();
    // Without a list of hosts, without settings.
    lookup.set_machine(Machine::new("/nonexistent", Vec::new()));
    lookup.set_resolvers(Resolvers::of(vec![zone.address]));
    proxy.shared.apply(told).unwrap();
    proxy
}

async fn ask(proxy: &Proxy) -> String {
    let response = client::once(proxy.connect().await, client::get("/")).await;
    match response.status().as_u16() {
        200 => client::text(response).await,
        code => format!("{code} {}", client::text(response).await),
    }
}

/// Everybody who answers.
async fn answering(proxy: &Proxy) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for _ in 0..6 {
        all.insert(ask(proxy).await);
    }
    all
}

async fn until(proxy: &Proxy, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|&who| who.to_owned()).collect();
    let came = async {
        while answering(proxy).await != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let bound = Duration::from_secs(30);
    let came = tokio::time::timeout(bound, came).await;
    assert!(came.is_ok(), "{expected:?}, not {:?}", answering(proxy).await);
}

#[tokio::test]
async fn each_address_of_a_name_is_an_endpoint_as_long_as_it_is_told() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("db.test", &["127.0.0.1", "127.0.0.2"], 1);
    let proxy = proxy(&zone, to("db.test", apps.port, Discovery::StrictDns)).await;
    // From the first request on, exactly in turn: they are endpoints, not draws.
    let mut counts = [0; 2];
    for _ in 0..8 {
        counts[ask(&proxy).await.parse::<usize>().unwrap() - 1] += 1;
    }
    assert_eq!(counts, [4, 4]);
    zone.addresses("db.test", &["127.0.0.3", "127.0.0.2"], 1);
    until(&proxy, &["2", "3"]).await;
    // Who stays keeps its connection.
    assert_eq!(apps.taken()[1], 1);
    let report = proxy.shared.report();
    let endpoints = report.clusters.iter().flat_map(|cluster| &cluster.endpoints);
    let named: Vec<_> = endpoints.filter(|endpoint| endpoint.host == "db.test").collect();
    let addresses: Vec<&str> = named.iter().map(|endpoint| &*endpoint.address).collect();
    let expected = [2, 3].map(|last| format!("127.0.0.{last}:{}", apps.port));
    assert_eq!(addresses, expected);
}

#[tokio::test]
async fn what_was_known_holds_while_nobody_can_answer_and_ends_where_the_name_ends() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("db.test", &["127.0.0.1"], 1);
    let proxy = proxy(&zone, to("db.test", apps.port, Discovery::StrictDns)).await;
    assert_eq!(ask(&proxy).await, "1");
    zone.say("db.test", Says::Code(SERVFAIL));
    zone.asked_again("db.test", 3).await;
    assert_eq!(ask(&proxy).await, "1");
    zone.say("db.test", Says::Code(NXDOMAIN));
    until(&proxy, &["503 no healthy upstream"]).await;
    zone.addresses("db.test", &["127.0.0.2"], 1);
    until(&proxy, &["2"]).await;
    // Other settings of the cluster are no reason to ask for what is known.
    zone.say("db.test", Says::Silence);
    let mut told = (*proxy.shared.snapshot().unwrap()).clone();
    told.clusters.get_mut(snapshot::CLUSTER).unwrap().panic_threshold = 1;
    proxy.shared.apply(told).unwrap();
    assert_eq!(ask(&proxy).await, "2");
}

#[tokio::test]
async fn answers_are_asked_for_again_when_they_end_and_not_before() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("short.test", &["127.0.0.1"], 1);
    zone.addresses("long.test", &["127.0.0.2"], 50);
    let mut told = to("short.test", apps.port, Discovery::StrictDns);
    let endpoints = &mut told.clusters.get_mut(snapshot::CLUSTER).unwrap().endpoints[0].endpoints;
    let mut long = endpoints[0].clone();
    long.address = "long.test".to_owned();
    endpoints.push(long);
    let proxy = proxy(&zone, told).await;
    until(&proxy, &["1", "2"]).await;
    zone.asked_again("short.test", 3).await;
    assert_eq!(zone.asked("long.test"), 1);
    // Unless the cluster has them asked for more often.
    let mut told = (*proxy.shared.snapshot().unwrap()).clone();
    let cluster = told.clusters.get_mut(snapshot::CLUSTER).unwrap();
    cluster.name_refresh = Some(Millis(1_000));
    let often = self::proxy(&zone, told).await;
    zone.asked_again("long.test", 3).await;
    drop(often);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_over_tcp() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    let all = ["127.0.0.1", "127.0.0.3"].map(|ip| ip.parse().unwrap()).to_vec();
    let over_tcp = true;
    zone.say(
        "db.test",
        Says::Addresses {
            all,
            ttl: 1,
            over_tcp,
        },
    );
    let proxy = proxy(&zone, to("db.test", apps.port, Discovery::StrictDns)).await;
    until(&proxy, &["1", "3"]).await;
}

#[tokio::test]
async fn one_address_at_a_time_takes_what_is_new_and_leaves_what_stands() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("db.test", &["127.0.0.2", "127.0.0.1"], 1);
    let mut told = to("db.test", apps.port, Discovery::LogicalDns);
    snapshot::tcp(&mut told);
    let proxy = proxy(&zone, told).await;
    let mut before = client::http1(proxy.connect().await).await;
    let ask =
        async |sender: &mut Sender| client::text(sender.send_request(client::get("/")).await.unwrap()).await;
    assert_eq!(ask(&mut before).await, "2");
    zone.addresses("db.test", &["127.0.0.3", "127.0.0.1"], 1);
    let bound = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let mut sender = client::http1(proxy.connect().await).await;
        match &*ask(&mut sender).await {
            "3" => break,
            other => assert_eq!(other, "2"),
        }
        assert!(tokio::time::Instant::now() < bound);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    before.ready().await.unwrap();
    assert_eq!(ask(&mut before).await, "2");
    // No address is no news to who always has one.
    zone.say("db.test", Says::Code(NXDOMAIN));
    zone.asked_again("db.test", 2).await;
    let mut sender = client::http1(proxy.connect().await).await;
    assert_eq!(ask(&mut sender).await, "3");
}

/// The files of a machine.
struct Root(PathBuf);

impl Root {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(root.join("etc")).unwrap();
        for (path, text) in files {
            std::fs::write(root.join(path), text).unwrap();
        }
        Self(root)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_machine_says_which_hosts_it_knows_whom_to_ask_and_where_names_are_looked_for() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("db.corp.test", &["127.0.0.3"], 1);
    zone.addresses("app.corp.test", &["127.0.0.3"], 1);
    // The first server is one that nobody answers at.
    let conf = format!(
        "nameserver {}\nnameserver {}\nsearch nowhere.test corp.test\noptions timeout:1\n",
        support::envoy::free(),
        zone.address
    );
    let files = [
        ("etc/resolv.conf", conf.as_str()),
        ("etc/hosts", "127.0.0.2 app\n"),
    ];
    let root = Root::new("names", &files);
    for (name, expected) in [("db", "3"), ("app", "2"), ("app.corp.test", "3")] {
        let nothing = snapshot::outbound("127.0.0.1:1".parse().unwrap());
        let proxy = Proxy::outbound(nothing, support::service()).await;
        proxy
            .shared
            .lookup()
            .set_machine(Machine::new(&root.0, Vec::new()));
        let told = to(name, apps.port, Discovery::StrictDns);
        proxy.shared.apply(told).unwrap();
        assert_eq!(ask(&proxy).await, expected, "{name}");
    }
}

#[tokio::test]
async fn addresses_of_a_family_that_the_machine_has_not_are_not_asked_for() {
    let (zone, apps) = (Zone::serve().await, Apps::serve().await);
    zone.addresses("db.test", &["127.0.0.1", "::1"], 1);
    let mut told = to("db.test", apps.port, Discovery::StrictDns);
    for (own, expected) in [
        (&["10.0.0.1"][..], &["127.0.0.1"][..]),
        (&["fd00::1"], &["::1"]),
        (&["10.0.0.1", "fd00::1"], &["127.0.0.1", "::1"]),
    ] {
        told.node.as_mut().unwrap().addresses = own.iter().map(|ip| ip.parse().unwrap()).collect();
        let proxy = proxy(&zone, told.clone()).await;
        let _whatever = ask(&proxy).await;
        let report = proxy.shared.report();
        let endpoints = report.clusters.iter().flat_map(|cluster| &cluster.endpoints);
        let named = endpoints.filter(|endpoint| endpoint.host == "db.test");
        let addresses: Vec<String> = named.map(|endpoint| endpoint.address.clone()).collect();
        let expected: Vec<String> = expected
            .iter()
            .map(|ip| SocketAddr::new(ip.parse().unwrap(), apps.port).to_string())
            .collect();
        assert_eq!(addresses, expected, "{own:?}");
    }
}
