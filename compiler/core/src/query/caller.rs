use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Unasked;
use crate::diag::{Span, did_you_mean, list};
use crate::model::{Engine, Group, Mesh, Service, Vm, WorkloadRef};

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller<'a> {
    /// A VM.
    Vm(&'a Group, &'a Vm),
    /// A pod.
    Pod {
        /// Its namespace.
        namespace: String,
        /// Its service account.
        account: String,
        /// The service that it is part of, if it is.
        service: Option<&'a Service>,
        /// Its cluster.
        cluster: String,
    },
    /// Somebody outside the mesh, without an identity, who reaches the workloads' own addresses.
    Outside,
}

/// Who calls from outside the mesh.
const OUTSIDE: &str = "outside";

impl<'a> Caller<'a> {
    /// Looks `text` up: `namespace/name`, `name`, or `outside`. The name is that of a VM, of a group of VMs, of a
    /// service or of an account; `@cluster` behind it says which cluster's pods are meant. Without a namespace it is
    /// one of `home` first, then the only one of the mesh.
    ///
    /// # Errors
    /// There is no such caller, or several.
    pub fn find(mesh: &'a Mesh, text: &str, home: Option<&str>) -> Result<Self, Unasked> {
        if text == OUTSIDE {
            return Ok(Self::Outside);
        }
        let (place, cluster) = match text.split_once('@') {
            Some((place, cluster)) => (place, Some(cluster)),
            None => (text, None),
        };
        if let Some(cluster) = cluster.filter(|cluster| !mesh.clusters.contains_key(*cluster)) {
            let known = mesh.clusters.keys().map(String::as_str);
            return Err(Unasked::Cluster {
                name: cluster.to_owned(),
                known: list(known),
            });
        }
        let (namespace, name) = match place.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, place),
        };
        let all = |namespace: &str| Self::named(mesh, namespace, name, cluster);
        if let Some(namespace) = namespace {
            return all(namespace).ok_or_else(|| unknown(mesh, text));
        }
        if let Some(found) = home.and_then(all) {
            return Ok(found);
        }
        let mut found: Vec<_> = mesh
            .namespaces
            .keys()
            .filter_map(|namespace| all(namespace))
            .collect();
        match found.len() {
            0 => Err(unknown(mesh, text)),
            1 => Ok(found.remove(0)),
            _ => Err(Unasked::Several {
                text: text.to_owned(),
                found: list(
                    found
                        .iter()
                        .map(Self::label)
                        .collect::<Vec<_>>()
                        .iter()
                        .map(String::as_str),
                ),
            }),
        }
    }

    fn named(mesh: &'a Mesh, namespace: &str, name: &str, cluster: Option<&str>) -> Option<Self> {
        let vm = mesh
            .vms()
            .find(|(group, vm)| group.namespace == namespace && vm.name == name);
        if let Some((group, vm)) = vm.filter(|_| cluster.is_none()) {
            return Some(Self::Vm(group, vm));
        }
        let first_of = |group: &'a Group| group.vms.first().map(|vm| Self::Vm(group, vm));
        let pod = |account: &str, service: Option<&'a Service>| {
            let of_service = service
                .and_then(|service| service.pods.first())
                .map(|pods| &pods.cluster);
            let said = cluster.map(str::to_owned).or_else(|| of_service.cloned());
            let cluster = said.or_else(|| mesh.clusters.keys().next().cloned())?;
            Some(Self::Pod {
                namespace: namespace.to_owned(),
                account: account.to_owned(),
                service,
                cluster,
            })
        };
        let mut groups = mesh.groups.iter().map(std::sync::Arc::as_ref);
        let mut group = || groups.find(|group| group.namespace == namespace && group.name == name);
        if let Some(service) = mesh
            .service(namespace, name)
            .filter(|service| !service.is_external())
        {
            let machines = service.groups.first().filter(|_| service.pods.is_empty());
            return match machines {
                Some(group) => first_of(group),
                None => pod(&service.account, Some(service)),
            };
        }
        if let Some(group) = group() {
            return first_of(group);
        }
        let accounts = &mesh.namespaces.get(namespace)?.accounts;
        if accounts.iter().any(|account| account == name) {
            return pod(name, None);
        }
        let is = |service: &&Service| {
            service.namespace == namespace && service.account == name && !service.pods.is_empty()
        };
        let service = mesh.services.iter().find(is)?;
        pod(name, Some(service))
    }

    /// As it is called: `namespace/name`.
    pub fn label(&self) -> String {
        match self {
            Self::Vm(group, vm) => format!("{}/{}", group.namespace, vm.name),
            Self::Pod {
                namespace,
                account,
                service,
                cluster,
            } => {
                let name = service.map_or(account.as_str(), |service| service.name.as_str());
                format!("{namespace}/{name}@{cluster}")
            }
            Self::Outside => OUTSIDE.to_owned(),
        }
    }

    /// What it is, for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Vm(group, vm) => format!("VM {} of {}/{}", vm.name, group.namespace, group.name),
            Self::Pod {
                namespace,
                account,
                service,
                cluster,
            } => match service {
                Some(service) => format!("a pod of {namespace}/{} in cluster {cluster}", service.name),
                None => format!("a pod of account {namespace}/{account} in cluster {cluster}"),
            },
            Self::Outside => "somebody outside the mesh".to_owned(),
        }
    }

    /// Where it is written.
    pub(super) fn place(&self) -> Option<Span> {
        match self {
            Self::Vm(_, vm) => Some(vm.span),
            Self::Pod { service, .. } => service.map(|service| service.span),
            Self::Outside => None,
        }
    }

    /// Its namespace.
    pub(super) fn namespace(&self) -> Option<&str> {
        match self {
            Self::Vm(group, _) => Some(&group.namespace),
            Self::Pod { namespace, .. } => Some(namespace),
            Self::Outside => None,
        }
    }

    /// Its own address. That of a pod is not known: it stands for none.
    pub(super) fn address(&self, mesh: &Mesh) -> IpAddr {
        match self {
            Self::Vm(_, vm) => vm.address,
            Self::Pod { cluster, .. } => nowhere(mesh, cluster),
            Self::Outside => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        }
    }

    /// The workload whose view it has; `None` where no proxy stands before it.
    pub(super) fn workload(&self, mesh: &Mesh) -> Option<WorkloadRef> {
        match self {
            Self::Vm(group, vm) => Some(WorkloadRef::Vm {
                namespace: group.namespace.clone(),
                name: vm.name.clone(),
            }),
            Self::Pod {
                namespace,
                account,
                service,
                cluster,
            } => {
                let injected = mesh
                    .namespaces
                    .get(namespace)
                    .is_some_and(|found| found.injection);
                injected.then(|| WorkloadRef::Pod {
                    namespace: namespace.clone(),
                    name: service.map_or_else(|| account.clone(), |service| service.name.clone()),
                    account: account.clone(),
                    service: service.map(|service| service.name.clone()),
                    address: nowhere(mesh, cluster),
                    cluster: cluster.clone(),
                })
            }
            Self::Outside => None,
        }
    }

    /// What carries its traffic.
    pub(super) fn engine(&self) -> &'static str {
        match self {
            Self::Vm(group, _) if group.engine == Engine::Meshd => "meshd",
            Self::Vm(..) => "Envoy",
            Self::Pod { .. } => "the sidecar",
            Self::Outside => "nothing",
        }
    }
}

/// An address of the family that a cluster's network has.
pub(super) fn nowhere(mesh: &Mesh, cluster: &str) -> IpAddr {
    let network = mesh
        .clusters
        .get(cluster)
        .and_then(|found| mesh.networks.get(&found.network));
    let v6 = network.is_some_and(|network| {
        !network.cidrs.is_empty()
            && network
                .cidrs
                .iter()
                .all(|range| matches!(range, ipnet::IpNet::V6(_)))
    });
    if v6 {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    }
}

fn unknown(mesh: &Mesh, text: &str) -> Unasked {
    let name = text.split('@').next().unwrap_or(text);
    let vms = mesh
        .vms()
        .map(|(group, vm)| format!("{}/{}", group.namespace, vm.name));
    let services = mesh.services.iter().filter(|service| !service.is_external());
    let services = services.map(|service| format!("{}/{}", service.namespace, service.name));
    let known: Vec<String> = services.chain(vms).collect();
    let whole = did_you_mean(name, known.iter().map(String::as_str));
    let short = |known: &str| known.rsplit('/').next().unwrap_or_default().to_owned();
    let shorts: Vec<_> = known.iter().map(|known| short(known)).collect();
    let near = did_you_mean(&short(name), shorts.iter().map(String::as_str))
        .and_then(|near| known.iter().find(|known| short(known) == near));
    Unasked::Caller {
        text: text.to_owned(),
        near: whole.map(str::to_owned).or_else(|| near.cloned()),
    }
}
