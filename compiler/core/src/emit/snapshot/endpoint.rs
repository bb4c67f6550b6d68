use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::cluster::{Endpoint, Locality, LocalityEndpoints, WorkloadName};
use mesh_wire::listener::MtlsMode;

use super::topology::with_places;
use super::viewer::mtls_of;
use super::{Options, Viewer, node};
use crate::model::{Gateway, Group, Kind, Mesh, Pods, Port, Service, Subset, Vm};

/// Where the endpoints of one place are collected before they are written down.
type Places = BTreeMap<Locality, Vec<Endpoint>>;

/// Finds the endpoints of one port of a service, as `viewer` reaches them (Istio `EndpointsByNetworkFilter`).
pub(super) struct Finder<'a> {
    pub(super) mesh: &'a Mesh,
    pub(super) viewer: &'a Viewer<'a>,
    pub(super) options: &'a Options,
}

/// What is known of a service's pods to a viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodView {
    /// There are none.
    None,
    /// Their addresses, or a gateway to them.
    Reachable,
    /// They are there, and nobody said where.
    Unknown,
}

impl Finder<'_> {
    /// Endpoints by place, ordered.
    pub(super) fn find(
        &self,
        service: &Service,
        port: &Port,
        subset: Option<&Subset>,
    ) -> Vec<LocalityEndpoints> {
        let mut places = Places::new();
        for group in &service.groups {
            self.add_group(&mut places, service, port, group, subset);
        }
        for pods in service.pods.iter().filter(|pods| pods_in_subset(pods, subset)) {
            self.add_pods(&mut places, service, port, pods);
        }
        let listed = |(locality, endpoints)| LocalityEndpoints {
            locality,
            priority: 0,
            endpoints,
        };
        let some = places.into_iter().filter(|(_, endpoints)| !endpoints.is_empty());
        some.map(listed).collect()
    }

    /// How the viewer reaches the pods of `service`.
    pub(super) fn pods(&self, service: &Service) -> PodView {
        if service.pods.is_empty() {
            return PodView::None;
        }
        let known = self.options.pod_endpoints.contains_key(&service.host);
        let reachable = |pods: &Pods| {
            (known && self.direct(&pods.network)) || !self.doors(&pods.network, &pods.cluster).is_empty()
        };
        if service.pods.iter().any(reachable) {
            PodView::Reachable
        } else {
            PodView::Unknown
        }
    }

    fn direct(&self, network: &str) -> bool {
        self.viewer.is_in(network) || doors(self.mesh.gateways_of(network)).is_empty()
    }

    /// The gateways to what runs in `cluster` on `network`: its own come before others of the network (Istio
    /// `selectNetworkGateways`), and of them those whose addresses the viewer can dial (`filterGatewaysByIPFamily`).
    fn doors(&self, network: &str, cluster: &str) -> Vec<Door> {
        let home = self.mesh.clusters.get(cluster);
        let own = home.filter(|home| home.network == network);
        let mut all = doors(own.iter().flat_map(|home| &home.gateways));
        if all.is_empty() {
            all = doors(self.mesh.gateways_of(network));
        }
        all.retain(|door| {
            let address = door.address.parse();
            address.is_err() || address.is_ok_and(|address| self.viewer.has_family(address))
        });
        all
    }

    /// Behind a gateway only endpoints with mutual TLS can be told apart: others are left out.
    fn add_group(
        &self,
        places: &mut Places,
        service: &Service,
        port: &Port,
        group: &Group,
        subset: Option<&Subset>,
    ) {
        let number = target(group, port);
        let mtls = mtls_of(self.mesh, service, Some(number)) != MtlsMode::Disable;
        let (direct, scale) = (self.direct(&group.network), self.scale());
        let doors = self.doors(&group.network, &group.cluster);
        for vm in group.vms.iter().filter(|vm| in_subset(group, vm, subset)) {
            let weight = vm.weight.unwrap_or(1).saturating_mul(scale);
            let place = places.entry(vm.locality.clone()).or_default();
            if direct {
                let mut labels = group.labels.clone();
                labels.extend(vm.labels.clone());
                place.push(Endpoint {
                    address: vm.address.to_string(),
                    port: number,
                    weight,
                    mtls,
                    workload: Some(workload(group, vm)),
                    labels: with_places(labels, &vm.locality, &group.network, &group.cluster),
                });
            } else if mtls {
                let labels = with_places(BTreeMap::new(), &vm.locality, &group.network, "");
                add_doors(place, weight, &doors, &labels);
            }
        }
    }

    fn add_pods(&self, places: &mut Places, service: &Service, port: &Port, pods: &Pods) {
        let known = self.known(service, pods);
        let mtls = pod_mtls(self.mesh, service, port.target);
        let place = places.entry(pods.locality.clone()).or_default();
        if let Some(addresses) = known.as_ref().filter(|_| self.direct(&pods.network)) {
            place.extend(addresses.iter().map(|address| Endpoint {
                address: address.to_string(),
                port: port.target,
                weight: self.scale(),
                mtls,
                workload: Some(Self::pod_workload(service, pods)),
                labels: with_places(
                    pods.selector.clone(),
                    &pods.locality,
                    &pods.network,
                    &pods.cluster,
                ),
            }));
        } else if mtls {
            // Behind the gateway the pods' number counts; where it is not known, one stands for all. A viewer on
            // the pods' own network, which does not know their addresses, finds the gateway too.
            let number = u32::try_from(known.as_ref().map_or(1, Vec::len)).unwrap_or(u32::MAX);
            let labels = with_places(BTreeMap::new(), &pods.locality, &pods.network, &pods.cluster);
            let doors = self.doors(&pods.network, &pods.cluster);
            add_doors(place, number.saturating_mul(self.scale()), &doors, &labels);
        }
    }

    /// The addresses of the pods at one of their places, where they are known: of several places, those that lie on
    /// its network.
    fn known(&self, service: &Service, pods: &Pods) -> Option<Vec<IpAddr>> {
        let all = self.options.pod_endpoints.get(&service.host)?;
        let network = self.mesh.networks.get(&pods.network);
        let here = |address: &&IpAddr| {
            service.pods.len() == 1
                || network.is_some_and(|network| network.cidrs.iter().any(|range| range.contains(*address)))
        };
        Some(all.iter().filter(here).copied().collect())
    }

    fn pod_workload(service: &Service, pods: &Pods) -> WorkloadName {
        let (canonical, revision) = node::canonical(&pods.selector, &service.name);
        WorkloadName {
            name: service.name.clone(),
            namespace: service.namespace.clone(),
            service: canonical,
            revision,
            cluster: pods.cluster.clone(),
        }
    }

    /// All weights are multiplied so that each divides by the number of gateways that share it (Istio
    /// `GetLBWeightScaleFactor`).
    fn scale(&self) -> u32 {
        let networks = self.mesh.clusters.values().map(|cluster| &cluster.network);
        let by_network = networks.map(|network| doors(self.mesh.gateways_of(network)).len());
        let by_cluster = self
            .mesh
            .clusters
            .values()
            .map(|cluster| doors(cluster.gateways.iter()).len());
        by_network
            .chain(by_cluster)
            .filter(|number| *number > 0)
            .fold(1, |all, number| {
                let number = u32::try_from(number).unwrap_or(u32::MAX);
                least_common_multiple(all, number)
            })
    }
}

fn workload(group: &Group, vm: &Vm) -> WorkloadName {
    let mut labels = group.labels.clone();
    labels.extend(vm.labels.clone());
    let (canonical, revision) = node::canonical(&labels, &vm.name);
    WorkloadName {
        name: vm.name.clone(),
        namespace: group.namespace.clone(),
        service: canonical,
        revision,
        cluster: group.cluster.clone(),
    }
}

/// An address of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Door {
    address: String,
    port: u16,
}

fn doors<'a>(gateways: impl Iterator<Item = &'a Gateway>) -> Vec<Door> {
    let each = |gateway: &'a Gateway| {
        gateway.addresses.iter().map(|address| Door {
            address: address.clone(),
            port: gateway.port,
        })
    };
    let mut all: Vec<Door> = gateways.flat_map(each).collect();
    all.sort();
    all.dedup();
    all
}

/// Splits `weight` among the gateways, each of which stands once for all that lie behind it.
fn add_doors(place: &mut Vec<Endpoint>, weight: u32, doors: &[Door], labels: &BTreeMap<String, String>) {
    let Ok(number) = u32::try_from(doors.len()) else {
        return;
    };
    for door in doors {
        let share = weight / number.max(1);
        let same = |end: &&mut Endpoint| end.address == door.address && end.port == door.port;
        match place.iter_mut().find(same) {
            Some(endpoint) => endpoint.weight = endpoint.weight.saturating_add(share),
            None => place.push(Endpoint {
                address: door.address.clone(),
                port: door.port,
                weight: share.max(1),
                mtls: true,
                workload: None,
                labels: labels.clone(),
            }),
        }
    }
}

/// The port that a VM of `group` serves `port` on: its own of that name, or of the target's name, comes first
/// (Istio `WorkloadEntry.ports`, `serviceInstanceFromWorkloadInstance`).
pub(crate) fn target(group: &Group, port: &Port) -> u16 {
    let name = port.target_name.as_ref().unwrap_or(&port.name);
    group.ports.get(name).copied().unwrap_or(port.target)
}

/// Pods without a sidecar speak no mutual TLS; egress gateways are told to by a DestinationRule.
pub(super) fn pod_mtls(mesh: &Mesh, service: &Service, port: u16) -> bool {
    if service.kind == Kind::Egress {
        return true;
    }
    let injected = mesh
        .namespaces
        .get(&service.namespace)
        .is_some_and(|namespace| namespace.injection);
    injected && mtls_of(mesh, service, Some(port)) != MtlsMode::Disable
}

fn in_subset(group: &Group, vm: &Vm, subset: Option<&Subset>) -> bool {
    let label = |key: &String| vm.labels.get(key).or_else(|| group.labels.get(key));
    subset.is_none_or(|subset| subset.labels.iter().all(|(key, value)| label(key) == Some(value)))
}

/// The spec does not know all labels of pods: they are in a subset unless their selector says otherwise.
fn pods_in_subset(pods: &Pods, subset: Option<&Subset>) -> bool {
    let fits = |key, value| pods.selector.get(key).is_none_or(|own| own == value);
    subset.is_none_or(|subset| subset.labels.iter().all(|(key, value)| fits(key, value)))
}

fn least_common_multiple(a: u32, b: u32) -> u32 {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x % y);
    }
    (a / x.max(1)).saturating_mul(b)
}
