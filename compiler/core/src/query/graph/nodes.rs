//! What there is to be drawn.

use super::{Lane, Node, NodeKind};
use crate::model::{Engine, Gateway, Group, Kind, Mesh, Service, WorkloadRef};
use crate::query::caller::nowhere;

/// A node, and who it is to others.
pub(super) struct Found<'a> {
    pub(super) node: Node,
    /// Namespace and account; what lies outside has none.
    pub(super) identity: Option<(&'a str, &'a str)>,
    /// Whose snapshot says who may call it.
    pub(super) workload: Option<WorkloadRef>,
    /// Its services.
    pub(super) services: Vec<&'a Service>,
    pub(super) address: std::net::IpAddr,
}

/// Networks by name; then what lies outside, where there is anything.
pub(super) fn lanes(mesh: &Mesh) -> Vec<Lane> {
    let of = |name: &str, cidrs: Vec<String>| {
        let clusters = mesh.clusters.values().filter(|cluster| cluster.network == name);
        Lane {
            name: if name.is_empty() {
                "the only network".to_owned()
            } else {
                name.to_owned()
            },
            cidrs,
            clusters: clusters.map(|cluster| cluster.name.clone()).collect(),
            gateways: mesh.gateways_of(name).flat_map(gateway).collect(),
            outside: false,
        }
    };
    let mut lanes: Vec<_> = mesh
        .networks
        .values()
        .map(|network| {
            of(
                &network.name,
                network.cidrs.iter().map(ToString::to_string).collect(),
            )
        })
        .collect();
    if lanes.is_empty() {
        lanes.push(of("", Vec::new()));
    }
    if mesh.services.iter().any(Service::is_external) {
        lanes.push(Lane {
            name: "outside the mesh".to_owned(),
            cidrs: Vec::new(),
            clusters: Vec::new(),
            gateways: Vec::new(),
            outside: true,
        });
    }
    lanes
}

fn gateway(gateway: &Gateway) -> Vec<String> {
    let one = |address: &String| format!("{} {address}:{}", gateway.name, gateway.port);
    gateway.addresses.iter().map(one).collect()
}

/// Everything that runs, ordered by lane, namespace and name.
pub(super) fn all<'a>(mesh: &'a Mesh, lanes: &[Lane]) -> Vec<Found<'a>> {
    let lane = |network: &str| lanes.iter().position(|lane| lane.name == network).unwrap_or(0);
    let mut found = Vec::new();
    for service in &mesh.services {
        if service.is_external() {
            found.push(external(service, lanes.len().saturating_sub(1)));
        }
        for pods in &service.pods {
            let workload = WorkloadRef::Pod {
                namespace: service.namespace.clone(),
                name: service.name.clone(),
                account: service.account.clone(),
                service: Some(service.name.clone()),
                address: nowhere(mesh, &pods.cluster),
                cluster: pods.cluster.clone(),
            };
            let injected = mesh
                .namespaces
                .get(&service.namespace)
                .is_some_and(|found| found.injection);
            let word = if service.kind == Kind::Egress {
                "egress gateway"
            } else {
                "pods"
            };
            found.push(Found {
                node: Node {
                    id: format!("pods/{}/{}/{}", service.namespace, service.name, pods.cluster),
                    lane: lane(&pods.network),
                    kind: NodeKind::Pods,
                    namespace: service.namespace.clone(),
                    title: service.name.clone(),
                    detail: vec![format!("{word} in {}", pods.cluster), ports(&[service])],
                    open: false,
                    place: Some(service.span),
                },
                identity: Some((&service.namespace, &service.account)),
                workload: Some(workload).filter(|_| injected),
                services: vec![service],
                address: nowhere(mesh, &pods.cluster),
            });
        }
    }
    found.extend(mesh.groups.iter().map(|own| group(mesh, own, lane(&own.network))));
    for namespace in mesh.namespaces.values() {
        for account in &namespace.accounts {
            found.push(caller(mesh, &namespace.name, account, &lane));
        }
    }
    found.sort_by(|a, b| {
        let key = |found: &Found<'_>| {
            (
                found.node.lane,
                found.node.namespace.clone(),
                found.node.title.clone(),
            )
        };
        (key(a), &a.node.id).cmp(&(key(b), &b.node.id))
    });
    found
}

fn group<'a>(mesh: &'a Mesh, group: &'a Group, lane: usize) -> Found<'a> {
    let services: Vec<_> = mesh.services_on(group).collect();
    let engine = if group.engine == Engine::Envoy {
        ", Envoy"
    } else {
        ""
    };
    let number = match (group.vms.len(), &group.elastic) {
        (0, Some(_)) => "VMs that come and go".to_owned(),
        (1, _) => "1 VM".to_owned(),
        (number, _) => format!("{number} VMs"),
    };
    let mut detail = vec![format!("{number}{engine}")];
    if services.is_empty() {
        detail.push("only calls".to_owned());
    } else {
        detail.push(ports(&services));
    }
    let first = group.vms.first();
    Found {
        node: Node {
            id: format!("vms/{}/{}", group.namespace, group.name),
            lane,
            kind: NodeKind::Vms,
            namespace: group.namespace.clone(),
            title: group.name.clone(),
            detail,
            open: false,
            place: Some(group.span),
        },
        identity: Some((&group.namespace, &group.account)),
        workload: first.map(|vm| WorkloadRef::Vm {
            namespace: group.namespace.clone(),
            name: vm.name.clone(),
        }),
        services,
        address: first.map_or_else(|| nowhere(mesh, &group.cluster), |vm| vm.address),
    }
}

fn external(service: &Service, lane: usize) -> Found<'_> {
    Found {
        node: Node {
            id: format!("external/{}/{}", service.namespace, service.name),
            lane,
            kind: NodeKind::External,
            namespace: service.namespace.clone(),
            title: service.name.clone(),
            detail: vec![service.host.clone(), ports(&[service])],
            open: false,
            place: Some(service.span),
        },
        identity: None,
        workload: None,
        services: vec![service],
        address: std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
    }
}

fn caller<'a>(
    mesh: &'a Mesh,
    namespace: &'a str,
    account: &'a str,
    lane: &impl Fn(&str) -> usize,
) -> Found<'a> {
    let home = mesh.clusters.values().next();
    Found {
        node: Node {
            id: format!("account/{namespace}/{account}"),
            lane: home.map_or(0, |home| lane(&home.network)),
            kind: NodeKind::Account,
            namespace: namespace.to_owned(),
            title: account.to_owned(),
            detail: vec!["pods that only call".to_owned()],
            open: false,
            place: mesh.namespaces.get(namespace).map(|found| found.span),
        },
        identity: Some((namespace, account)),
        workload: None,
        services: Vec::new(),
        address: home.map_or(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), |home| {
            nowhere(mesh, &home.name)
        }),
    }
}

/// `:8080 http, :3306 mysql`, with the names of services where there are several.
fn ports(services: &[&Service]) -> String {
    let several = services.len() > 1;
    let all = services.iter().flat_map(|service| {
        service.ports.iter().map(move |port| {
            let name = if several { service.name.as_str() } else { "" };
            format!("{name}:{} {}", port.number, port.protocol.as_str())
        })
    });
    all.collect::<Vec<_>>().join(", ")
}
