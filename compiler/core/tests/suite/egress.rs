//! What leaves the mesh by an egress gateway.

use std::collections::BTreeMap;

use crate::common;
use mesh_compiler::emit::snapshot;
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::Snapshot;
use mesh_wire::cluster::Transport;
use mesh_wire::listener::OutboundProtocol;
use mesh_wire::route::RouteAction;
use serde_json::{Value, json};

const GATEWAY: &str = "istio-egressgateway.istio-system.svc.cluster.local";

fn mesh(said: &str) -> Mesh {
    common::compile_text(&spec(said))
}

fn spec(said: &str) -> String {
    format!(
        r#"
        mesh m {{ mtls strict; outbound registry-only }}
        network pods
        network machines cidr="10.0.0.0/24"
        cluster east network=pods {{ gateway address="203.0.113.1"; egress; egress second }}
        namespace shop {{
            service cart {{
                port 8080 http
                vms network=machines {{ health http=8080; vm cart-1 address="10.0.0.1" }}
            }}
            {said}
        }}
        "#
    )
}

fn told(mesh: &Mesh) -> Snapshot {
    let vm = WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: "cart-1".to_owned(),
    };
    let told = snapshot::of(mesh, &vm, &snapshot::Options::default()).unwrap();
    told.validate().unwrap();
    told
}

/// The port of the gateway for a port of `shop/NAME`.
fn exit(mesh: &Mesh, name: &str, port: u16) -> u16 {
    mesh.service("shop", name).unwrap().exit.as_ref().unwrap().ports[&port]
}

fn objects(mesh: &Mesh) -> BTreeMap<(String, String), Value> {
    let output = common::emitted(mesh);
    let texts = ["10-istio-system.yaml", "20-shop.yaml"];
    let texts = texts.map(|file| &output[&format!("kubernetes/east/{file}")].bytes);
    let documents = texts
        .into_iter()
        .flat_map(|text| serde_yaml::Deserializer::from_slice(text));
    let object = |document| -> Value { serde::Deserialize::deserialize(document).unwrap() };
    let key = |object: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&object["kind"]), text(&object["metadata"]["name"]))
    };
    let objects = documents.map(object);
    objects.map(|object| (key(&object), object)).collect()
}

const PAYMENTS: &str = r#"
    external payments host="api.example.com" visible=namespace {
        port 80 http target=443 { tls simple }
        egress
    }
"#;

#[test]
fn requests_go_to_the_gateway_and_tls_begins_there() {
    let mesh = mesh(PAYMENTS);
    let port = exit(&mesh, "payments", 80);
    let objects = objects(&mesh);
    let object = |kind: &str, name: &str| &objects[&(kind.to_owned(), name.to_owned())]["spec"];
    assert_eq!(
        *object("VirtualService", "payments"),
        json!({
            "hosts": ["api.example.com"],
            "gateways": ["mesh", "payments-egress"],
            "exportTo": ["istio-system", "."],
            "http": [
                {
                    "match": [{ "port": 80, "gateways": ["mesh"] }],
                    "route": [{ "destination": { "host": GATEWAY, "port": { "number": port } } }],
                },
                {
                    "match": [{ "gateways": ["payments-egress"], "port": port }],
                    "route": [{ "destination": { "host": "api.example.com", "port": { "number": 80 } } }],
                },
            ],
        })
    );
    assert_eq!(
        *object("Gateway", "payments-egress"),
        json!({
            "selector": { "istio": "egressgateway" },
            "servers": [{
                "port": { "number": port, "name": format!("https-{port}"), "protocol": "HTTPS" },
                "tls": { "mode": "ISTIO_MUTUAL" },
                "hosts": ["./*"],
            }],
        })
    );
    assert_eq!(
        *object("DestinationRule", "istio-egressgateway"),
        json!({ "host": GATEWAY, "trafficPolicy": { "tls": { "mode": "ISTIO_MUTUAL" } } })
    );
    // The gateway, in another namespace, has to know the service and how to call it.
    for kind in ["ServiceEntry", "DestinationRule"] {
        assert_eq!(
            object(kind, "payments")["exportTo"],
            json!(["istio-system", "."]),
            "{kind}"
        );
    }
}

#[test]
fn a_machine_reaches_the_gateway_through_the_one_between_networks() {
    let mesh = mesh(PAYMENTS);
    let (told, port) = (told(&mesh), exit(&mesh, "payments", 80));
    let name = format!("outbound|{port}||{GATEWAY}");
    let host = told.routes["80"]
        .virtual_hosts
        .iter()
        .find(|host| host.name == "api.example.com:80");
    let RouteAction::Forward(forward) = &host.unwrap().routes[0].action else {
        panic!("requests are forwarded");
    };
    assert_eq!(forward.clusters[0].cluster, name);
    let cluster = &told.clusters[&name];
    let ends: Vec<_> = cluster
        .endpoints
        .iter()
        .flat_map(|place| &place.endpoints)
        .collect();
    assert_eq!(
        (ends[0].address.as_str(), ends[0].port, ends.len()),
        ("203.0.113.1", 15443, 1)
    );
    let Transport::Mesh(tls) = &cluster.transport else {
        panic!("the gateway is called by mutual TLS");
    };
    assert_eq!(tls.sni, format!("outbound_.{port}_._.{GATEWAY}"));
    assert_eq!(
        serde_json::to_value(&tls.sans).unwrap(),
        json!([{ "exact": "spiffe://cluster.local/ns/istio-system/sa/istio-egressgateway" }])
    );
}

#[test]
fn bytes_and_tls_have_ports_of_the_gateway_to_themselves() {
    let mesh = mesh(
        r#"
        external ident host="login.example.com" { port 443 tls; egress }
        external ledger host="ledger.example.com" { port 5432 tcp; port 9000 grpc; egress second }
        external wiki host="*.wiki.example.org" { port 443 tls; endpoint "www.wiki.example.org"; egress }
        "#,
    );
    let told = told(&mesh);
    let led: BTreeMap<&str, String> = told
        .outbound
        .iter()
        .filter_map(|listener| {
            let (name, clusters) = match &listener.protocol {
                OutboundProtocol::Tls { routes, .. } => (routes[0].sni[0].as_str(), &routes[0].clusters),
                OutboundProtocol::Tcp { clusters, .. } if listener.port == 5432 => ("ledger", clusters),
                _ => return None,
            };
            Some((name, clusters[0].cluster.clone()))
        })
        .collect();
    let second = GATEWAY.replace("istio-egressgateway", "second");
    let to = |port: u16, host: &str| format!("outbound|{port}||{host}");
    assert_eq!(
        led,
        BTreeMap::from([
            ("login.example.com", to(exit(&mesh, "ident", 443), GATEWAY)),
            ("*.wiki.example.org", to(exit(&mesh, "wiki", 443), GATEWAY)),
            ("ledger", to(exit(&mesh, "ledger", 5432), &second)),
        ])
    );
    let output = common::emitted(&mesh);
    let values = &output["kubernetes/east/second.values.yaml"].bytes;
    let values: Value = serde_yaml::from_slice(values).unwrap();
    let port = |name: &str, number: u16| json!({ "name": format!("{name}-{number}"), "port": number, "targetPort": number });
    let mut ports = vec![
        port("tcp", exit(&mesh, "ledger", 5432)),
        port("http2", exit(&mesh, "ledger", 9000)),
    ];
    ports.sort_by_key(|port| port["port"].as_u64());
    ports.insert(
        0,
        json!({ "name": "status-port", "port": 15021, "targetPort": 15021 }),
    );
    assert_eq!(values["service"], json!({ "type": "ClusterIP", "ports": ports }));
    // Without it istiod would tell machines of no way to the pods.
    assert_eq!(values["labels"]["security.istio.io/tlsMode"], "istio");
}

#[test]
fn another_service_moves_no_port() {
    let one = mesh(PAYMENTS);
    let both = mesh(&format!(
        "{PAYMENTS} external a host=\"a.example.com\" {{ port 443 tls; egress }}"
    ));
    assert_eq!(exit(&one, "payments", 80), exit(&both, "payments", 80));
}

#[test]
fn a_gateway_reads_certificates_from_a_secret() {
    let mesh = mesh(&PAYMENTS.replace("tls simple", "tls mutual credential=payments-client"));
    let objects = objects(&mesh);
    let rule = &objects[&("DestinationRule".to_owned(), "payments".to_owned())]["spec"];
    assert_eq!(
        rule["trafficPolicy"]["portLevelSettings"],
        json!([{ "port": { "number": 80 }, "tls": { "mode": "MUTUAL", "credentialName": "payments-client" } }])
    );
    // Whoever is no gateway has no TLS for it: requests go to the gateway.
    let told = told(&mesh);
    let direct = &told.clusters["outbound|80||api.example.com"];
    assert_eq!(direct.transport, Transport::Plaintext);
}

#[test]
fn a_secret_is_read_by_gateways_alone_and_instead_of_files() {
    let told = |said: &str| -> Vec<String> {
        let found = common::diagnostics(&spec(said));
        found
            .iter()
            .map(|one| format!("{}: {}", one.code.id, one.message))
            .collect()
    };
    let external = |tls: &str, egress: &str| {
        format!(
            r#"external a host="a.example.com" visible=namespace {{ port 80 http target=443 {{ {tls} }}; {egress} }}"#
        )
    };
    assert_eq!(
        told(&external("tls simple credential=roots", "egress")),
        Vec::<String>::new()
    );
    assert_eq!(
        told(&external("tls simple credential=roots", "")),
        ["MC-L005: `credential=` needs `egress`: only an egress gateway reads Secrets"]
    );
    assert_eq!(
        told(&external(
            "tls mutual credential=own key=\"/etc/key.pem\"",
            "egress"
        )),
        ["MC-L010: `key=` and `credential=` exclude each other"]
    );
}

#[test]
fn an_egress_gateway_that_is_not_there_is_told() {
    let told = |said: &str| -> Vec<(String, String)> {
        let found = common::diagnostics(&spec(said));
        let of = |one: &mesh_compiler::diag::Diagnostic| (one.code.id.to_owned(), one.message.clone());
        found.iter().map(of).collect()
    };
    let one = |code: &str, message: &str| vec![(code.to_owned(), message.to_owned())];
    assert_eq!(
        told(r#"external a host="a.example.com" { port 443 tls; egress secnd }"#),
        one("MC-L007", "no cluster has an egress gateway `secnd`")
    );
    assert_eq!(
        told(r#"external a host="a.example.com" { port 80 http; egress; route { timeout "1s"; to } }"#),
        one("MC-L010", "`route` and `egress` exclude each other")
    );
    assert_eq!(
        told(r#"external a host="a.example.com" { port 53 udp; egress }"#),
        one(
            "MC-T044",
            "port 53 would not leave by the gateway: Istio does not carry UDP"
        )
    );
}
