use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use mesh_compiler::emit::names;
use mesh_compiler::emit::snapshot::UnknownWorkload;
use mesh_compiler::model::{Gateway, Group, Mesh, Vm};
use mesh_lab::plan::{IpNet, Ipv4Net, LONGEST_LAB, LabPlan, MachinePlan, Segment};
use mesh_lab::spec::{self, LabSpec, LabSpecError};

use super::identity::IdentityError;
use super::pods::Pods;

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
    let groups: Vec<&Group> = mesh.groups.iter().map(AsRef::as_ref).collect();
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

#[cfg(test)]
mod tests {
    use mesh_apply::ca::Ca;

    use super::*;
    use crate::world::FsWorld;

    fn forum() -> (Mesh, PathBuf) {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/forum/spec.kdl");
        let compiled = mesh_compiler::compile(&FsWorld, &spec.display().to_string());
        (compiled.model.unwrap(), spec)
    }

    #[test]
    fn the_forum_has_its_machines_pods_and_gateway_at_the_addresses_of_the_spec() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca");
        Ca::init(&ca).unwrap();
        let (mesh, spec) = forum();
        let plan = of(&mesh, &spec, Some(&ca)).unwrap();
        plan.validate().unwrap();
        let machines: Vec<_> = plan
            .machines
            .iter()
            .map(|(name, it)| format!("{name} {}", it.address))
            .collect();
        let expected = [
            "forum-db-1 10.10.0.30",
            "forum-vm-1 10.10.0.25",
            "forum-vm-2 10.10.0.26",
            "forum-vm-3 10.10.0.27",
        ];
        assert_eq!(machines, expected);
        let pods: Vec<_> = plan.workloads.keys().map(String::as_str).collect();
        assert_eq!(pods, ["intruder", "istio-eastwestgateway", "outsider", "webapp"]);
        assert!(plan.workloads["outsider"].envoy.is_none());
        let gateway = plan.workloads["istio-eastwestgateway"].envoy.as_ref().unwrap();
        let text = gateway.bootstrap.to_string();
        assert!(text.contains("outbound_.8080_._.webapp.istioinaction.svc.cluster.local"));
        assert!(
            !text.contains("forum-db"),
            "machines are not behind the pods' gateway"
        );
    }

    #[test]
    fn the_same_spec_plans_the_same_lab() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca");
        Ca::init(&ca).unwrap();
        let (mesh, spec) = forum();
        assert_eq!(
            of(&mesh, &spec, Some(&ca)).unwrap(),
            of(&mesh, &spec, Some(&ca)).unwrap()
        );
    }

    #[test]
    fn sidecars_without_a_ca_are_told_what_to_do() {
        let (mesh, spec) = forum();
        let error = of(&mesh, &spec, None).unwrap_err().to_string();
        assert!(error.contains("meshc ca init"), "{error}");
    }
}
