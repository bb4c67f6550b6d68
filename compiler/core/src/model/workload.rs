use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::bundle::Probe;
use mesh_wire::cluster::Locality;

use crate::diag::Span;

/// Pods of a service. The Deployment stays the user's.
#[derive(Clone, Debug)]
pub struct Pods {
    /// Cluster that they run in.
    pub cluster: String,
    /// Network of that cluster.
    pub network: String,
    /// Labels that select them.
    pub selector: BTreeMap<String, String>,
    /// Where they run, if the spec says so.
    pub locality: Locality,
}

/// VMs that are alike (Istio WorkloadGroup).
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name: the service's, or one of its own where a service has several.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Service account.
    pub account: String,
    /// Network.
    pub network: String,
    /// Labels of every VM; they match the service's selector.
    pub labels: BTreeMap<String, String>,
    /// Ports of the workload, by name: those of the service, and more (health, metrics).
    pub ports: BTreeMap<String, u16>,
    /// How the application is asked whether it is well.
    pub probe: Option<Probe>,
    /// What is captured.
    pub capture: Capture,
    /// Ordered by name.
    pub vms: Vec<Vm>,
    /// Where it is written.
    pub span: Span,
}

/// One VM.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its name, unique in its namespace.
    pub name: String,
    /// The address that others dial.
    pub address: IpAddr,
    /// Where it stands.
    pub locality: Locality,
    /// Share of requests, relative to the others; Istio's default 1.
    pub weight: Option<u32>,
    /// Labels of its own.
    pub labels: BTreeMap<String, String>,
    /// How it is reached.
    pub ssh: Ssh,
    /// Where it is written.
    pub span: Span,
}

/// How a VM is reached by SSH.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ssh {
    /// Name or address; `None` is the VM's name, which `~/.ssh/config` may know, with the VM's address as HostName.
    pub host: Option<String>,
    /// Login.
    pub user: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Jump host.
    pub via: Option<String>,
}

/// What the capture rules of a VM take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Which inbound ports.
    pub inbound: InboundPorts,
    /// Outbound destinations; empty is all.
    pub outbound_cidrs: Vec<IpNet>,
    /// Outbound destinations that are left alone.
    pub exclude_cidrs: Vec<IpNet>,
    /// Outbound ports that are left alone.
    pub exclude_outbound_ports: Vec<u16>,
}

/// Which inbound ports are captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboundPorts {
    /// The workload's declared ports.
    Declared,
    /// All but these; SSH and meshd's own are always among them.
    AllBut(Vec<u16>),
}

/// A workload whose view of the mesh is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkloadRef {
    /// A VM.
    Vm {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
    },
    /// A pod of a service, with its own name and address (for the lab's sidecars). The service may be absent
    /// for a pod that only calls.
    Pod {
        /// Namespace.
        namespace: String,
        /// The pod's name.
        name: String,
        /// Service account.
        account: String,
        /// The service it belongs to.
        service: Option<String>,
        /// Address.
        address: IpAddr,
        /// Cluster.
        cluster: String,
    },
}
