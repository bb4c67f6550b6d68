use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use mesh_compiler::emit::names;
use mesh_compiler::emit::snapshot::{self, UnknownWorkload};
use mesh_compiler::model::{Gateway, Group, Mesh, Vm, WorkloadRef};
use mesh_lab::envoy;
use mesh_lab::plan::{EnvoyPlan, IpNet, Ipv4Net, LONGEST_LAB, LabPlan, MachinePlan, Place, PodPlan, Segment};
use mesh_lab::spec::{self, LabSpec, LabSpecError, PodSpec};

use super::identity::{self, IdentityError};

/// A spec cannot be run in a lab.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlanError {
    /// `lab.kdl` is there and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unread { path: PathBuf, source: std::io::Error },
    /// `lab.kdl` has mistakes.
    #[error("{} has mistakes:\n{source}", path.display())]
    Spec { path: PathBuf, source: LabSpecError },
    /// The lab has one network of machines, and it speaks IPv4.
    #[error("the VMs are on the networks {0}; the lab has one network of machines")]
    Networks(String),
    /// The network's range is unknown.
    #[error("the network `{0}` needs a cidr with the VMs' IPv4 addresses")]
    NoRange(String),
    /// An address that the lab cannot give away.
    #[error("`{name}` has the address {address}; the lab gives IPv4 addresses only")]
    Address { name: String, address: String },
    /// There is no cluster whose pods they could be.
    #[error("the spec has no cluster that the pods of lab.kdl could run in")]
    NoCluster,
    /// A pod of lab.kdl whose namespace or account is not clear.
    #[error("the pod `{pod}` in lab.kdl needs `{property}=`")]
    Unsaid { pod: String, property: &'static str },
    /// `lab.kdl` speaks of something that the spec does not have.
    #[error("lab.kdl speaks of `vm {0}`, but the spec has no service `{0}` on VMs")]
    UnknownVms(String),
    /// A pod of something that the spec does not have.
    #[error("the pod `{pod}` in lab.kdl: {source}")]
    UnknownWorkload { pod: String, source: UnknownWorkload },
    /// A sidecar without certificate.
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// The pods' network, and the address of the cluster's DNS on top of it.
const PODS: (Ipv4Addr, u8, Ipv4Addr) = (Ipv4Addr::new(10, 244, 1, 0), 24, Ipv4Addr::new(10, 96, 0, 10));
/// Where the gateways are if there is none: a network for documentation.
const EDGE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 10);

/// The name of a mesh's lab: the mesh's own, or its beginning.
pub(super) fn name(mesh: &Mesh) -> String {
    mesh.name
        .chars()
        .take(LONGEST_LAB)
        .collect::<String>()
        .trim_end_matches('-')
        .to_owned()
}

/// The lab of `mesh`, with what `lab.kdl` beside `spec` puts on it; certificates come from the folder `ca`.
pub(super) fn of(mesh: &Mesh, spec: &Path, ca: Option<&Path>) -> Result<LabPlan, PlanError> {
    let lab = lab_spec(spec)?;
    let gateways: Vec<&Gateway> = mesh
        .clusters
        .values()
        .flat_map(|cluster| &cluster.gateways)
        .collect();
    let first = gateways
        .iter()
        .flat_map(|gateway| &gateway.addresses)
        .find_map(|it| it.parse().ok());
    let pods = Segment::of(Ipv4Net::new_assert(PODS.0, PODS.1), Some(PODS.2));
    let (vms, machines) = machines(mesh, &lab)?;
    let mut workloads = BTreeMap::new();
    let view = Pods { mesh, lab: &lab, ca };
    for (name, pod) in &lab.pods {
        workloads.insert(name.clone(), view.pod(name, pod)?);
    }
    for gateway in gateways {
        workloads.extend(view.gateway(gateway, &pods)?);
    }
    let hosts = mesh
        .services
        .iter()
        .map(|service| (service.host.clone(), service.addresses.clone()));
    Ok(LabPlan {
        name: name(mesh),
        packages: lab.packages.clone(),
        outside: lab.outside.clone(),
        vms,
        pods,
        edge: Segment::around(first.unwrap_or(EDGE)),
        cluster_hosts: hosts.collect(),
        cluster_domain: names::search(mesh, "").pop().unwrap_or_default(),
        machines,
        workloads,
    })
}

/// What `lab.kdl` beside the spec says; without one, machines are bare and there are no pods.
fn lab_spec(spec: &Path) -> Result<LabSpec, PlanError> {
    let dir = spec.parent().unwrap_or(Path::new(""));
    let path = dir.join("lab.kdl");
    if !path.exists() {
        return Ok(LabSpec::default());
    }
    let text = std::fs::read_to_string(&path).map_err(|source| PlanError::Unread {
        path: path.clone(),
        source,
    })?;
    let read = |name: &str| std::fs::read(dir.join(name)).map_err(|error| error.to_string());
    spec::parse(&text, &read).map_err(|source| PlanError::Spec { path, source })
}

fn machines(mesh: &Mesh, lab: &LabSpec) -> Result<(Segment, BTreeMap<String, MachinePlan>), PlanError> {
    let groups: Vec<&Group> = mesh.services.iter().flat_map(|service| &service.groups).collect();
    let known = |name: &String| groups.iter().any(|group| group.name == *name);
    if let Some(unknown) = lab.vms.keys().find(|name| !known(name)) {
        return Err(PlanError::UnknownVms(unknown.clone()));
    }
    let mut machines = BTreeMap::new();
    for group in &groups {
        let setup = lab.vms.get(&group.name).cloned().unwrap_or_default();
        for vm in &group.vms {
            let user = vm.ssh.user.clone().unwrap_or_else(|| "ubuntu".to_owned());
            machines.insert(
                vm.name.clone(),
                MachinePlan {
                    address: v4(vm)?,
                    user,
                    setup: setup.clone(),
                },
            );
        }
    }
    Ok((segment(mesh, &groups)?, machines))
}

/// The one network that all VMs are on.
fn segment(mesh: &Mesh, groups: &[&Group]) -> Result<Segment, PlanError> {
    let mut names: Vec<&str> = groups.iter().map(|group| group.network.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let [name] = names.as_slice() else {
        return Err(PlanError::Networks(names.join(", ")));
    };
    let ranges = mesh.networks.get(*name).map_or(&[][..], |network| &network.cidrs);
    let first = groups
        .iter()
        .flat_map(|group| &group.vms)
        .next()
        .map(|vm| vm.address);
    let fits = |range: &&IpNet| first.is_none_or(|address| range.contains(&address));
    match ranges.iter().find(fits) {
        Some(IpNet::V4(range)) => Ok(Segment::with_dns(range.trunc())),
        _ => Err(PlanError::NoRange((*name).to_owned())),
    }
}

fn v4(vm: &Vm) -> Result<Ipv4Addr, PlanError> {
    match vm.address {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(address) => Err(PlanError::Address {
            name: vm.name.clone(),
            address: address.to_string(),
        }),
    }
}

/// Plans pods and gateways.
struct Pods<'a> {
    mesh: &'a Mesh,
    lab: &'a LabSpec,
    ca: Option<&'a Path>,
}

impl Pods<'_> {
    fn pod(&self, name: &str, pod: &PodSpec) -> Result<PodPlan, PlanError> {
        let namespace = self.namespace(name, pod)?;
        let envoy = if pod.sidecar {
            Some(self.sidecar(name, &namespace, pod)?)
        } else {
            None
        };
        Ok(PodPlan {
            place: Place::Pods,
            address: pod.address,
            namespace,
            files: pod.files.clone(),
            command: pod.command.clone(),
            ready: pod.ready,
            envoy,
        })
    }

    fn sidecar(&self, name: &str, namespace: &str, pod: &PodSpec) -> Result<EnvoyPlan, PlanError> {
        let unsaid = || PlanError::Unsaid {
            pod: name.to_owned(),
            property: "account",
        };
        let service = pod
            .service
            .as_ref()
            .and_then(|service| self.mesh.service(namespace, service));
        let account = pod
            .account
            .clone()
            .or_else(|| service.map(|it| it.account.clone()))
            .ok_or_else(unsaid)?;
        let identity = identity::of(self.ca, &self.mesh.trust_domain, namespace, &account)?;
        let workload = WorkloadRef::Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            account,
            service: pod.service.clone(),
            address: IpAddr::V4(pod.address),
            cluster: self.cluster(pod, namespace)?,
        };
        let bootstrap = envoy::sidecar(&self.snapshot(name, &workload)?);
        Ok(EnvoyPlan {
            bootstrap,
            capture: true,
            identity: Some(identity),
        })
    }

    /// A gateway for each of its addresses, as the pods of its network see the mesh.
    fn gateway(&self, gateway: &Gateway, pods: &Segment) -> Result<Vec<(String, PodPlan)>, PlanError> {
        let namespace = self.mesh.namespaces.keys().next().cloned().unwrap_or_default();
        let home = self
            .mesh
            .clusters
            .values()
            .find(|it| it.gateways.iter().any(|own| own.name == gateway.name));
        let workload = WorkloadRef::Pod {
            namespace,
            name: gateway.name.clone(),
            account: gateway.name.clone(),
            service: None,
            address: IpAddr::V4(pods.router),
            cluster: home
                .map(|cluster| cluster.name.clone())
                .ok_or(PlanError::NoCluster)?,
        };
        let snapshot = self.snapshot(&gateway.name, &workload)?;
        let local = |address: &std::net::SocketAddr| IpNet::V4(pods.range).contains(&address.ip());
        let bootstrap = envoy::gateway(&envoy::exports(&snapshot, local));
        let plan = |address| PodPlan {
            place: Place::Edge,
            address,
            namespace: "istio-system".to_owned(),
            files: vec![],
            command: vec![],
            ready: Some(envoy::GATEWAY_PORT),
            envoy: Some(EnvoyPlan {
                bootstrap: bootstrap.clone(),
                capture: false,
                identity: None,
            }),
        };
        let each = gateway.addresses.iter().enumerate().map(|(index, text)| {
            let address = text.parse::<Ipv4Addr>();
            let address = address.map_err(|_| PlanError::Address {
                name: gateway.name.clone(),
                address: text.clone(),
            })?;
            let name = if index == 0 {
                gateway.name.clone()
            } else {
                format!("{}-{index}", gateway.name)
            };
            Ok((name, plan(address)))
        });
        each.collect()
    }

    fn snapshot(&self, name: &str, workload: &WorkloadRef) -> Result<mesh_wire::Snapshot, PlanError> {
        let options = snapshot::Options {
            pod_endpoints: self.endpoints(),
        };
        snapshot::of(self.mesh, workload, &options).map_err(|source| PlanError::UnknownWorkload {
            pod: name.to_owned(),
            source,
        })
    }

    /// Addresses of the lab's pods by the host of their service.
    fn endpoints(&self) -> BTreeMap<String, Vec<IpAddr>> {
        let mut all: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for (name, pod) in &self.lab.pods {
            let Ok(namespace) = self.namespace(name, pod) else {
                continue;
            };
            let service = pod
                .service
                .as_ref()
                .and_then(|service| self.mesh.service(&namespace, service));
            if let Some(service) = service {
                all.entry(service.host.clone())
                    .or_default()
                    .push(IpAddr::V4(pod.address));
            }
        }
        all
    }

    fn namespace(&self, name: &str, pod: &PodSpec) -> Result<String, PlanError> {
        let mut names = self.mesh.namespaces.keys();
        let only = names.next().filter(|_| names.next().is_none());
        let unsaid = || PlanError::Unsaid {
            pod: name.to_owned(),
            property: "namespace",
        };
        pod.namespace.as_ref().or(only).cloned().ok_or_else(unsaid)
    }

    fn cluster(&self, pod: &PodSpec, namespace: &str) -> Result<String, PlanError> {
        let service = pod
            .service
            .as_ref()
            .and_then(|service| self.mesh.service(namespace, service));
        let own = service
            .and_then(|service| service.pods.as_ref())
            .map(|pods| &pods.cluster);
        own.or_else(|| self.mesh.clusters.keys().next())
            .cloned()
            .ok_or(PlanError::NoCluster)
    }
}
