//! The workloads behind endpoints.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::diag::Span;
use crate::emit::snapshot::target as port_of;
use crate::model::{Group, Mesh, Pods, Port, Service, Subset, Vm, WorkloadRef};
use crate::query::caller::nowhere;
use crate::query::place;
use crate::query::wire::endpoint::Ranked;

use super::Walk;
use super::dial::Dialled;

/// A workload that is called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer<'a> {
    /// A VM.
    Vm {
        group: &'a Group,
        vm: &'a Vm,
        /// What it listens on.
        port: u16,
    },
    /// One of the pods of a service.
    Pod {
        service: &'a Service,
        pods: &'a Pods,
        /// What it listens on.
        port: u16,
    },
}

impl<'a> Peer<'a> {
    /// Whom others are like: all of a group or of a service's pods, unless a machine has labels of its own.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Vm { group, vm, .. } if vm.labels.is_empty() => {
                format!("VMs {}/{}", group.namespace, group.name)
            }
            Self::Vm { group, vm, .. } => format!("VM {}/{}", group.namespace, vm.name),
            Self::Pod { service, pods, .. } => {
                format!("pods {}/{}@{}", service.namespace, service.name, pods.cluster)
            }
        }
    }

    pub(super) fn namespace(&self) -> &'a str {
        match self {
            Self::Vm { group, .. } => &group.namespace,
            Self::Pod { service, .. } => &service.namespace,
        }
    }

    pub(super) const fn port(&self) -> u16 {
        match self {
            Self::Vm { port, .. } | Self::Pod { port, .. } => *port,
        }
    }

    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        match self {
            Self::Vm { group, vm, .. } => {
                let mut labels = group.labels.clone();
                labels.extend(vm.labels.clone());
                labels
            }
            Self::Pod { pods, .. } => pods.selector.clone(),
        }
    }

    /// Where it is written.
    pub(super) const fn place(&self) -> Span {
        match self {
            Self::Vm { group, .. } => group.span,
            Self::Pod { service, .. } => service.span,
        }
    }

    /// Its services.
    pub(super) fn services(&self, mesh: &'a Mesh) -> Vec<&'a Service> {
        match self {
            Self::Vm { group, .. } => mesh.services_on(group).collect(),
            Self::Pod { service, .. } => vec![service],
        }
    }

    pub(super) fn address(&self, mesh: &Mesh) -> IpAddr {
        match self {
            Self::Vm { vm, .. } => vm.address,
            Self::Pod { pods, .. } => nowhere(mesh, &pods.cluster),
        }
    }

    pub(super) fn spiffe(&self, mesh: &Mesh) -> String {
        match self {
            Self::Vm { group, .. } => mesh.spiffe(&group.namespace, &group.account),
            Self::Pod { service, .. } => mesh.spiffe(&service.namespace, &service.account),
        }
    }

    /// The workload whose snapshot holds; `None` for pods without a sidecar.
    pub(super) fn workload(&self, mesh: &Mesh) -> Option<WorkloadRef> {
        match self {
            Self::Vm { group, vm, .. } => Some(WorkloadRef::Vm {
                namespace: group.namespace.clone(),
                name: vm.name.clone(),
            }),
            Self::Pod { service, pods, .. } => {
                let injected = mesh
                    .namespaces
                    .get(&service.namespace)
                    .is_some_and(|found| found.injection);
                injected.then(|| WorkloadRef::Pod {
                    namespace: service.namespace.clone(),
                    name: service.name.clone(),
                    account: service.account.clone(),
                    service: Some(service.name.clone()),
                    address: nowhere(mesh, &pods.cluster),
                    cluster: pods.cluster.clone(),
                })
            }
        }
    }
}

impl<'a> Walk<'_, 'a> {
    /// The workloads behind the endpoints of a cluster, one of each kind, and whether they speak mutual TLS.
    pub(super) fn peers(
        &self,
        service: &'a Service,
        cluster: &str,
        all: &[Ranked<'_>],
    ) -> Vec<(Peer<'a>, bool)> {
        let Some((number, subset, _)) = place::parts_of(cluster) else {
            return Vec::new();
        };
        let Some(port) = service.ports.iter().find(|port| port.number == number) else {
            return Vec::new();
        };
        let subset = service.subsets.iter().find(|own| own.name == subset);
        let mut peers = Vec::new();
        for ranked in all {
            let endpoint = ranked.endpoint;
            match self.gateway_network(&endpoint.address) {
                Some(network) => {
                    peers.extend(behind(service, port, subset, network).map(|peer| (peer, true)));
                }
                None => {
                    let own = endpoint.address.parse().ok();
                    let peer = own.and_then(|address| machine(service, port, address));
                    let of_pods = || pods(service, port, subset).next();
                    peers.extend(peer.or_else(of_pods).map(|peer| (peer, endpoint.mtls)));
                }
            }
        }
        distinct(peers)
    }

    /// The workloads of a service that are dialled by its ClusterIP or by themselves. Whether they speak mutual TLS,
    /// the caller's proxy takes from the cluster.
    pub(super) fn peers_at(
        &self,
        service: &'a Service,
        dialled: &Dialled<'_>,
        number: u16,
    ) -> Vec<(Peer<'a>, bool)> {
        let Some(port) = service.ports.iter().find(|port| port.number == number) else {
            return Vec::new();
        };
        let headless = dialled
            .address
            .and_then(|address| machine(service, port, address));
        let peers = match headless {
            Some(peer) => vec![peer],
            None => {
                let machines = service.groups.iter().flat_map(|group| {
                    let port = port_of(group, port);
                    group.vms.iter().map(move |vm| Peer::Vm { group, vm, port })
                });
                // A ClusterIP is the pods'; who dials the workloads themselves reaches all of them.
                let by_cluster_ip = dialled.address.is_some() && !service.pods.is_empty();
                let machines = machines.filter(|_| !by_cluster_ip);
                pods(service, port, None).chain(machines).collect()
            }
        };
        distinct(peers.into_iter().map(|peer| (peer, true)).collect())
    }

    /// The VM at an address, whatever its services.
    pub(super) fn peer_at(&self, address: IpAddr, port: u16) -> Option<Peer<'a>> {
        let mut vms = self.asker.mesh.vms();
        let (group, vm) = vms.find(|(_, vm)| vm.address == address)?;
        Some(Peer::Vm { group, vm, port })
    }
}

fn distinct(peers: Vec<(Peer<'_>, bool)>) -> Vec<(Peer<'_>, bool)> {
    let mut kinds: BTreeMap<(String, bool), usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (peer, mtls) in peers {
        kinds.entry((peer.label(), mtls)).or_insert_with(|| {
            found.push((peer, mtls));
            found.len()
        });
    }
    found
}

fn machine<'a>(service: &'a Service, port: &Port, address: IpAddr) -> Option<Peer<'a>> {
    service.groups.iter().find_map(|group| {
        let vm = group.vms.iter().find(|vm| vm.address == address)?;
        let port = port_of(group, port);
        Some(Peer::Vm { group, vm, port })
    })
}

fn pods<'a>(service: &'a Service, port: &Port, subset: Option<&Subset>) -> impl Iterator<Item = Peer<'a>> {
    let fits = move |pods: &&Pods| {
        let labels = subset.map(|subset| &subset.labels);
        labels.is_none_or(|labels| {
            labels
                .iter()
                .all(|(key, value)| pods.selector.get(key).is_none_or(|own| own == value))
        })
    };
    let port = port.target;
    service
        .pods
        .iter()
        .filter(fits)
        .map(move |pods| Peer::Pod { service, pods, port })
}

/// The workloads of a service that a gateway of `network` leads to.
fn behind<'a>(
    service: &'a Service,
    port: &'a Port,
    subset: Option<&'a Subset>,
    network: &'a str,
) -> impl Iterator<Item = Peer<'a>> {
    let machines = service
        .groups
        .iter()
        .filter(move |group| group.network == network)
        .flat_map(move |group| {
            let port = port_of(group, port);
            let label =
                move |vm: &Vm, key: &String| vm.labels.get(key).or_else(|| group.labels.get(key)).cloned();
            let fits = move |vm: &&Vm| {
                subset.is_none_or(|subset| {
                    subset
                        .labels
                        .iter()
                        .all(|(key, value)| label(vm, key).as_ref() == Some(value))
                })
            };
            group
                .vms
                .iter()
                .filter(fits)
                .map(move |vm| Peer::Vm { group, vm, port })
        });
    let of_network = move |peer: &Peer<'_>| matches!(peer, Peer::Pod { pods, .. } if pods.network == network);
    pods(service, port, subset).filter(of_network).chain(machines)
}
