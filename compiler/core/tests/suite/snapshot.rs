//! What a workload is told, in meshes that the reference does not show.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_compiler::World;
use mesh_compiler::emit::{names, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::Snapshot;
use mesh_wire::cluster::{Cluster, Discovery, Endpoint, Transport};
use mesh_wire::listener::{InboundProtocol, MtlsMode, OutboundProtocol};
use mesh_wire::matcher::StringMatch;
use mesh_wire::policy::{Permission, Principal};
use mesh_wire::route::RouteAction;

const WEB: &str = "outbound|80||web.shop.svc.cluster.local";
const DB: &str = "outbound|3306||db.shop.svc.cluster.local";

/// A mesh with pods behind `gateways`, VMs behind none, and `more` said of the mesh.
fn mesh(more: &str, gateways: &str) -> Mesh {
    compile(&format!(
        r#"
        mesh m {{ mtls strict; {more} }}
        network pods
        network machines
        cluster east network=pods {{ {gateways} }}
        namespace shop injection=#true {{
            service web {{ port 80 http target=8080 }}
            service db {{
                port 3306 mysql
                port 8081 http
                allow from=web
                allow from=web methods=GET
                mtls permissive port=9999
                vms network=machines {{
                    port admin 9999
                    health tcp=3306
                    vm db-1 address="10.0.0.1" weight=3
                    vm db-2 address="10.0.0.2" weight=1
                }}
            }}
        }}
        "#
    ))
}

const ONE_GATEWAY: &str = r#"gateway east-gw address="203.0.113.1""#;

#[test]
fn a_pod_dials_vms_itself_since_no_gateway_is_before_them() {
    let mesh = mesh("", ONE_GATEWAY);
    let told = snapshot::of(&mesh, &pod("web"), &snapshot::Options::default()).unwrap();
    assert_eq!(
        addresses(&told.clusters[DB]),
        [("10.0.0.1".to_owned(), 3306, 3), ("10.0.0.2".to_owned(), 3306, 1)]
    );
    assert_eq!(told.inbound[0].port, Some(8080));
    assert_eq!(
        told.node.unwrap().id,
        "sidecar~10.244.0.9~web-0.shop~shop.svc.cluster.local"
    );
}

#[test]
fn a_pod_dials_pods_of_its_network_where_their_addresses_are_known() {
    let mesh = mesh("", ONE_GATEWAY);
    let known = told(&mesh, &pod("web"), &["10.244.0.5", "10.244.0.6"]);
    let direct = [
        ("10.244.0.5".to_owned(), 8080, 1),
        ("10.244.0.6".to_owned(), 8080, 1),
    ];
    assert_eq!(addresses(&known.clusters[WEB]), direct);
    let unknown = told(&mesh, &pod("web"), &[]);
    assert_eq!(
        addresses(&unknown.clusters[WEB]),
        [("203.0.113.1".to_owned(), 15443, 1)]
    );
}

#[test]
fn several_gateways_share_what_lies_behind_them_and_the_rest_keeps_its_share() {
    let two = r#"gateway gw-a address="203.0.113.1"; gateway gw-b address="203.0.113.2""#;
    let mesh = mesh("", two);
    let vm = told(&mesh, &vm("db-1"), &["10.244.0.5", "10.244.0.6", "10.244.0.7"]);
    // Three pods, doubled so that two gateways can share them.
    let gateways = [
        ("203.0.113.1".to_owned(), 15443, 3),
        ("203.0.113.2".to_owned(), 15443, 3),
    ];
    assert_eq!(addresses(&vm.clusters[WEB]), gateways);
    assert_eq!(
        addresses(&vm.clusters[DB]),
        [("10.0.0.1".to_owned(), 3306, 6), ("10.0.0.2".to_owned(), 3306, 2)]
    );
}

#[test]
fn a_gateway_that_has_a_host_name_is_looked_up() {
    let mesh = mesh("", r#"gateway gw address="lb-1.cloud.example.com""#);
    let told = told(&mesh, &vm("db-1"), &[]);
    assert_eq!(told.clusters[WEB].discovery, Discovery::StrictDns);
    assert_eq!(
        addresses(&told.clusters[WEB]),
        [("lb-1.cloud.example.com".to_owned(), 15443, 1)]
    );
    assert_eq!(told.clusters[DB].discovery, Discovery::Listed);
}

#[test]
fn without_a_gateway_pods_are_reached_by_what_the_client_dialled() {
    let text = r#"
        mesh m
        network flat
        cluster east network=flat
        namespace shop injection=#true {
            service web cluster-ip="10.96.0.9" { port 80 http }
            service db { port 3306 mysql; vms network=flat { health tcp=3306; vm db-1 address="10.0.0.1" } }
        }
    "#;
    let mesh = compile(text);
    assert_eq!(
        told(&mesh, &vm("db-1"), &[]).clusters[WEB].discovery,
        Discovery::OriginalDestination
    );
    let known = told(&mesh, &vm("db-1"), &["10.244.0.5"]);
    assert_eq!(
        addresses(&known.clusters[WEB]),
        [("10.244.0.5".to_owned(), 80, 1)]
    );
}

#[test]
fn unknown_destinations_end_where_only_the_registry_counts() {
    let mesh = mesh("outbound registry-only", ONE_GATEWAY);
    let told = told(&mesh, &vm("db-1"), &[]);
    assert_eq!(told.outbound_default.as_deref(), Some("BlackHoleCluster"));
    let block = told.routes["80"].virtual_hosts.last().unwrap();
    assert_eq!(
        (block.name.as_str(), block.domains.as_slice()),
        ("block_all", &["*".to_owned()][..])
    );
    assert!(matches!(&block.routes[0].action, RouteAction::Respond(answer) if answer.status == 502));
    let OutboundProtocol::Http { otherwise, .. } = &told.outbound[0].protocol else {
        panic!("{:?}", told.outbound)
    };
    assert_eq!(otherwise, "BlackHoleCluster");
}

#[test]
fn a_rule_about_requests_allows_nothing_on_a_port_for_bytes() {
    let mesh = mesh("", ONE_GATEWAY);
    let told = told(&mesh, &vm("db-1"), &[]);
    let port = &told.inbound[0];
    assert_eq!(
        (port.protocol, port.mtls),
        (InboundProtocol::Tcp, MtlsMode::Strict)
    );
    let [first, second] =
        ["0", "1"].map(|rule| &port.policy.policies[&format!("ns[shop]-policy[db]-rule[{rule}]")]);
    assert_eq!(first.permissions, [Permission::Any]);
    assert_eq!(second.permissions, [Permission::Not(Box::new(Permission::Any))]);
    // Where HTTP may turn up, the rule stands as it is.
    let rest = told.inbound.last().unwrap();
    assert!(matches!(
        rest.policy.policies["ns[shop]-policy[db]-rule[1]"].permissions[0],
        Permission::All(_)
    ));
}

#[test]
fn a_port_has_its_own_mode_though_no_service_declares_it() {
    let mesh = mesh("", ONE_GATEWAY);
    let told = told(&mesh, &vm("db-1"), &[]);
    let modes: Vec<_> = told
        .inbound
        .iter()
        .map(|listener| (listener.port, listener.mtls))
        .collect();
    assert_eq!(
        modes,
        [
            (Some(3306), MtlsMode::Strict),
            (Some(8081), MtlsMode::Strict),
            (Some(9999), MtlsMode::Permissive),
            (None, MtlsMode::Strict)
        ]
    );
    told.validate().unwrap();
}

#[test]
fn every_name_of_the_trust_domain_is_trusted() {
    let mesh = mesh(
        "trust-domain new.example; trust-domain-alias old.example",
        ONE_GATEWAY,
    );
    let told = told(&mesh, &vm("db-1"), &[]);
    let Transport::Mesh(tls) = &told.clusters[WEB].transport else {
        panic!("{:?}", told.clusters[WEB])
    };
    let ids = [
        "spiffe://new.example/ns/shop/sa/web",
        "spiffe://old.example/ns/shop/sa/web",
    ];
    assert_eq!(tls.sans, ids.map(|id| StringMatch::Exact(id.to_owned())));
    let policy = &told.inbound[0].policy.policies["ns[shop]-policy[db]-rule[0]"];
    let exact = |id: &str| Principal::Authenticated(Some(StringMatch::Exact(id.to_owned())));
    assert_eq!(
        policy.principals,
        [Principal::All(vec![Principal::OneOf(ids.map(exact).to_vec())])]
    );
}

#[test]
fn tls_services_without_addresses_are_told_apart_by_their_names() {
    let text = r#"
        mesh m
        network n
        cluster east network=n { gateway gw address="203.0.113.1" }
        namespace shop injection=#true {
            service web { port 80 http }
            service db { port 3306 mysql; vms network=n { health tcp=3306; vm db-1 address="10.0.0.1" } }
            external one host="one.example.com" { port 443 tls }
            external two host="two.example.com" { port 443 tls }
        }
    "#;
    let mut mesh = compile(text);
    for service in mesh.services.iter_mut().filter(|service| service.is_external()) {
        service.addresses.clear();
    }
    let told = told(&mesh, &vm("db-1"), &[]);
    let listener = told
        .outbound
        .iter()
        .find(|listener| listener.name == "0.0.0.0_443")
        .unwrap();
    let OutboundProtocol::Tls { routes, .. } = &listener.protocol else {
        panic!("{listener:?}")
    };
    let names: Vec<_> = routes.iter().flat_map(|route| &route.sni).collect();
    assert_eq!(names, ["one.example.com", "two.example.com"]);
}

#[test]
fn short_names_are_those_that_resolve_where_the_viewer_stands() {
    let text = r#"
        mesh m
        network n
        cluster east network=n { gateway gw address="203.0.113.1" }
        namespace shop injection=#true { service web { port 80 http } }
        namespace back injection=#true {
            service db { port 3306 mysql; vms network=n { health tcp=3306; vm db-1 address="10.0.0.1" } }
        }
    "#;
    let mesh = compile(text);
    let workload = WorkloadRef::Vm {
        namespace: "back".to_owned(),
        name: "db-1".to_owned(),
    };
    let domains = &told(&mesh, &workload, &[]).routes["80"].virtual_hosts[0].domains;
    assert!(
        domains.contains(&"web.shop".to_owned()) && !domains.contains(&"web".to_owned()),
        "{domains:?}"
    );
}

#[test]
fn what_a_group_shares_and_what_is_a_vms_own_make_the_whole() {
    let mesh = mesh("", ONE_GATEWAY);
    let group = &mesh
        .services
        .iter()
        .find(|service| service.name == "db")
        .unwrap()
        .groups[0];
    for own in &group.vms {
        let mut merged = snapshot::own(&mesh, group, own);
        assert_eq!(merged.include, [snapshot::SHARED_FILE, snapshot::CLUSTERS_FILE]);
        merged.merge(snapshot::shared(&mesh, group));
        merged.merge(snapshot::clusters(&mesh, group));
        merged.include.clear();
        assert_eq!(merged, told(&mesh, &vm(&own.name), &[]));
    }
    let table = names::of_group(&mesh, group);
    assert!(
        table
            .hosts
            .values()
            .all(|entry| entry.addresses.iter().all(IpAddr::is_ipv4)),
        "{table:?}"
    );
}

#[test]
fn a_workload_that_is_not_there_is_named() {
    let mesh = mesh("", ONE_GATEWAY);
    let error = snapshot::of(&mesh, &vm("db-9"), &snapshot::Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "the mesh has no VM `db-9` in namespace `shop`");
}

fn told(mesh: &Mesh, workload: &WorkloadRef, pods_of_web: &[&str]) -> Snapshot {
    let pods: Vec<IpAddr> = pods_of_web
        .iter()
        .map(|address| address.parse().unwrap())
        .collect();
    let known = (!pods.is_empty()).then(|| ("web.shop.svc.cluster.local".to_owned(), pods));
    let options = snapshot::Options {
        pod_endpoints: BTreeMap::from_iter(known),
    };
    let snapshot = snapshot::of(mesh, workload, &options).unwrap();
    snapshot.validate().unwrap();
    snapshot
}

fn vm(name: &str) -> WorkloadRef {
    WorkloadRef::Vm {
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    }
}

fn pod(service: &str) -> WorkloadRef {
    WorkloadRef::Pod {
        namespace: "shop".to_owned(),
        name: format!("{service}-0"),
        account: service.to_owned(),
        service: Some(service.to_owned()),
        address: IpAddr::from([10, 244, 0, 9]),
        cluster: "east".to_owned(),
    }
}

/// Address, port and weight of every endpoint.
fn addresses(cluster: &Cluster) -> Vec<(String, u16, u32)> {
    let endpoint = |endpoint: &Endpoint| (endpoint.address.clone(), endpoint.port, endpoint.weight);
    cluster
        .endpoints
        .iter()
        .flat_map(|place| place.endpoints.iter().map(endpoint))
        .collect()
}

struct Text<'a>(&'a str);

impl World for Text<'_> {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

fn compile(text: &str) -> Mesh {
    let compiled = mesh_compiler::compile(&Text(text), "spec.kdl");
    compiled
        .model
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

#[test]
fn gateways_are_dialled_in_plaintext_where_the_mesh_has_no_mutual_tls() {
    let port = "outbound|15012||east-gw.istio-system.svc.cluster.local";
    let gateway = r#"gateway east-gw address="203.0.113.1" cluster-ip="10.96.0.50""#;
    let transport = |mesh: &Mesh| {
        let told = snapshot::of(mesh, &pod("web"), &snapshot::Options::default()).unwrap();
        told.clusters[port].transport.clone()
    };
    assert!(matches!(transport(&mesh("", gateway)), Transport::Mesh(_)));
    let without = compile(&format!(
        "mesh m {{ mtls disable }}
        network pods
        cluster east network=pods {{ {gateway} }}
        namespace shop {{ service web {{ port 80 http }} }}"
    ));
    assert_eq!(transport(&without), Transport::Plaintext);
}
