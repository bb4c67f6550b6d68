use std::collections::BTreeMap;
use std::net::IpAddr;

use mesh_wire::bundle::{Probe, ProbeAction};
use mesh_wire::cluster::Locality;

use super::Capture;
use super::{Elastic, Tune};
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
    /// Network; empty where the mesh has but one, without a name.
    pub network: String,
    /// The cluster whose istiod its VMs belong to.
    pub cluster: String,
    /// What carries its traffic.
    pub engine: Engine,
    /// Who makes its WorkloadEntries.
    pub registration: Registration,
    /// Names of the services that run on its VMs, in the same namespace; ordered. None where they only call.
    pub services: Vec<String>,
    /// Labels of every VM; they match the selectors of its services.
    pub labels: BTreeMap<String, String>,
    /// Annotations of Istio's objects.
    pub annotations: BTreeMap<String, String>,
    /// Variables for the environment of Istio's agents on its VMs, over those of the mesh.
    pub proxy_metadata: BTreeMap<String, String>,
    /// Ports of the workload, by name: those of its services, and more (health, metrics). Where ports of two
    /// services have one name, it has their numbers behind it.
    pub ports: BTreeMap<String, u16>,
    /// Where VMs stand that do not say it.
    pub locality: Locality,
    /// Share of requests of VMs that do not say it.
    pub weight: Option<u32>,
    /// How the application is asked whether it is well.
    pub health: Option<Health>,
    /// What is captured.
    pub capture: Capture,
    /// How its machines are set up.
    pub tune: Tune,
    /// An autoscaler starts and ends its machines.
    pub elastic: Option<Elastic>,
    /// Ordered by name.
    pub vms: Vec<Vm>,
    /// Where it is written.
    pub span: Span,
}

/// What carries the traffic of VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Ours.
    Meshd,
    /// Istio's sidecar package: pilot-agent and Envoy.
    Envoy,
}

/// Who makes the WorkloadEntries of VMs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registration {
    /// They are written out.
    Entries,
    /// istiod, when a VM comes (`AUTO_REGISTER_GROUP`).
    Auto,
}

/// How the application is asked whether it is well (Istio `ReadinessProbe`). `None` leaves Istio's default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// What is asked.
    pub asked: Asked,
    /// Seconds between two.
    pub period: Option<u32>,
    /// Seconds for an answer.
    pub timeout: Option<u32>,
    /// Failures in a row until it is unhealthy.
    pub failures: Option<u32>,
    /// Successes in a row until it is healthy.
    pub successes: Option<u32>,
    /// Seconds before the first.
    pub delay: Option<u32>,
}

/// What is asked of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// An HTTP GET that must answer 200 to 399.
    Http {
        /// Port.
        port: u16,
        /// Path.
        path: Option<String>,
        /// It is asked over TLS.
        https: bool,
        /// Whom it connects to, if not the machine.
        host: Option<String>,
        /// Headers.
        headers: BTreeMap<String, String>,
    },
    /// A TCP connection.
    Tcp {
        /// Port.
        port: u16,
    },
    /// A command that must end with 0.
    Exec {
        /// Program and arguments.
        command: Vec<String>,
    },
}

impl Health {
    /// The probe with Kubernetes' defaults: every 10 s, 1 s for an answer, three failures.
    pub fn probe(&self) -> Probe {
        let action = match &self.asked {
            Asked::Http {
                port, path, headers, ..
            } => ProbeAction::Http {
                port: *port,
                path: path.clone().unwrap_or_else(|| "/".to_owned()),
                headers: headers.clone(),
            },
            Asked::Tcp { port } => ProbeAction::Tcp { port: *port },
            Asked::Exec { command } => ProbeAction::Exec {
                command: command.clone(),
            },
        };
        Probe {
            action,
            period: self.period.unwrap_or(10),
            timeout: self.timeout.unwrap_or(1),
            failures: self.failures.unwrap_or(3),
            successes: self.successes.unwrap_or(1),
            initial_delay: self.delay.unwrap_or(0),
        }
    }
}

/// One VM.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Its name, unique in its namespace.
    pub name: String,
    /// The address that others dial.
    pub address: IpAddr,
    /// The machine itself does not have the address: it is translated on the way.
    pub external: bool,
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
