//! Meshes of several clusters, and of one that says nothing of itself.

use std::collections::BTreeMap;

use crate::common;
use mesh_compiler::emit::{self, names, snapshot};
use mesh_compiler::model::{Mesh, WorkloadRef};
use mesh_wire::cluster::Cluster;
use mesh_wire::{Sha256, Snapshot};

const CART: &str = "outbound|8080||cart.shop.svc.cluster.local";

/// Two clusters on networks of their own; `stock` runs on VMs that belong to the second.
const TWO: &str = r#"
mesh shop
network east
network west
network machines cidr="10.10.0.0/24"
cluster one network=east {
    gateway address="203.0.113.1,203.0.113.2" cluster-ip="10.96.0.50"
}
cluster two network=west {
    gateway address="lb.example.com" cluster-ip="10.97.0.50"
    gateway istio-second address="203.0.113.3" port=16443
}
namespace shop {
    service cart {
        port 8080 http
        pods cluster=one locality="us-east/a"
        pods cluster=two locality="us-west/a"
    }
    service stock {
        port 5432 tcp
        vms network=machines cluster=two {
            health tcp=5432
            vm stock-1 address="10.10.0.5"
        }
    }
    service ledger {
        port 9000 grpc
        pods cluster=one
        vms network=machines {
            health tcp=9000
            vm ledger-1 address="10.10.0.6"
        }
    }
}
namespace billing revision=canary {
    service invoices { port 8080 http; pods cluster=two }
}
"#;

#[test]
fn a_vm_reaches_the_pods_of_every_cluster_through_its_gateways() {
    let mesh = common::compile_text(TWO);
    let told = told(&mesh, "shop", "stock-1");
    // Nobody knows how many pods there are: one stands for all of a cluster, and its two gateways share it.
    let expected = [
        ("us-east/a", "203.0.113.1", 15443),
        ("us-east/a", "203.0.113.2", 15443),
        ("us-west/a", "203.0.113.3", 16443),
        ("us-west/a", "lb.example.com", 15443),
    ];
    let expected = expected.map(|(place, address, port)| (place.to_owned(), address.to_owned(), port, 1));
    assert_eq!(endpoints(&told.clusters[CART]), expected);
    assert_eq!(told.node.unwrap().cluster, "two");
}

#[test]
fn a_pod_reaches_the_pods_of_its_own_network_itself_and_others_through_their_gateways() {
    let mesh = common::compile_text(&TWO.replace("network east\n", "network east cidr=\"10.1.0.0/16\"\n"));
    let pod = WorkloadRef::Pod {
        namespace: "shop".to_owned(),
        name: "cart-0".to_owned(),
        account: "cart".to_owned(),
        service: Some("cart".to_owned()),
        address: "10.1.0.9".parse().unwrap(),
        cluster: "one".to_owned(),
    };
    let here = vec!["10.1.0.9".parse().unwrap(), "10.1.0.10".parse().unwrap()];
    let known = BTreeMap::from([("cart.shop.svc.cluster.local".to_owned(), here)]);
    let options = snapshot::Options { pod_endpoints: known };
    let told = snapshot::of(&mesh, &pod, &options).unwrap();
    told.validate().unwrap();
    let found = endpoints(&told.clusters[CART]);
    let near: Vec<_> = found
        .iter()
        .filter(|(place, ..)| place == "us-east/a")
        .map(|(_, address, port, weight)| (address.as_str(), *port, *weight))
        .collect();
    assert_eq!(near, [("10.1.0.10", 8080, 2), ("10.1.0.9", 8080, 2)]);
    assert_eq!(told.node.unwrap().locality.region, "us-east");
}

#[test]
fn a_group_belongs_to_the_cluster_that_it_names_or_to_that_of_its_services_pods() {
    let mesh = common::compile_text(TWO);
    let cluster = |service: &str| mesh.service("shop", service).unwrap().groups[0].cluster.clone();
    assert_eq!(
        (cluster("stock"), cluster("ledger")),
        ("two".to_owned(), "one".to_owned())
    );
    let objects = |cluster: &str| text(&mesh, &format!("kubernetes/{cluster}/30-shop-vms.yaml"));
    let (one, two) = (objects("one"), objects("two"));
    assert!(one.contains("ledger-1") && !one.contains("stock"), "{one}");
    assert!(two.contains("stock-1") && !two.contains("ledger"), "{two}");
    // The name is known in both: pods of every cluster look it up where they are.
    for cluster in ["one", "two"] {
        assert!(text(&mesh, &format!("kubernetes/{cluster}/20-shop.yaml")).contains("name: stock"));
    }
}

#[test]
fn a_gateways_own_service_has_the_address_of_the_viewers_cluster() {
    let mesh = common::compile_text(TWO);
    for (service, address) in [("stock", "10.97.0.50"), ("ledger", "10.96.0.50")] {
        let group = &mesh.service("shop", service).unwrap().groups[0];
        let entry =
            &names::of_group(&mesh, group).hosts["istio-eastwestgateway.istio-system.svc.cluster.local"];
        assert_eq!(entry.addresses, [address.parse::<std::net::IpAddr>().unwrap()]);
    }
}

#[test]
fn a_gateways_own_service_has_the_port_that_other_networks_dial() {
    let with = "gateway istio-second address=\"203.0.113.3\" port=16443 cluster-ip=\"10.97.0.51\"";
    let mesh =
        common::compile_text(&TWO.replace("gateway istio-second address=\"203.0.113.3\" port=16443", with));
    let told = told(&mesh, "shop", "stock-1");
    let ports = |name: &str| {
        let end = format!("||{name}.istio-system.svc.cluster.local");
        let numbers = told.clusters.keys().filter_map(|key| {
            let port = key.strip_prefix("outbound|")?.strip_suffix(&end)?;
            port.parse::<u16>().ok()
        });
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(ports("istio-second"), [15012, 15017, 15021, 16443]);
    assert_eq!(ports("istio-eastwestgateway"), [15012, 15017, 15021, 15443]);
    let dialled: Vec<_> = told
        .outbound
        .iter()
        .filter(|listener| listener.name.starts_with("10.97.0.51_"))
        .map(|listener| listener.port)
        .collect();
    assert!(
        dialled.contains(&16443) && !dialled.contains(&15443),
        "{dialled:?}"
    );
}

#[test]
fn each_cluster_has_its_own_gateways_and_names_itself() {
    let mesh = common::compile_text(TWO);
    let system = |cluster: &str| text(&mesh, &format!("kubernetes/{cluster}/10-istio-system.yaml"));
    assert!(system("one").contains("name: cross-network-gateway\n"));
    assert!(system("two").contains("name: cross-network-gateway-second\n"));
    let values = text(&mesh, "kubernetes/two/istiod.values.yaml");
    for line in ["network: west", "clusterName: two", "meshID: shop"] {
        assert!(values.contains(line), "{values}");
    }
    let namespaces = text(&mesh, "kubernetes/one/00-namespaces.yaml");
    assert!(namespaces.contains("topology.istio.io/network: east"));
    assert!(namespaces.contains("istio-injection: enabled") && namespaces.contains("istio.io/rev: canary"));
}

#[test]
fn a_mesh_that_says_nothing_of_itself_is_one_cluster_on_one_network() {
    let mesh = common::compile_text(
        r#"
        mesh shop
        namespace shop {
            service web { port 8080 http }
            service db { port 5432 tcp; vms { health tcp=5432; vm db-1 address="10.0.1.10" } }
        }
        "#,
    );
    let told = told(&mesh, "shop", "db-1");
    let node = told.node.unwrap();
    assert_eq!((node.cluster.as_str(), node.network.as_str()), ("Kubernetes", ""));
    let all: String = emit::emit(&mesh, &options())
        .into_iter()
        .filter(|(path, _)| path.starts_with("kubernetes/Kubernetes/"))
        .map(|(_, file)| String::from_utf8(file.bytes).unwrap())
        .collect();
    assert!(all.contains("name: db-1") && !all.contains("network:"), "{all}");
}

fn told(mesh: &Mesh, namespace: &str, name: &str) -> Snapshot {
    let workload = WorkloadRef::Vm {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let told = snapshot::of(mesh, &workload, &snapshot::Options::default()).unwrap();
    told.validate().unwrap();
    told
}

/// Place, address, port and weight of every endpoint, ordered.
fn endpoints(cluster: &Cluster) -> Vec<(String, String, u16, u32)> {
    let mut all: Vec<_> = cluster
        .endpoints
        .iter()
        .flat_map(|place| {
            let locality = format!("{}/{}", place.locality.region, place.locality.zone);
            place.endpoints.iter().map(move |endpoint| {
                (
                    locality.clone(),
                    endpoint.address.clone(),
                    endpoint.port,
                    endpoint.weight,
                )
            })
        })
        .collect();
    all.sort();
    all
}

fn text(mesh: &Mesh, path: &str) -> String {
    let output = emit::emit(mesh, &options());
    let file = output
        .get(path)
        .unwrap_or_else(|| panic!("{path} is not among {:?}", output.keys()));
    String::from_utf8(file.bytes.clone()).unwrap()
}

fn options() -> emit::Options {
    emit::Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    }
}
