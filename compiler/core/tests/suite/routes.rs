//! What becomes of routes: the VirtualService, and what a VM is told.

use crate::common;
use mesh_compiler::World;
use mesh_compiler::diag::render;
use mesh_compiler::emit::{self, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::cluster::Discovery;
use mesh_wire::listener::{OutboundListener, OutboundProtocol};
use mesh_wire::matcher::StringMatch;
use mesh_wire::route::{Forward, HashPolicy, PathMatch, PathRewrite, PerMillion, Route, RouteAction};
use mesh_wire::{Millis, Sha256, Snapshot};
use serde::Deserialize;
use serde_json::{Value, json};

const HOST: &str = "cart.shop.svc.cluster.local";

/// A mesh in which `cart`, two versions of it, has `routes`; web calls from machines, and so does `batch`.
fn mesh(routes: &str) -> Mesh {
    with("", routes)
}

fn with(more: &str, routes: &str) -> Mesh {
    common::compile_text(&format!(
        r#"
        mesh m
        network pods
        network machines
        cluster east network=pods {{ gateway address="203.0.113.1" }}
        namespace shop {{
            service cart {{
                port 8080 http
                subset v1 version=v1
                subset v2 version=v2
                {routes}
            }}
            service legacy {{ port 9000 http; port 9001 http }}
            service db {{ port 3306 mysql; port 443 tls; subset v1 version=v1; subset v2 version=v2 }}
            service web {{
                port 80 http
                vms network=machines {{
                    health tcp=80
                    vm web-1 address="10.0.0.1"
                    vm web-2 address="10.0.0.2" {{ label tier=canary }}
                }}
            }}
            {more}
        }}
        namespace ops {{ service batch {{ port 80 http; vms network=machines {{ health tcp=80; vm batch-1 address="10.0.0.3" }} }} }}
        "#
    ))
}

fn told(mesh: &Mesh, namespace: &str, name: &str) -> Snapshot {
    let vm = WorkloadRef::Vm {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let snapshot = snapshot::of(mesh, &vm, &snapshot::Options::default()).unwrap();
    snapshot.validate().unwrap();
    let written = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(
        serde_json::from_str::<Snapshot>(&written).unwrap(),
        snapshot,
        "it is read as it was written"
    );
    snapshot
}

fn routes_of(snapshot: &Snapshot, table: &str, host: &str) -> Vec<Route> {
    let hosts = &snapshot.routes[table].virtual_hosts;
    let found = hosts.iter().find(|one| one.name == format!("{host}:{table}"));
    found
        .unwrap_or_else(|| panic!("{host} in {table}"))
        .routes
        .clone()
}

/// What web-1 is told of cart's port 8080.
fn cart(routes: &str) -> Vec<Route> {
    routes_of(&told(&mesh(routes), "shop", "web-1"), "8080", HOST)
}

fn forward(route: &Route) -> &Forward {
    match &route.action {
        RouteAction::Forward(forward) => forward,
        other => panic!("{other:?}"),
    }
}

/// The VirtualService `name`, as it is written.
fn virtual_service(mesh: &Mesh, name: &str) -> Value {
    let options = emit::Options {
        spec: Sha256::of(b""),
        credentials: std::collections::BTreeMap::new(),
    };
    let output = emit::emit(mesh, &options);
    let manifests = output.iter().filter(|(path, _)| path.contains("/20-"));
    let documents = manifests.flat_map(|(_, file)| {
        let text = String::from_utf8(file.bytes.clone()).unwrap();
        let documents: Vec<Value> = serde_yaml::Deserializer::from_str(&text)
            .map(|document| Value::deserialize(document).unwrap())
            .collect();
        documents
    });
    let mut found = documents.filter(|it| it["kind"] == "VirtualService" && it["metadata"]["name"] == name);
    found.next().unwrap_or_else(|| panic!("no VirtualService {name}"))
}

#[test]
fn conditions_become_what_istiod_makes_of_them() {
    let text = r#"
        route odd {
            match path="/a" method="GET,POST" authority="cart:8080" scheme=http {
                header X-Canary "true"; header user-agent prefix="Moz"; header x-trace; header x-debug absent=#true
                header x-env not=prod; query v "2"; query page regex="[0-9]+"
            }
            to v2
        }
        route { to v1 }"#;
    let routes = cart(text);
    assert_eq!(routes.len(), 2);
    let odd = &routes[0];
    assert_eq!(odd.name.as_deref(), Some("odd"));
    assert_eq!(odd.matches.path, PathMatch::Exact("/a".to_owned()));
    let headers: Vec<_> = odd
        .matches
        .headers
        .iter()
        .map(|it| (it.name.as_str(), it.value.clone(), it.invert))
        .collect();
    let exact = |text: &str| Some(StringMatch::Exact(text.to_owned()));
    assert_eq!(
        headers,
        [
            ("user-agent", Some(StringMatch::Prefix("Moz".to_owned())), false),
            ("x-canary", exact("true"), false),
            ("x-debug", None, true),
            ("x-env", exact("prod"), true),
            ("x-trace", None, false),
            (":method", Some(StringMatch::Regex("GET|POST".to_owned())), false),
            (":authority", exact("cart:8080"), false),
            (":scheme", exact("http"), false),
        ]
    );
    assert_eq!(odd.matches.query[0].name, "page");
    assert_eq!(odd.matches.query[1].value, exact("2"));

    let object = virtual_service(&mesh(text), "cart");
    assert_eq!(object["spec"]["hosts"], json!([HOST]));
    assert_eq!(
        object["spec"]["http"][0]["match"],
        json!([{
            "uri": { "exact": "/a" },
            "method": { "regex": "GET|POST" },
            "authority": { "exact": "cart:8080" },
            "scheme": { "exact": "http" },
            "headers": {
                "user-agent": { "prefix": "Moz" }, "x-canary": { "exact": "true" }, "x-trace": { "regex": ".*" },
            },
            "withoutHeaders": { "x-debug": { "regex": "*" }, "x-env": { "exact": "prod" } },
            "queryParams": { "page": { "regex": "[0-9]+" }, "v": { "exact": "2" } },
        }])
    );
}

#[test]
fn paths_are_compared_as_they_are_written() {
    let routes = cart(
        r#"
        route { match path-prefix="/API" ignore-case=#true; match path-regex="/v[0-9]+/.*"; to v2 }
        route { to v1 }"#,
    );
    assert_eq!(routes[0].matches.path, PathMatch::Prefix("/API".to_owned()));
    assert!(routes[0].matches.ignore_case);
    assert_eq!(routes[1].matches.path, PathMatch::Regex("/v[0-9]+/.*".to_owned()));
    assert_eq!(routes[2].matches.path, PathMatch::Prefix("/".to_owned()));
}

#[test]
fn what_stands_behind_a_route_that_takes_everything_is_not_sent() {
    let text = r#"
        route { match path-prefix="/"; to v1 }
        route { match { header x-canary "true" }; to v2 }"#;
    let found = mesh_compiler::compile(
        &One(&format!(
            "mesh m\nnetwork n\ncluster c network=n\nnamespace shop {{ service cart {{ port 8080 http; subset v1 version=v1; \
         subset v2 version=v2\n{text} }} }}"
        )),
        "spec.kdl",
    );
    assert_eq!(found.diagnostics.len(), 1, "{:#?}", found.diagnostics);
    assert_eq!(found.diagnostics[0].code.slug, "route-unreachable");
    assert_eq!(cart(text).len(), 1);
}

#[test]
fn routes_for_some_senders_are_given_to_these_alone() {
    let text = r#"
        route { match path="/slow" from=web; respond status=429 body="later" }
        route { match from="ops/*"; to v2 }
        route { to v1 }"#;
    let mesh = mesh(text);
    let of = |namespace, name| routes_of(&told(&mesh, namespace, name), "8080", HOST);
    let (web, batch) = (of("shop", "web-1"), of("ops", "batch-1"));
    assert_eq!((web.len(), batch.len()), (2, 1));
    assert!(
        matches!(&web[0].action, RouteAction::Respond(answer) if answer.status == 429 && answer.body == "later")
    );
    assert_eq!(
        forward(&batch[0]).clusters[0].cluster,
        format!("outbound|8080|v2|{HOST}")
    );

    let http = &virtual_service(&mesh, "cart")["spec"]["http"];
    let from_web =
        json!([{ "uri": { "exact": "/slow" }, "sourceNamespace": "shop", "sourceLabels": { "app": "web" } }]);
    assert_eq!(http[0]["match"], from_web);
    assert_eq!(http[1]["match"], json!([{ "sourceNamespace": "ops" }]));
    assert_eq!(
        http[0]["directResponse"],
        json!({ "status": 429, "body": { "string": "later" } })
    );
}

#[test]
fn a_machine_whose_labels_make_it_another_sender_has_routes_of_its_own() {
    let more = "service canaries { selector app=web tier=canary; port 81 http }
        service tap { port 3307 mysql; subset v2 version=v2; route { match from=canaries; to v2 } }";
    let mesh = with(more, "route { match from=canaries; to v2 }; route { to v1 }");
    let group = mesh
        .services
        .iter()
        .flat_map(|service| &service.groups)
        .find(|group| group.name == "web")
        .unwrap();
    for vm in &group.vms {
        let mut merged = snapshot::own(&mesh, group, vm);
        assert_eq!(merged.routes.is_empty(), vm.name == "web-1", "only one differs");
        merged.merge(snapshot::shared(&mesh, group));
        merged.merge(snapshot::clusters(&mesh, group));
        merged.include.clear();
        merged.outbound.sort_by(|a, b| a.name.cmp(&b.name));
        let whole = told(&mesh, "shop", &vm.name);
        assert_eq!(merged.routes, whole.routes);
        assert_eq!(merged.outbound, whole.outbound);
        merged.validate().unwrap();
    }
    let one = |vm| {
        forward(&routes_of(&told(&mesh, "shop", vm), "8080", HOST)[0]).clusters[0]
            .cluster
            .clone()
    };
    assert_eq!(one("web-1"), format!("outbound|8080|v1|{HOST}"));
    assert_eq!(one("web-2"), format!("outbound|8080|v2|{HOST}"));
}

#[test]
fn what_is_done_with_requests_is_said_in_full() {
    let text = r#"
        route {
            match path-prefix="/old"
            rewrite path="/new" host="cart.example.com"
            timeout "3s"
            retry 3 per-try="1s" on="5xx,503,reset" backoff="100ms" ignore-previous-hosts=#false remote-localities=#true
            mirror v2
            mirror service=legacy port=9000 share="0.1%"
            request { set X-Via mesh; add x-b c; remove x-debug x-also }
            response { add x-served-by cart }
            fault { delay "250ms" share="12.5%"; abort grpc=UNAVAILABLE share="1%" }
            cors origins="https://a.example,https://*.example.com,*" methods="GET,PUT" headers=x-token expose=x-id \
                max-age="10m"
            to v1 weight=3 { request { set x-version v1 } }
            to service=legacy port=9001 weight=1
            to v2 weight=0
        }
        route { match path-prefix="/gone"; redirect prefix="/here" host="new.example.com" scheme=https port=443 code=308 }
        route { match path-prefix="/users"; rewrite regex="^/users/([^/]+)" with="/u/\\1"; retry 0; to v1 { response { set x-a b } } }
        route { to }"#;
    let mesh = mesh(text);
    let routes = routes_of(&told(&mesh, "shop", "web-1"), "8080", HOST);
    let first = forward(&routes[0]);
    let clusters: Vec<_> = first
        .clusters
        .iter()
        .map(|it| (it.cluster.as_str(), it.weight))
        .collect();
    assert_eq!(
        clusters,
        [
            ("outbound|8080|v1|cart.shop.svc.cluster.local", 3),
            ("outbound|9001||legacy.shop.svc.cluster.local", 1)
        ]
    );
    assert_eq!(first.clusters[0].request_headers.set["x-version"], "v1");
    assert_eq!(first.path_rewrite, Some(PathRewrite::Prefix("/new".to_owned())));
    assert_eq!(first.host_rewrite.as_deref(), Some("cart.example.com"));
    assert_eq!(first.timeout, Millis(3000));
    let retry = first.retry.as_ref().unwrap();
    assert_eq!(
        (retry.attempts, retry.per_try_timeout, retry.back_off),
        (3, Millis(1000), Millis(100))
    );
    assert_eq!(retry.on, ["5xx", "reset", "retriable-status-codes"]);
    assert_eq!(retry.status_codes, [503]);
    assert!(!retry.other_endpoint && retry.other_locality);
    let mirrors: Vec<_> = first
        .mirrors
        .iter()
        .map(|it| (it.cluster.as_str(), it.share))
        .collect();
    assert_eq!(
        mirrors,
        [
            (
                "outbound|8080|v2|cart.shop.svc.cluster.local",
                PerMillion(1_000_000)
            ),
            ("outbound|9000||legacy.shop.svc.cluster.local", PerMillion(1000))
        ]
    );
    assert_eq!(routes[0].request_headers.set["x-via"], "mesh");
    assert_eq!(routes[0].request_headers.remove, ["x-also", "x-debug"]);
    let fault = routes[0].fault.as_ref().unwrap();
    assert_eq!(fault.delay.as_ref().unwrap().share, PerMillion(125_000));
    assert_eq!(fault.abort.as_ref().unwrap().grpc_status, Some(14));
    let origins = &routes[0].cors.as_ref().unwrap().allow_origins;
    assert_eq!(
        origins[1],
        StringMatch::Regex("https://[^/]+\\.example\\.com".to_owned())
    );
    assert_eq!(origins[2], StringMatch::Regex(".*".to_owned()));

    let RouteAction::Redirect(redirect) = &routes[1].action else {
        panic!("{:?}", routes[1])
    };
    assert_eq!((redirect.status, redirect.port), (308, None), "443 is https' own");
    assert_eq!(redirect.path, Some(PathRewrite::Prefix("/here".to_owned())));

    let users = forward(&routes[2]);
    assert_eq!(users.retry, None, "never again is what `retry 0` says");
    assert!(
        matches!(&users.path_rewrite, Some(PathRewrite::Regex { substitution, .. }) if substitution == "/u/\\1")
    );
    assert_eq!(
        routes[2].response_headers.set["x-a"], "b",
        "of the only destination, it is the route's"
    );

    let rest = forward(&routes[3]);
    assert_eq!(rest.clusters[0].cluster, format!("outbound|8080||{HOST}"));
    assert_eq!(rest.retry.as_ref().unwrap().attempts, 2, "Istio's default");

    let http = &virtual_service(&mesh, "cart")["spec"]["http"];
    assert_eq!(http[0]["route"][1]["weight"], 0);
    assert_eq!(
        http[0]["retries"],
        json!({
            "attempts": 3, "perTryTimeout": "1s", "retryOn": "5xx,503,reset", "backoff": "0.1s",
            "retryIgnorePreviousHosts": false, "retryRemoteLocalities": true,
        })
    );
    assert_eq!(http[0]["mirrors"][1]["percentage"]["value"], 0.1);
    assert_eq!(
        http[0]["fault"]["abort"],
        json!({ "grpcStatus": "UNAVAILABLE", "percentage": { "value": 1.0 } })
    );
    assert_eq!(http[1]["redirect"]["prefixRewrite"], "/here");
    assert_eq!(http[2]["retries"], json!({ "attempts": 0 }));
    assert_eq!(http[3]["route"], json!([{ "destination": { "host": HOST } }]));
}

#[test]
fn the_port_of_a_destination_is_named_where_it_could_be_another() {
    let mesh = with(
        "service two { port 81 http; port 82 http; route { match path=\"/x\"; to }; route port=81 { to }; route { to } }",
        "route { to service=legacy port=9001 }",
    );
    let two = &virtual_service(&mesh, "two")["spec"]["http"];
    let host = "two.shop.svc.cluster.local";
    assert_eq!(
        two[0]["route"],
        json!([{ "destination": { "host": host } }]),
        "that which was called"
    );
    assert_eq!(two[1]["match"], json!([{ "port": 81 }]));
    assert_eq!(
        two[1]["route"],
        json!([{ "destination": { "host": host, "port": { "number": 81 } } }])
    );
    let told = told(&mesh, "shop", "web-1");
    let names = |table| -> Vec<String> {
        let routes = routes_of(&told, table, host);
        routes
            .iter()
            .map(|route| forward(route).clusters[0].cluster.clone())
            .collect()
    };
    assert_eq!(
        names("81"),
        [format!("outbound|81||{host}"), format!("outbound|81||{host}")]
    );
    assert_eq!(
        names("82"),
        [format!("outbound|82||{host}"), format!("outbound|82||{host}")]
    );
}

/// Istio routes hosts on port 80 though their service has no such port; nothing listens there.
#[test]
fn a_host_with_routes_leads_nowhere_on_port_80() {
    let told = told(&mesh("route { to v1 }"), "shop", "web-1");
    let routes = routes_of(&told, "80", HOST);
    let cluster = &forward(&routes[0]).clusters[0].cluster;
    assert_eq!(cluster, &format!("outbound|80|v1|{HOST}"));
    assert_eq!(told.clusters[cluster].discovery, Discovery::BlackHole);
}

fn listener(snapshot: &Snapshot, port: u16) -> &OutboundListener {
    snapshot.outbound.iter().find(|it| it.port == port).unwrap()
}

#[test]
fn connections_are_shared_and_told_apart_by_address_and_sender() {
    let more = r#"service tap {
        port 3307 mysql; subset v1 version=v1; subset v2 version=v2
        route { match to="10.1.0.0/16,10.2.0.0/16" from=web; to v2 }
        route { match from="ops/batch"; to service=db port=3306 }
        route { to v1 weight=90; to v2 weight=10 }
    }"#;
    let mesh = with(more, "");
    let tap = |namespace, name| listener(&told(&mesh, namespace, name), 3307).protocol.clone();
    let OutboundProtocol::Tcp { clusters, routes } = tap("shop", "web-1") else {
        panic!()
    };
    assert_eq!(clusters.iter().map(|it| it.weight).collect::<Vec<_>>(), [90, 10]);
    assert_eq!(routes.len(), 1);
    assert_eq!(routes[0].addresses.len(), 2);
    assert!(routes[0].clusters[0].cluster.contains("|v2|"));
    let OutboundProtocol::Tcp { clusters, routes } = tap("ops", "batch-1") else {
        panic!()
    };
    assert!(routes.is_empty());
    assert_eq!(clusters[0].cluster, "outbound|3306||db.shop.svc.cluster.local");
    let object = virtual_service(&mesh, "tap");
    assert_eq!(
        object["spec"]["tcp"][0]["match"][0]["destinationSubnets"],
        json!(["10.1.0.0/16", "10.2.0.0/16"])
    );
    assert!(object["spec"].get("http").is_none());
}

/// istiod leaves out clusters of hosts that a proxy may not know; what leads there ends there.
#[test]
fn a_destination_that_a_machine_does_not_know_leads_nowhere() {
    let more = r#"
        external api host="api.example.com" visible=namespace { port 80 http; port 5432 tcp }
        service tap { port 3307 mysql; port 8081 http
            route port=3307 { to service=api port=5432 }; route port=8081 { to service=api port=80 } }"#;
    let mesh = with(more, "");
    let (near, far) = (told(&mesh, "shop", "web-1"), told(&mesh, "ops", "batch-1"));
    for name in ["outbound|80||api.example.com", "outbound|5432||api.example.com"] {
        assert_eq!(near.clusters[name].discovery, Discovery::StrictDns);
        assert_eq!(far.clusters[name].discovery, Discovery::BlackHole);
    }
}

#[test]
fn tls_goes_by_the_name_that_clients_ask_for() {
    let more = r#"
        service door {
            port 8443 https; subset v1 version=v1; subset v2 version=v2
            route { match sni="new.shop.example"; to v2 }
            route { to v1 }
        }
        external api host="*.api.example" { port 443 tls; route { match sni="a.api.example"; to service=door port=8443 }; route { to } }"#;
    let mesh = with(more, "");
    let told = told(&mesh, "shop", "web-1");
    let OutboundProtocol::Tls { routes, otherwise } = &listener(&told, 8443).protocol else {
        panic!("{:?}", listener(&told, 8443))
    };
    let names: Vec<_> = routes.iter().map(|route| route.sni.join(",")).collect();
    assert_eq!(names, ["new.shop.example", "door.shop.svc.cluster.local"]);
    assert!(routes[0].clusters[0].cluster.contains("|8443|v2|"));
    assert_eq!(otherwise, "PassthroughCluster");
    let object = virtual_service(&mesh, "door");
    assert_eq!(
        object["spec"]["hosts"],
        json!(["door.shop.svc.cluster.local", "new.shop.example"]),
        "Istio wants every name among the hosts"
    );
    let object = virtual_service(&mesh, "api");
    assert_eq!(object["spec"]["hosts"], json!(["*.api.example"]));
    assert_eq!(
        object["spec"]["tls"][1]["match"],
        json!([{ "sniHosts": ["*.api.example"] }])
    );
}

#[test]
fn ranges_of_one_match_are_not_those_of_the_next() {
    let more = r#"
        service door {
            port 443 tls; subset v1 version=v1; subset v2 version=v2
            route { match sni="a.shop.example" to="10.96.0.0/16"; match sni="b.shop.example"; to v1 }
            route { to v2 }
        }"#;
    let object = virtual_service(&with(more, ""), "door");
    let subnets = |route: usize, at: usize| &object["spec"]["tls"][route]["match"][at]["destinationSubnets"];
    assert_eq!(subnets(0, 0), &json!(["10.96.0.0/16"]));
    assert_eq!(
        subnets(0, 1),
        &json!(["0.0.0.0/0"]),
        "Istio keeps the last ranges"
    );
    assert_eq!(subnets(1, 0), &json!(["0.0.0.0/0"]));
}

#[test]
fn a_name_below_a_wildcard_is_no_host_of_its_own() {
    let more = r#"
        service door {
            port 8443 https; subset v1 version=v1; subset v2 version=v2
            route { match sni="a.shop.example"; to v1 }
            route { match sni="*.shop.example"; to v2 }
        }"#;
    let mesh = with(more, "");
    let object = virtual_service(&mesh, "door");
    assert_eq!(
        object["spec"]["hosts"],
        json!(["door.shop.svc.cluster.local", "*.shop.example"]),
        "Istio refuses hosts that take in each other"
    );
    let told = told(&mesh, "shop", "web-1");
    let OutboundProtocol::Tls { routes, .. } = &listener(&told, 8443).protocol else {
        panic!("{:?}", listener(&told, 8443))
    };
    assert_eq!(routes[0].sni, ["a.shop.example"]);
    assert_eq!(routes[1].sni, ["*.shop.example"]);
}

#[test]
fn a_request_that_is_hashed_is_so_on_every_route() {
    let hashed = "balance hash { header x-user }; route { match path=\"/x\"; to v1 }; route { to v1 weight=1; to v2 weight=1 }";
    let routes = cart(hashed);
    let header = HashPolicy::Header("x-user".to_owned());
    assert_eq!(forward(&routes[0]).hash, std::slice::from_ref(&header));
    assert!(
        !forward(&routes[0]).retry.as_ref().unwrap().other_endpoint,
        "it keeps to its endpoint"
    );
    assert_eq!(forward(&routes[1]).hash, [header.clone(), header]);
    assert!(forward(&routes[1]).retry.as_ref().unwrap().other_endpoint);
}

#[test]
fn the_order_of_everything_but_routes_says_nothing() {
    let one = "route { match path=\"/a\" from=\"web,ops/*\"; match path=\"/b\" { header a b; header c d }; to v1 weight=1; to v2 weight=2; mirror v1 share=\"1%\"; mirror v2 share=\"1%\" }; route { to }";
    let other = "route { mirror v2 share=\"1%\"; mirror v1 share=\"1%\"; to v2 weight=2; match path=\"/b\" { header c d; header a b }; to v1 weight=1; match path=\"/a\" from=\"ops/*,web\" }; route { to }";
    assert_eq!(
        virtual_service(&mesh(one), "cart"),
        virtual_service(&mesh(other), "cart")
    );
    assert_eq!(cart(one), cart(other));
}

struct One<'a>(&'a str);

impl World for One<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

/// What is found in the routes of `cart`, a line each.
fn mistakes(cart: &str) -> Vec<String> {
    let text = format!(
        "mesh m\nnetwork n\ncluster c network=n\nnamespace shop {{\nservice cart {{ subset v1 version=v1; subset v2 version=v2\n\
         {cart}\n}}\nservice web {{ port 80 http; port 81 http }}\naccount cron\n}}\n"
    );
    let found = mesh_compiler::compile(&One(&text), "spec.kdl");
    render::short(&found.diagnostics, &found.sources)
        .lines()
        .map(str::to_owned)
        .collect()
}

/// What is written, the code of the mistake, and words of what is said of it.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("port 8080 http; route { to v3 }", "MC-L007", "no subset `v3`"),
    ("port 8080 http; route { to web }", "MC-L007", "no subset `web`"),
    (
        "port 8080 http; route { to service=wob }",
        "MC-L007",
        "no service `wob`",
    ),
    (
        "port 8080 http; route { to service=web port=82 }",
        "MC-T009",
        "no port 82",
    ),
    (
        "port 8080 http; route { to service=web }",
        "MC-T009",
        "no port 8080",
    ),
    ("port 8080 http; route port=81 { to }", "MC-T009", "names port 81"),
    (
        "port 8080 http; route { to v1; mirror v9 }",
        "MC-L007",
        "no subset `v9`",
    ),
    (
        "port 8080 http; route { match from=nobody; to v1 }; route { to }",
        "MC-L007",
        "no service `nobody`",
    ),
    (
        "port 8080 http; route { match from=cron; to v1 }; route { to }",
        "MC-L007",
        "no service `cron`",
    ),
    (
        "port 8080 http; route { to v1 weight=1; to v2 }",
        "MC-T011",
        "has none",
    ),
    (
        "port 8080 http; route { to v1 weight=0; to v2 weight=0 }",
        "MC-T011",
        "are zero",
    ),
    (
        "port 8080 http; route a { match path=\"/\"; to }; route a { to }",
        "MC-L006",
        "`a` is declared twice",
    ),
    ("port 8080 http; route { }", "MC-L005", "does not say where to"),
    (
        "port 8080 http; route { to v1; redirect host=a.example }",
        "MC-L010",
        "exclude",
    ),
    (
        "port 8080 http; route { respond status=503; timeout \"1s\" }",
        "MC-L010",
        "exclude",
    ),
    (
        "port 8080 http; route { respond status=99 }",
        "MC-L004",
        "from 200 to 599",
    ),
    (
        "port 8080 http; route { redirect host=a.example code=304 }",
        "MC-L004",
        "`301`",
    ),
    ("port 8080 http; route { redirect }", "MC-L005", "where to"),
    ("port 8080 http; route { match; to }", "MC-L005", "what is asked"),
    (
        "port 8080 http; route { match path=\"/a\" path-prefix=\"/b\"; to }; route { to }",
        "MC-L010",
        "exclude",
    ),
    (
        "port 8080 http; route { match { header a b prefix=c }; to }; route { to }",
        "MC-L010",
        "exclude",
    ),
    (
        "port 8080 http; route { match { header \":method\" GET }; to }; route { to }",
        "MC-L004",
        "name of a header",
    ),
    (
        "port 8080 http; route { match { header a; header a absent=#true }; to }; route { to }",
        "MC-T021",
        "no request",
    ),
    (
        "port 8080 http; route { match path-regex=\"(a)\\\\1\"; to }; route { to }",
        "MC-T022",
        "refers back",
    ),
    (
        "port 8080 http; route { match path-regex=\"/(\"; to }; route { to }",
        "MC-T022",
        "is none",
    ),
    (
        "port 8080 http; route { rewrite regex=\"/a\" with=\"\\\\1\"; to }",
        "MC-T022",
        "names group 1",
    ),
    (
        "port 8080 http; route { timeout \"1s\"; retry 2 per-try=\"2s\"; to }",
        "MC-T023",
        "longer than",
    ),
    (
        "port 8080 http; route { timeout \"0s\"; to }",
        "MC-L004",
        "above zero",
    ),
    (
        "port 8080 http; route { retry 2 on=\"5xxx\"; to }",
        "MC-L004",
        "expected conditions",
    ),
    (
        "port 8080 http; route { retry 0 on=\"5xx\"; to }",
        "MC-L010",
        "exclude",
    ),
    (
        "port 8080 http; route { request { set transfer-encoding x }; to }",
        "MC-T024",
        "one connection",
    ),
    (
        "port 8080 http; route { request { set host x }; to }",
        "MC-T024",
        "`host`",
    ),
    (
        "port 8080 http; route { request { set a \"50% off\" }; to }",
        "MC-T024",
        "single `%`",
    ),
    (
        "port 8080 http; route { rewrite path=\"/v1\"; to }",
        "MC-T025",
        "/x becomes /v1x",
    ),
    (
        "port 8080 http; route { match path-regex=\"/a.*\"; rewrite path=\"/b\"; to }; route { to }",
        "MC-T025",
        "expression",
    ),
    ("port 8080 http; route { mirror v1; to v1 }", "MC-T026", "twice"),
    (
        "port 8080 http; route { mirror v2 share=\"0%\"; to v1 }",
        "MC-T027",
        "none of the requests",
    ),
    (
        "port 8080 http; route { fault; to v1 }",
        "MC-L005",
        "what goes wrong",
    ),
    (
        "port 8080 http; route { fault { abort share=\"1%\" }; to v1 }",
        "MC-L005",
        "with what",
    ),
    (
        "port 8080 http; route { cors origins=\"*\" credentials=#true; to }",
        "MC-T028",
        "every origin",
    ),
    (
        "port 8080 http; route { to v1 }; route { match path=\"/a\"; to v2 }",
        "MC-T018",
        "never reached",
    ),
    (
        "port 8080 http; route { match path=\"/a\"; to v2 }",
        "MC-T019",
        "404",
    ),
    (
        "port 3306 mysql; route { timeout \"1s\"; to v1 }",
        "MC-T020",
        "`timeout`",
    ),
    (
        "port 3306 mysql; route { match path=\"/\"; to v1 }",
        "MC-T020",
        "`path=`",
    ),
    (
        "port 3306 mysql; route { match sni=a.example; to v1 }",
        "MC-T020",
        "`sni=`",
    ),
    ("port 443 tls; route { retry 2; to v1 }", "MC-T020", "`retry`"),
    (
        "port 8080 http; route { match sni=a.example; to v1 }",
        "MC-T020",
        "`sni=`",
    ),
    (
        "port 8080 http; port 3306 mysql; route { to service=cart port=3306 }",
        "MC-T020",
        "requests are sent",
    ),
];

#[test]
fn every_mistake_is_found_in_one_run() {
    for (text, code, words) in MISTAKES {
        let found = mistakes(text);
        assert_eq!(found.len(), 1, "{text}: {found:#?}");
        assert!(
            found[0].contains(code) && found[0].contains(words),
            "{text}: {found:#?}"
        );
    }
    let together: String = [
        "port 8080 http",
        "route { to v3 }",
        "route { respond status=99 }",
        "route { timeout \"0s\"; retry 1 on=x; to v4 }",
    ]
    .join("; ");
    assert!(mistakes(&together).len() >= 5, "{:#?}", mistakes(&together));
}

#[test]
fn routes_that_are_meant_are_left_alone() {
    for text in [
        "port 8080 http; route { match path-prefix=\"/a/b\"; to v2 }; route { match path-prefix=\"/a\"; to v1 }; route { to }",
        "port 8080 http; route { match method=GET; to v2 }; route { match method=\"GET,POST\"; to v1 }; route { to }",
        "port 8080 http; route { match from=web; to v2 }; route { to }",
        "port 8080 http; route { match from=web; to v2 }",
        "port 8080 http; route { match path=\"/a\"; to }; route { respond status=404 }",
        "port 8080 http; port 9090 http; route port=8080 { to v1 }; route { to v2 }",
        "port 8080 http; port 3306 mysql; route { timeout \"1s\"; to v1 }",
        "port 443 tls; route { to v1 }; route { match sni=a.example; to v2 }",
        "port 8080 http; route { match path-prefix=\"/a/\"; rewrite path=\"/\"; to }; route { to }",
        "port 8080 http; route { mirror v2 share=\"5%\"; to v1 weight=90; to v2 weight=10 }",
        "port 8080 http; route { match { header a prefix=x; header a not=xy }; to v1 }; route { to }",
    ] {
        assert_eq!(mistakes(text), Vec::<String>::new(), "{text}");
    }
}
