//! A VM's snapshot lies in parts, of which it shares two with others: together they are what was compiled for it.

use std::collections::{BTreeMap, BTreeSet};

use crate::common;
use mesh_compiler::emit::{self, Output, snapshot};
use mesh_compiler::model::{Engine, Mesh, WorkloadRef};
use mesh_wire::bundle::Bundle;
use mesh_wire::{Sha256, Snapshot};

/// Two clusters and networks, both families, and a service that not everybody sees.
const MANY_VIEWS: &str = r#"
mesh views { istio version="1.31" }
network kube-a
network kube-b
network vm cidr="10.0.0.0/16,fd00::/64"
network far cidr="10.1.0.0/16"
cluster a network=kube-a { gateway address="203.0.113.10" }
cluster b network=kube-b { gateway address="203.0.113.20" }
namespace shop {
    service web { port 80 http; pods cluster=a; pods cluster=b }
    service db { port 3306 mysql; vms cluster=a network=vm { vm db-1 address="10.0.0.1"; vm db-2 address="10.0.0.2" } }
    service six { port 81 http; vms cluster=a network=vm { vm six-1 address="fd00::6" } }
    service far { port 82 http; vms cluster=b network=far { vm far-1 address="10.1.0.1" } }
    external api host="api.example.com" visible=namespace { port 443 tls }
}
namespace ops {
    service log { port 83 http; vms cluster=a network=vm { vm log-1 address="10.0.0.9" } }
}
"#;

#[test]
fn the_parts_of_every_example_make_the_whole() {
    for example in common::examples() {
        // The thousand of the fleet are all alike.
        parts_make_the_whole(&common::example(&example), 50);
    }
}

#[test]
fn groups_share_clusters_exactly_where_they_see_the_same() {
    let mesh = common::compile_text(MANY_VIEWS);
    let output = parts_make_the_whole(&mesh, 50);
    let shared: BTreeSet<_> = output
        .keys()
        .filter_map(|path| path.strip_suffix("/rootfs/etc/meshd/clusters.json"))
        .collect();
    let expected = [
        "networks/far.b.shop",
        "networks/vm.a.ops",
        "networks/vm.a.shop",
        "networks/vm.a.shop.ipv6",
    ];
    assert_eq!(shared, BTreeSet::from(expected));
}

#[test]
fn where_all_see_the_same_there_is_one_file() {
    let mesh = common::example("forum");
    let output = emit::emit(&mesh, &options());
    let shared = output.keys().filter(|path| path.ends_with("/clusters.json"));
    assert_eq!(
        shared.collect::<Vec<_>>(),
        ["networks/vm-network/rootfs/etc/meshd/clusters.json"]
    );
}

fn parts_make_the_whole(mesh: &Mesh, most: usize) -> Output {
    let output = emit::emit(mesh, &options());
    for group in mesh.groups.iter().filter(|group| group.engine == Engine::Meshd) {
        for vm in group.vms.iter().take(most) {
            let workload = WorkloadRef::Vm {
                namespace: group.namespace.clone(),
                name: vm.name.clone(),
            };
            let mut whole = snapshot::of(mesh, &workload, &snapshot::Options::default()).unwrap();
            let mut merged = merged(&output, &vm.name);
            for snapshot in [&mut whole, &mut merged] {
                snapshot.outbound.sort_by(|a, b| a.name.cmp(&b.name));
            }
            assert_eq!(merged, whole, "{}", vm.name);
        }
    }
    output
}

/// What meshd makes of a VM's files.
fn merged(output: &Output, vm: &str) -> Snapshot {
    let bundle: Bundle = serde_json::from_slice(&output[&format!("vms/{vm}/bundle.json")].bytes).unwrap();
    let read = |name: &str| -> Snapshot {
        let path = format!("/etc/meshd/{name}");
        let file = bundle.files.iter().find(|file| file.path == path).unwrap();
        serde_json::from_slice(&output[&file.source].bytes).unwrap()
    };
    let mut snapshot = read("snapshot.json");
    for include in std::mem::take(&mut snapshot.include) {
        snapshot.merge(read(&include));
    }
    snapshot
}

fn options() -> emit::Options {
    emit::Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    }
}
