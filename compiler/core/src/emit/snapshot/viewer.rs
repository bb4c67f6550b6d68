use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::cluster::Locality;
use mesh_wire::listener::MtlsMode;

use crate::model::{Group, Mesh, Sender, Service, Vm, WorkloadRef};

/// Who looks at the mesh, and from where.
#[derive(Clone, Debug)]
pub struct Viewer<'a> {
    /// Its name.
    pub name: String,
    /// What metrics call its workload.
    pub workload: String,
    /// Namespace.
    pub namespace: &'a str,
    /// Service account.
    pub account: &'a str,
    /// Network.
    pub network: &'a str,
    /// Istio's ID of the cluster that it belongs to.
    pub cluster: &'a str,
    /// Addresses that it serves on.
    pub addresses: Vec<IpAddr>,
    /// Place.
    pub locality: Locality,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// The services that it is part of, ordered by name: VMs may have several.
    pub services: Vec<&'a Service>,
    /// The group that it is part of, if it is a VM.
    pub group: Option<&'a Group>,
}

/// The workload that was asked for is not in the mesh.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownWorkload {
    /// No such VM.
    #[error("the mesh has no VM `{name}` in namespace `{namespace}`")]
    Vm {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// No such service.
    #[error("the mesh has no service `{name}` in namespace `{namespace}`")]
    Service {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// No such cluster.
    #[error("the mesh has no cluster `{0}`")]
    Cluster(String),
}

impl<'a> Viewer<'a> {
    /// Looks `workload` up.
    pub(crate) fn of(mesh: &'a Mesh, workload: &'a WorkloadRef) -> Result<Self, UnknownWorkload> {
        match workload {
            WorkloadRef::Vm { namespace, name } => {
                let unknown = || UnknownWorkload::Vm {
                    namespace: namespace.clone(),
                    name: name.clone(),
                };
                let (group, vm) = mesh
                    .vms()
                    .find(|(group, vm)| group.namespace == *namespace && vm.name == *name)
                    .ok_or_else(unknown)?;
                Ok(Self::of_vm(mesh, group, vm))
            }
            WorkloadRef::Pod {
                namespace,
                name,
                account,
                service,
                address,
                cluster,
            } => {
                let service = match service {
                    None => None,
                    Some(service) => Some(lookup(mesh, namespace, service)?),
                };
                let home = mesh.clusters.get(cluster);
                let home = home.ok_or_else(|| UnknownWorkload::Cluster(cluster.clone()))?;
                let pods = service.and_then(|service| service.pods_in(&home.name).next());
                Ok(Self {
                    name: name.clone(),
                    workload: service.map_or_else(|| name.clone(), |service| service.name.clone()),
                    namespace,
                    account,
                    network: &home.network,
                    cluster: &home.name,
                    addresses: vec![*address],
                    locality: pods.map(|pods| pods.locality.clone()).unwrap_or_default(),
                    labels: pods.map(|pods| pods.selector.clone()).unwrap_or_default(),
                    services: service.into_iter().collect(),
                    group: None,
                })
            }
        }
    }

    /// One VM of a group.
    pub(super) fn of_vm(mesh: &'a Mesh, group: &'a Group, vm: &Vm) -> Self {
        let mut labels = group.labels.clone();
        labels.extend(vm.labels.clone());
        Self {
            name: vm.name.clone(),
            locality: vm.locality.clone(),
            labels,
            ..Self::at(mesh, group, vec![vm.address])
        }
    }

    /// Its applications see their clients' own addresses: TPROXY leaves these on what arrives.
    pub(super) fn sees_clients(&self) -> bool {
        self.group.is_some_and(|group| group.capture.tproxy)
    }

    /// All VMs of a group, as far as they see the same.
    pub(crate) fn of_group(mesh: &'a Mesh, group: &'a Group) -> Self {
        Self::at(mesh, group, group.vms.iter().map(|vm| vm.address).collect())
    }

    fn at(mesh: &'a Mesh, group: &'a Group, addresses: Vec<IpAddr>) -> Self {
        let services: Vec<_> = mesh.services_on(group).collect();
        Self {
            name: group.name.clone(),
            workload: group.name.clone(),
            namespace: &group.namespace,
            account: &group.account,
            network: &group.network,
            cluster: &group.cluster,
            addresses,
            locality: Locality::default(),
            labels: group.labels.clone(),
            services,
            group: Some(group),
        }
    }

    /// The services that it knows, in order.
    pub(crate) fn services(&self, mesh: &'a Mesh) -> impl Iterator<Item = &'a Service> + use<'a> {
        let namespace = self.namespace;
        mesh.services
            .iter()
            .filter(move |service| service.is_visible_in(namespace))
    }

    /// Endpoints on `network` are dialled themselves: it is the viewer's own, or nobody said (Istio `InNetwork`).
    /// A viewer that knows no network of its own takes the gateways that there are (`forceGateway`).
    pub(super) fn is_in(&self, network: &str) -> bool {
        network.is_empty() || self.network == network
    }

    /// Of `addresses`, those that the viewer can dial: of the families that it has itself. An IPv4 machine that
    /// is told of an IPv6 address fails before capture sees the connection.
    pub(crate) fn dialable(&self, addresses: &[IpAddr]) -> Vec<IpAddr> {
        let own: Vec<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| self.has_family(*address))
            .collect();
        if own.is_empty() { addresses.to_vec() } else { own }
    }

    /// The viewer has an address of the same family.
    pub(super) fn has_family(&self, address: IpAddr) -> bool {
        self.addresses
            .iter()
            .any(|own| own.is_ipv4() == address.is_ipv4())
    }

    /// A route for these senders is for the viewer; for none, it is for everybody.
    pub(super) fn is_one_of(&self, senders: &[Sender]) -> bool {
        senders.is_empty()
            || senders
                .iter()
                .any(|sender| sender.is(self.namespace, &self.labels))
    }

    /// The mode of mutual TLS on a port of the viewer's workload.
    pub(super) fn mtls(&self, mesh: &Mesh, port: Option<u16>) -> MtlsMode {
        let by_port = port.and_then(|port| {
            let mut modes = self.services.iter().map(|service| service.port_mtls.get(&port));
            modes.find_map(Option::<&_>::copied)
        });
        // A service that says nothing takes what another on the machine says: PeerAuthentication selects workloads.
        let of_service = || self.services.iter().find_map(|service| service.mtls);
        by_port
            .or_else(of_service)
            .unwrap_or_else(|| namespace_mtls(mesh, self.namespace))
    }
}

/// The mode of mutual TLS on a workload port of `service`: the narrowest PeerAuthentication wins.
pub(super) fn mtls_of(mesh: &Mesh, service: &Service, port: Option<u16>) -> MtlsMode {
    let by_port = port.and_then(|port| service.port_mtls.get(&port));
    by_port
        .copied()
        .or(service.mtls)
        .unwrap_or_else(|| namespace_mtls(mesh, &service.namespace))
}

/// The mode that holds where a workload has none of its own.
pub(super) fn namespace_mtls(mesh: &Mesh, namespace: &str) -> MtlsMode {
    mesh.namespaces
        .get(namespace)
        .and_then(|namespace| namespace.mtls)
        .unwrap_or(mesh.mtls)
}

fn lookup<'a>(mesh: &'a Mesh, namespace: &str, name: &str) -> Result<&'a Service, UnknownWorkload> {
    let unknown = || UnknownWorkload::Service {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    mesh.service(namespace, name).ok_or_else(unknown)
}
