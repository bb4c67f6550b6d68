//! What a lab consists of, before anything of it exists.

mod segment;
mod valid;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

pub use ipnet::{IpNet, Ipv4Net};
pub use segment::Segment;
use serde::Serialize;
pub use valid::{InvalidPlan, LONGEST_LAB};

/// Everything that [`Lab::up`](crate::Lab::up) needs to know.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabPlan {
    /// Names the lab, its namespaces and its folders; the mesh's name.
    pub name: String,
    /// Debian packages of the machines and pods, on top of the lab's own.
    pub packages: BTreeSet<String>,
    /// Names outside of the mesh that the lab's public DNS knows; all others do not exist.
    pub outside: BTreeMap<String, OutsideName>,
    /// The network of the machines.
    pub vms: Segment,
    /// The network of the pods; its `dns` plays CoreDNS.
    pub pods: Segment,
    /// The network in between, on which the gateways' addresses lie.
    pub edge: Segment,
    /// Names that the cluster's DNS knows.
    pub cluster_hosts: BTreeMap<String, Vec<IpAddr>>,
    /// The cluster's domain, such as `cluster.local`.
    pub cluster_domain: String,
    /// Booted machines by name.
    pub machines: BTreeMap<String, MachinePlan>,
    /// Pods by name.
    pub workloads: BTreeMap<String, PodPlan>,
}

/// A name outside of the mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OutsideName {
    /// Its address.
    pub address: IpAddr,
    /// Seconds that the answer may be kept.
    pub ttl: u32,
}

/// A booted machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MachinePlan {
    /// Its address on the machines' network.
    pub address: Ipv4Addr,
    /// Its user with an SSH key and sudo.
    pub user: String,
    /// What the user of the lab runs on it.
    pub setup: Setup,
}

/// What is put into a machine or pod before it starts, and done after.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Setup {
    /// Files.
    pub files: Vec<LabFile>,
    /// systemd units that start at boot (machines only).
    pub enable: Vec<String>,
    /// Shell commands, run once after the first boot (machines only).
    pub run: Vec<String>,
}

/// A file inside of a machine or pod.
#[derive(Clone, PartialEq, Serialize)]
pub struct LabFile {
    /// Absolute path inside.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Permissions.
    pub mode: u32,
}

impl std::fmt::Debug for LabFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes, {:o})", self.path, self.bytes.len(), self.mode)
    }
}

/// The program of a pod that is Envoy.
pub(crate) const ENVOY: &str = "envoy";
/// The program of a pod that is the application.
pub(crate) const APP: &str = "app";

/// Programs in a network namespace of their own: a pod, or a gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PodPlan {
    /// On which network.
    pub place: Place,
    /// Its address there.
    pub address: Ipv4Addr,
    /// Its Kubernetes namespace, for the search domains of DNS.
    pub namespace: String,
    /// Files.
    pub files: Vec<LabFile>,
    /// The application; empty runs none.
    pub command: Vec<String>,
    /// The port on which the application answers once it is ready.
    pub ready: Option<u16>,
    /// The Envoy beside it.
    pub envoy: Option<EnvoyPlan>,
}

/// The network that a pod is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The pods' own.
    Pods,
    /// That of the gateways.
    Edge,
}

/// An Envoy and how traffic comes to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnvoyPlan {
    /// Its static bootstrap.
    pub bootstrap: serde_json::Value,
    /// Whether the namespace's TCP traffic is redirected into it, as `istio-init` does.
    pub capture: bool,
    /// Who it is; a gateway that only passes TLS on is nobody.
    pub identity: Option<PodIdentity>,
}

/// A workload certificate, as PEM texts.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct PodIdentity {
    /// Leaf first, then intermediates.
    pub cert_chain: String,
    /// Private key.
    pub key: String,
    /// Trust bundle.
    pub roots: String,
}

impl std::fmt::Debug for PodIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PodIdentity(…)")
    }
}

impl LabPlan {
    /// The network of a pod.
    pub(crate) fn segment(&self, place: Place) -> &Segment {
        match place {
            Place::Pods => &self.pods,
            Place::Edge => &self.edge,
        }
    }
}

impl PodPlan {
    /// The programs that run in it, by the names of their logs.
    pub(crate) fn programs(&self) -> impl Iterator<Item = &'static str> {
        let envoy = self.envoy.iter().map(|_| ENVOY);
        envoy.chain((!self.command.is_empty()).then_some(APP))
    }
}
