//! How callers treat a service: what a DestinationRule says of it, and what a workload is told.

use std::collections::BTreeMap;

use mesh_compiler::World;
use mesh_compiler::emit::{self, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::cluster::{
    Balance, Cluster, Discovery, Failover, HttpVersion, LocalityPolicy, Ping, RetryBudget, Transport,
    WarmupCurve,
};
use mesh_wire::matcher::StringMatch;
use mesh_wire::route::{HashPolicy, RouteAction};
use mesh_wire::{Millis, Snapshot};
use serde_json::{Value, json};

struct One(String);

impl World for One {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.clone())
    }
}

/// A mesh with a service `api` of which `said` is said, and whatever `more` stands in its namespace.
fn mesh(said: &str, more: &str) -> Mesh {
    let spec = format!(
        r#"
        mesh m {{ outbound registry-only }}
        network pods
        network machines
        cluster east network=pods {{ gateway address="203.0.113.1" }}
        namespace shop {{
            service api {{
                port 8080 http {{ limits connections=7 }}
                port 9000 grpc
                port 5432 tcp
                subset v1 version=v1
                {said}
                vms network=machines {{
                    health http=8080
                    label version=v1
                    vm api-1 address="10.0.0.1" locality="us-east/a"
                    vm api-2 address="10.0.0.2" locality="us-west/b"
                }}
            }}
            {more}
        }}
        namespace ops {{ service cron {{ port 80 http; vms network=machines {{ health http=80; vm cron-1 address="10.0.0.9" }} }} }}
        "#
    );
    let compiled = mesh_compiler::compile(&One(spec), "spec.kdl");
    compiled
        .model
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

fn told(mesh: &Mesh, namespace: &str, name: &str) -> Snapshot {
    let vm = WorkloadRef::Vm {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let told = snapshot::of(mesh, &vm, &snapshot::Options::default()).unwrap();
    told.validate().unwrap();
    told
}

fn cluster<'a>(told: &'a Snapshot, port: u16, subset: &str) -> &'a Cluster {
    &told.clusters[&format!("outbound|{port}|{subset}|api.shop.svc.cluster.local")]
}

/// The objects of `kind` that are called `name`.
fn object(mesh: &Mesh, kind: &str, name: &str) -> Value {
    let options = emit::Options {
        spec: mesh_wire::Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    let output = emit::emit(mesh, &options);
    let yaml = output.iter().filter(|(path, _)| path.ends_with(".yaml"));
    let documents = yaml.flat_map(|(_, file)| {
        let text = String::from_utf8(file.bytes.to_vec()).unwrap();
        let parts = serde_yaml::Deserializer::from_str(&text);
        parts
            .map(|part| serde::Deserialize::deserialize(part).unwrap())
            .collect::<Vec<Value>>()
    });
    let mut found = documents.filter(|object| object["kind"] == kind && object["metadata"]["name"] == name);
    found.next().unwrap_or_else(|| panic!("no {kind} {name}"))
}

fn rule(said: &str) -> Value {
    object(&mesh(said, ""), "DestinationRule", "api")["spec"]["trafficPolicy"].clone()
}

#[test]
fn a_port_stands_alone_and_a_version_replaces_part_by_part() {
    let mesh = mesh(
        r#"
        balance round-robin
        limits connections=100
        eject after=3
        subset v2 version=v1 { balance random; port 9000 { limits requests=2 } }
        "#,
        "",
    );
    let told = told(&mesh, "ops", "cron-1");
    // A port with settings of its own inherits none (Istio GetPortLevelTrafficPolicy).
    let own = cluster(&told, 8080, "");
    assert_eq!(own.limits.connections, Some(7));
    assert_eq!((&own.balance, &own.outliers), (&Balance::LeastRequest, &None));
    // Others have what the service says.
    let whole = cluster(&told, 9000, "");
    assert_eq!(
        (&whole.balance, whole.limits.connections),
        (&Balance::RoundRobin, Some(100))
    );
    // A version replaces one part and keeps the rest (Istio MergeTrafficPolicy).
    let version = cluster(&told, 5432, "v2");
    assert_eq!(
        (&version.balance, version.limits.connections),
        (&Balance::Random, Some(100))
    );
    assert!(version.outliers.is_some());
    let on_own_port = cluster(&told, 8080, "v2");
    assert_eq!(
        (&on_own_port.balance, on_own_port.limits.connections),
        (&Balance::Random, Some(7))
    );
    // On a port of a version nothing but what is said there holds.
    let narrowest = cluster(&told, 9000, "v2");
    assert_eq!(narrowest.limits.requests, Some(2));
    assert_eq!(
        (&narrowest.balance, narrowest.limits.connections),
        (&Balance::LeastRequest, None)
    );
    assert_eq!(narrowest.outliers, None);
    let spec = &object(&mesh, "DestinationRule", "api")["spec"];
    assert_eq!(
        spec["trafficPolicy"]["portLevelSettings"],
        json!([{ "port": { "number": 8080 }, "connectionPool": { "tcp": { "maxConnections": 7 } } }])
    );
    assert_eq!(
        spec["subsets"][1],
        json!({
            "name": "v2", "labels": { "version": "v1" },
            "trafficPolicy": {
                "loadBalancer": { "simple": "RANDOM" },
                "portLevelSettings": [
                    { "port": { "number": 9000 }, "connectionPool": { "http": { "http2MaxRequests": 2 } } },
                ],
            },
        })
    );
}

#[test]
fn what_is_hashed_stands_on_the_routes_that_lead_there() {
    for (said, key, hash) in [
        (
            "header X-User",
            HashPolicy::Header("x-user".to_owned()),
            json!({ "httpHeaderName": "x-user" }),
        ),
        (
            "query user",
            HashPolicy::Query("user".to_owned()),
            json!({ "httpQueryParameterName": "user" }),
        ),
        ("source-ip", HashPolicy::SourceIp, json!({ "useSourceIp": true })),
        (
            r#"cookie session ttl="1h" path="/a""#,
            HashPolicy::Cookie {
                name: "session".to_owned(),
                path: Some("/a".to_owned()),
                ttl: Some(Millis::from_secs(3600)),
            },
            json!({ "httpCookie": { "name": "session", "path": "/a", "ttl": "3600s" } }),
        ),
    ] {
        let said = format!("balance hash {{ {said} }}");
        let mesh = mesh("", &format!("service cart {{ port 80 http; {said} }}"));
        let told = told(&mesh, "ops", "cron-1");
        let host = "cart.shop.svc.cluster.local";
        assert_eq!(
            told.clusters[&format!("outbound|80||{host}")].balance,
            Balance::RingHash { minimum_size: 1024 }
        );
        let host = told.routes["80"]
            .virtual_hosts
            .iter()
            .find(|one| one.name == format!("{host}:80"));
        let RouteAction::Forward(forward) = &host.unwrap().routes[0].action else {
            panic!("not forwarded");
        };
        assert_eq!(forward.hash, [key]);
        let rule = object(&mesh, "DestinationRule", "cart");
        assert_eq!(
            rule["spec"]["trafficPolicy"]["loadBalancer"]["consistentHash"],
            hash
        );
    }
}

#[test]
fn connections_are_hashed_by_their_source() {
    let mesh = mesh(
        "",
        "service db { port 3306 mysql; balance hash table=maglev { source-ip } }",
    );
    let told = told(&mesh, "ops", "cron-1");
    let db = &told.clusters["outbound|3306||db.shop.svc.cluster.local"];
    assert_eq!(
        (&db.balance, db.source_hash),
        (&Balance::Maglev { table_size: 65_537 }, true)
    );
    let hash =
        &object(&mesh, "DestinationRule", "db")["spec"]["trafficPolicy"]["loadBalancer"]["consistentHash"];
    // Istio takes no Maglev without a size.
    assert_eq!(
        *hash,
        json!({ "useSourceIp": true, "maglev": { "tableSize": 65_537 } })
    );
}

#[test]
fn passthrough_goes_where_the_caller_dialled() {
    let mesh = mesh("balance passthrough", "");
    let told = told(&mesh, "ops", "cron-1");
    let api = cluster(&told, 9000, "");
    assert_eq!(
        (api.discovery, &api.balance),
        (Discovery::OriginalDestination, &Balance::Provided)
    );
    assert!(api.endpoints.is_empty());
}

#[test]
fn passthrough_of_a_port_is_that_of_its_versions_too() {
    let api = "external edge host=\"edge.example.com\" { port 80 http { balance passthrough }; \
               endpoint \"192.0.2.1\" { label v=x }; subset x v=x { balance hash { header x-user } } }";
    let told = told(&mesh("", api), "ops", "cron-1");
    let version = &told.clusters["outbound|80|x|edge.example.com"];
    assert_eq!(
        (version.discovery, &version.balance),
        (Discovery::OriginalDestination, &Balance::Provided)
    );
    assert!(version.endpoints.is_empty());
}

#[test]
fn limits_say_all_of_a_connection_pool() {
    let said = r#"limits connections=1 pending=2 requests=3 retries=4 requests-per-connection=5 streams=6 \
        connect-timeout="1s" idle-timeout="2s" connection-age="3s" \
        keepalive-time="60s" keepalive-interval="5s" keepalive-probes=3 http2=upgrade ping-interval="7s" ping-timeout="8s"
        retry-budget "25%" over="10s""#;
    assert_eq!(
        rule(said)["connectionPool"],
        json!({
            "tcp": {
                "maxConnections": 1, "connectTimeout": "1s", "idleTimeout": "2s", "maxConnectionDuration": "3s",
                "tcpKeepalive": { "time": "60s", "interval": "5s", "probes": 3 },
            },
            "http": {
                "http1MaxPendingRequests": 2, "http2MaxRequests": 3, "maxRetries": 4, "maxRequestsPerConnection": 5,
                "maxConcurrentStreams": 6, "idleTimeout": "2s", "h2UpgradePolicy": "UPGRADE",
                "http2KeepAlive": { "interval": "7s", "timeout": "8s" },
            },
        })
    );
    assert_eq!(
        rule(said)["retryBudget"],
        json!({ "percent": 25, "budgetInterval": "10s" })
    );
    let mesh = mesh(said, "");
    let told = told(&mesh, "shop", "api-1");
    let api = cluster(&told, 9000, "");
    let limits = &api.limits;
    assert_eq!(
        (limits.connections, limits.streams, limits.connection_age),
        (Some(1), Some(6), Some(Millis(3000)))
    );
    assert_eq!(
        limits.ping,
        Some(Ping {
            interval: Millis(7000),
            timeout: Millis(8000)
        })
    );
    assert_eq!(
        limits.retry_budget,
        Some(RetryBudget {
            percent: 25,
            at_least: 3,
            interval: Millis(10_000)
        })
    );
    assert_eq!(api.keepalive.as_ref().unwrap().probes, Some(3));
    // The pool holds at the workload too, that of its port.
    assert_eq!(told.clusters["inbound|8080||"].limits.connections, Some(7));
    assert_eq!(told.clusters["inbound|9000||"].limits.connections, Some(1));
    let budget = told.clusters["inbound|9000||"].limits.retry_budget;
    assert_eq!(budget.map(|budget| budget.percent), Some(25));
    assert_eq!(told.clusters["inbound|9000||"].http, HttpVersion::Http2);
}

#[test]
fn http2_is_spoken_where_it_is_asked_for() {
    for (word, version, said) in [
        (
            "upgrade",
            HttpVersion::Http2,
            json!({ "h2UpgradePolicy": "UPGRADE" }),
        ),
        (
            "as-client",
            HttpVersion::AsClient,
            json!({ "useClientProtocol": true }),
        ),
        (
            "never",
            HttpVersion::Http1,
            json!({ "h2UpgradePolicy": "DO_NOT_UPGRADE" }),
        ),
    ] {
        let mesh = mesh(
            "",
            &format!("service web {{ port 80 http; limits http2={word} }}"),
        );
        let told = told(&mesh, "ops", "cron-1");
        let web = &told.clusters["outbound|80||web.shop.svc.cluster.local"];
        assert_eq!(web.http, version);
        let Transport::Mesh(tls) = &web.transport else {
            panic!("{:?}", web.transport);
        };
        assert_eq!(tls.alpn.contains(&"h2".to_owned()), version == HttpVersion::Http2);
        let rule = object(&mesh, "DestinationRule", "web");
        assert_eq!(rule["spec"]["trafficPolicy"]["connectionPool"]["http"], said);
    }
}

#[test]
fn eject_says_all_of_outlier_detection() {
    let said = r#"eject after=0 after-gateway-errors=2 after-local-errors=4 statuses="503,429" every="5s" for="1m" \
        at-most="100%" min-health="20%""#;
    assert_eq!(
        rule(said)["outlierDetection"],
        json!({
            "consecutive5xxErrors": 0, "consecutiveGatewayErrors": 2, "splitExternalLocalOriginErrors": true,
            "consecutiveLocalOriginFailures": 4, "outlierDetectionHttpErrorCodes": [429, 503],
            "interval": "5s", "baseEjectionTime": "60s", "maxEjectionPercent": 100, "minHealthPercent": 20,
        })
    );
    let mesh = mesh(said, "");
    let told = told(&mesh, "ops", "cron-1");
    let api = cluster(&told, 9000, "");
    let outliers = api.outliers.as_ref().unwrap();
    assert_eq!(
        (outliers.consecutive_5xx, outliers.consecutive_gateway),
        (None, Some(2))
    );
    assert_eq!(
        (outliers.consecutive_local, outliers.statuses.as_slice()),
        (Some(4), &[429, 503][..])
    );
    assert_eq!((outliers.max_percent, api.panic_threshold), (100, 20));
}

#[test]
fn new_workloads_warm_up() {
    let said = r#"warm-up "30s" aggression=1.5 min="20%""#;
    assert_eq!(
        rule(said)["loadBalancer"],
        json!({ "warmup": { "duration": "30s", "aggression": 1.5, "minimumPercent": 20 } })
    );
    let mesh = mesh(said, "");
    let told = told(&mesh, "ops", "cron-1");
    let api = cluster(&told, 9000, "");
    assert_eq!(
        (api.warmup, api.warmup_curve),
        (
            Millis(30_000),
            Some(WarmupCurve {
                aggression: 1.5,
                min_percent: 20
            })
        )
    );
}

#[test]
fn places_take_over_as_they_are_told() {
    let policy = |said: &str| {
        let mesh = mesh(said, "");
        cluster(&told(&mesh, "ops", "cron-1"), 9000, "").clone()
    };
    assert_eq!(policy("eject after=3").locality, LocalityPolicy::Nearest);
    let off = policy("eject after=3; locality prefer-near=#false");
    assert_eq!(off.locality, LocalityPolicy::Ignore);
    let regions = policy("eject after=3; locality { failover us-east to=us-west }");
    assert_eq!(
        regions.locality,
        LocalityPolicy::Failover(Failover {
            regions: BTreeMap::from([("us-east".to_owned(), "us-west".to_owned())]),
            labels: Vec::new(),
        })
    );
    let shares = policy(r#"locality { distribute us-east { to "us-east/*" "80%"; to us-west "20%" } }"#);
    assert_eq!(
        shares.locality,
        LocalityPolicy::Distribute(BTreeMap::from([(
            "us-east".to_owned(),
            BTreeMap::from([("us-east/*".to_owned(), 80), ("us-west".to_owned(), 20)])
        )]))
    );
    let labels =
        policy(r#"eject after=3; locality { priority "topology.kubernetes.io/region" "version=v1" }"#);
    let near = |at: usize| &labels.endpoints[at].endpoints[0].labels;
    assert_eq!(near(0)["topology.kubernetes.io/region"], "us-east");
    assert_eq!(
        (near(1)["topology.kubernetes.io/region"].as_str(), near(1).len()),
        ("us-west", 2)
    );
}

#[test]
fn datagrams_are_declared_and_never_proxied() {
    let mesh = mesh("port 5353 udp", "");
    let told = told(&mesh, "shop", "api-1");
    assert!(!told.clusters.keys().any(|name| name.contains("5353")));
    assert!(!told.outbound.iter().any(|listener| listener.port == 5353));
    assert!(!told.inbound.iter().any(|listener| listener.port == Some(5353)));
    let service = object(&mesh, "Service", "api");
    let port = service["spec"]["ports"]
        .as_array()
        .unwrap()
        .iter()
        .find(|port| port["port"] == 5353);
    assert_eq!(
        *port.unwrap(),
        json!({ "name": "udp", "port": 5353, "targetPort": 5353, "protocol": "UDP" })
    );
}

#[test]
fn a_target_by_name_is_the_machines_own_number() {
    let mesh = mesh(
        "",
        r#"service web {
            port 80 http target=http-web
            pods
            vms network=machines { port http-web 8088; health http=8088; vm web-1 address="10.0.0.3" }
        }"#,
    );
    let told = told(&mesh, "ops", "cron-1");
    let web = &told.clusters["outbound|80||web.shop.svc.cluster.local"];
    let vm = web
        .endpoints
        .iter()
        .flat_map(|place| &place.endpoints)
        .find(|end| end.address == "10.0.0.3");
    assert_eq!(vm.unwrap().port, 8088);
    assert_eq!(
        object(&mesh, "Service", "web")["spec"]["ports"][0]["targetPort"],
        "http-web"
    );
    assert_eq!(
        object(&mesh, "WorkloadEntry", "web-1")["spec"]["ports"],
        json!({ "http-web": 8088 })
    );
}

#[test]
fn tls_begins_at_the_proxy_on_the_port_that_says_so() {
    let mesh = mesh(
        "",
        r#"external payments host="api.payments.example.com" {
            port 80 http target=443 { tls simple }
            port 443 tls
            port 5432 tcp { tls mutual cert="/etc/c.pem" key="/etc/k.pem" ca="/etc/ca.pem" sans="db.example.com" }
            port 6379 redis { tls simple }
        }"#,
    );
    let told = told(&mesh, "ops", "cron-1");
    let payments = |port: u16| &told.clusters[&format!("outbound|{port}||api.payments.example.com")];
    let Transport::Tls(tls) = &payments(80).transport else {
        panic!("{:?}", payments(80).transport);
    };
    assert_eq!(tls.sni.as_deref(), Some("api.payments.example.com"));
    assert_eq!(payments(80).endpoints[0].endpoints[0].port, 443);
    assert_eq!(payments(443).transport, Transport::Plaintext);
    let Transport::Tls(tls) = &payments(5432).transport else {
        panic!("{:?}", payments(5432).transport);
    };
    assert_eq!(tls.sans, [StringMatch::Exact("db.example.com".to_owned())]);
    assert_eq!(tls.client.as_ref().unwrap().key, "/etc/k.pem");
    let Transport::Tls(tls) = &payments(6379).transport else {
        panic!("{:?}", payments(6379).transport);
    };
    assert_eq!(
        tls.sans,
        [StringMatch::Exact("api.payments.example.com".to_owned())]
    );
    let rule = object(&mesh, "DestinationRule", "payments");
    // Envoy asks by the request's host on 80; bytes say no host, so that its name is said for them.
    assert_eq!(
        rule["spec"]["trafficPolicy"]["portLevelSettings"],
        json!([
            { "port": { "number": 80 }, "tls": { "mode": "SIMPLE" } },
            { "port": { "number": 5432 }, "tls": {
                "mode": "MUTUAL", "sni": "api.payments.example.com", "subjectAltNames": ["db.example.com"],
                "caCertificates": "/etc/ca.pem", "clientCertificate": "/etc/c.pem", "privateKey": "/etc/k.pem",
            } },
            { "port": { "number": 6379 }, "tls": {
                "mode": "SIMPLE", "sni": "api.payments.example.com", "subjectAltNames": ["api.payments.example.com"],
            } },
        ])
    );
}

#[test]
fn what_is_visible_in_a_namespace_is_told_nowhere_else() {
    let mesh = mesh(
        "",
        r#"external private host="private.example.com" visible=namespace { port 443 tls; port 80 http }
        external some host="some.example.com" visible="namespace,ops" { port 443 tls }"#,
    );
    let knows = |told: &Snapshot, host: &str| {
        told.clusters
            .keys()
            .any(|name| name.ends_with(&format!("|{host}")))
    };
    let (shop, ops) = (told(&mesh, "shop", "api-1"), told(&mesh, "ops", "cron-1"));
    assert!(knows(&shop, "private.example.com") && !knows(&ops, "private.example.com"));
    assert!(knows(&shop, "some.example.com") && knows(&ops, "some.example.com"));
    let said = |name: &str| object(&mesh, "ServiceEntry", name)["spec"]["exportTo"].clone();
    assert_eq!(said("private"), json!(["."]));
    assert_eq!(said("some"), json!(["ops", "."]));
    let group = |namespace: &str| {
        let mut groups = mesh.services_in(namespace).flat_map(|service| &service.groups);
        emit::names::of_group(&mesh, groups.next().unwrap()).hosts
    };
    assert!(group("shop").contains_key("private.example.com"));
    assert!(!group("ops").contains_key("private.example.com"));
}

#[test]
fn endpoints_outside_have_places_shares_and_ports_of_their_own() {
    let mesh = mesh(
        "",
        r#"external db host="db.example.com" {
            port 5432 tcp
            subset standby role=standby
            endpoint "192.0.2.1" locality="us-east/a" weight=3 { label role=main }
            endpoint "192.0.2.2" locality="us-west/b" { label role=standby; port 5432 target=15432 }
        }"#,
    );
    let told = told(&mesh, "ops", "cron-1");
    let db = &told.clusters["outbound|5432||db.example.com"];
    assert_eq!(db.discovery, Discovery::Listed);
    let flat = |cluster: &Cluster| {
        let places = cluster.endpoints.iter();
        places
            .flat_map(|place| {
                place
                    .endpoints
                    .iter()
                    .map(|end| (place.locality.region.clone(), end.clone()))
            })
            .map(|(region, end)| (region, end.address, end.port, end.weight))
            .collect::<Vec<_>>()
    };
    let main = ("us-east".to_owned(), "192.0.2.1".to_owned(), 5432, 3);
    let standby = ("us-west".to_owned(), "192.0.2.2".to_owned(), 15432, 1);
    assert_eq!(flat(db), [main, standby.clone()]);
    assert_eq!(
        flat(&told.clusters["outbound|5432|standby|db.example.com"]),
        [standby]
    );
    let entry = object(&mesh, "ServiceEntry", "db");
    assert_eq!(entry["spec"]["resolution"], "STATIC");
    assert_eq!(
        entry["spec"]["endpoints"][1],
        json!({
            "address": "192.0.2.2", "locality": "us-west/b", "labels": { "role": "standby" }, "ports": { "tcp": 15432 },
        })
    );
}

#[test]
fn resolutions_are_those_of_istio() {
    let mesh = mesh(
        "",
        r#"external one host="one.example.com" resolution=dns-round-robin { port 80 http }
        external all host="*.example.org" { port 80 http target=8080; port 443 tls }"#,
    );
    let told = told(&mesh, "ops", "cron-1");
    assert_eq!(
        told.clusters["outbound|80||one.example.com"].discovery,
        Discovery::LogicalDns
    );
    let all = &told.clusters["outbound|80||*.example.org"];
    assert_eq!(
        (all.discovery, all.port_override),
        (Discovery::OriginalDestination, Some(8080))
    );
    assert_eq!(
        object(&mesh, "ServiceEntry", "one")["spec"]["resolution"],
        "DNS_ROUND_ROBIN"
    );
    assert_eq!(object(&mesh, "ServiceEntry", "all")["spec"]["resolution"], "NONE");
}
