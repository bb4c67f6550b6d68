use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use mesh_wire::listener::MtlsMode;

use super::{Access, Authorizer, Expectation, Group, Raw, Service, Telemetry, UserFiles, Vm, Watch};
use crate::diag::Span;

/// The whole mesh.
#[derive(Clone, Debug)]
pub struct Mesh {
    /// Its name, also Istio's mesh ID.
    pub name: String,
    /// Trust domain of all identities.
    pub trust_domain: String,
    /// Other names that the trust domain has or had.
    pub trust_domain_aliases: Vec<String>,
    /// The Istio release that the manifests are for, such as `1.31`.
    pub istio_version: String,
    /// istiod's revision, where it has one.
    pub revision: Option<String>,
    /// PeerAuthentication of the whole mesh.
    pub mtls: MtlsMode,
    /// Who decides about calls, by name.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// Who may call anything in it.
    pub access: Access,
    /// What happens to connections to unknown destinations.
    pub outbound: OutboundMode,
    /// Names.
    pub dns: Dns,
    /// Metrics, logs, traces.
    pub telemetry: Telemetry,
    /// What watches it.
    pub watch: Watch,
    /// By name.
    pub networks: BTreeMap<String, Network>,
    /// By name.
    pub clusters: BTreeMap<String, Cluster>,
    /// By name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// Ordered by namespace and name.
    pub services: Vec<Service>,
    /// Objects that are written by hand, ordered by the names of their files.
    pub raw: Vec<Raw>,
    /// Files of the user's own; they are filled in last, when there is a mesh to speak of.
    pub files: UserFiles,
    /// All groups of VMs, ordered by namespace and name.
    pub groups: Vec<Arc<Group>>,
    /// Variables for the environment of Istio's agents (`defaultConfig.proxyMetadata`).
    pub proxy_metadata: BTreeMap<String, String>,
    /// What the spec expects of calls, ordered by place.
    pub expectations: Vec<Expectation>,
    /// Where `mesh` is written.
    pub span: Span,
}

/// What happens to connections to destinations that the mesh does not know (Istio `outboundTrafficPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboundMode {
    /// They pass.
    AllowAny,
    /// They are closed.
    RegistryOnly,
}

/// How names are resolved on VMs.
#[derive(Clone, Debug)]
pub struct Dns {
    /// Seconds that an answer may be kept.
    pub ttl: u32,
    /// Ranges for virtual addresses: IPv4, IPv6.
    pub virtual_ips: Vec<IpNet>,
    /// Domains that short names are completed with, after those of Kubernetes; in the order of the spec.
    pub search: Vec<String>,
    /// Domains with servers of their own.
    pub forward: Vec<DnsForward>,
    /// How applications' queries get to meshd.
    pub capture: DnsCapture,
}

/// How applications' queries get to meshd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DnsCapture {
    /// systemd-resolved sends the mesh's domains there; every other name never touches meshd.
    Resolved,
    /// Capture rules redirect port 53.
    Packets,
    /// They do not.
    None,
}

/// A domain with servers of its own.
#[derive(Clone, Debug)]
pub struct DnsForward {
    /// The domain, lower case.
    pub domain: String,
    /// The servers.
    pub servers: Vec<IpAddr>,
}

/// Machines that reach each other directly (Istio network).
#[derive(Clone, Debug)]
pub struct Network {
    /// Its name.
    pub name: String,
    /// The addresses of its machines; empty if not said.
    pub cidrs: Vec<IpNet>,
    /// Where it is written.
    pub span: Span,
}

/// A Kubernetes cluster with Istio.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Istio's cluster ID.
    pub name: String,
    /// The network that its pods are on; empty where the mesh has but one, without a name.
    pub network: String,
    /// kubectl context, where given.
    pub context: Option<String>,
    /// East-west gateways.
    pub gateways: Vec<Gateway>,
    /// Egress gateways.
    pub egress: Vec<Egress>,
    /// Where it is written.
    pub span: Span,
}

/// An egress gateway. Its Service, with the ports that it needs, is one of the services of the mesh.
#[derive(Clone, Debug)]
pub struct Egress {
    /// Name of the Helm release, Service and service account: `istio-egressgateway`.
    pub name: String,
    /// Where it is written.
    pub span: Span,
}

/// An east-west gateway: the way from other networks to the pods of its cluster.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Name of the Helm release and Service: `istio-eastwestgateway`.
    pub name: String,
    /// Addresses or host names that other networks dial.
    pub addresses: Vec<String>,
    /// 15443.
    pub port: u16,
    /// ClusterIP of its Service, where given.
    pub cluster_ip: Option<IpAddr>,
    /// Where it is written.
    pub span: Span,
}

/// A Kubernetes namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Sidecars are injected.
    pub injection: bool,
    /// The revision of istiod that injects, where it has one.
    pub revision: Option<String>,
    /// Labels of its own.
    pub labels: BTreeMap<String, String>,
    /// PeerAuthentication of its own.
    pub mtls: Option<MtlsMode>,
    /// Metrics, logs, traces, where they are not as in the mesh.
    pub telemetry: Telemetry,
    /// Who may call anything in it.
    pub access: Access,
    /// Accounts of pods that only call: those that no service has. Ordered.
    pub accounts: Vec<String>,
    /// Where it is written.
    pub span: Span,
}

impl Mesh {
    /// `spiffe://TD/ns/NS/sa/SA` (Istio `pkg/spiffe`).
    pub fn spiffe(&self, namespace: &str, account: &str) -> String {
        format!("spiffe://{}/ns/{namespace}/sa/{account}", self.trust_domain)
    }

    /// All services that are written in `namespace`.
    pub fn services_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Service> {
        self.services
            .iter()
            .filter(move |service| service.namespace == namespace)
    }

    /// The service `name` in `namespace`.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&Service> {
        let place =
            |service: &Service| (service.namespace.as_str(), service.name.as_str()).cmp(&(namespace, name));
        self.services
            .binary_search_by(place)
            .ok()
            .map(|at| &self.services[at])
    }

    /// The groups of VMs of `namespace`.
    pub fn groups_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups
            .iter()
            .map(Arc::as_ref)
            .filter(move |group| group.namespace == namespace)
    }

    /// Every VM with its group.
    pub fn vms(&self) -> impl Iterator<Item = (&Group, &Vm)> {
        self.groups
            .iter()
            .flat_map(|group| group.vms.iter().map(move |vm| (group.as_ref(), vm)))
    }

    /// The services that run on the machines of `group`, ordered by name.
    pub fn services_on<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = &'a Service> {
        self.services_in(&group.namespace)
            .filter(|service| group.services.contains(&service.name))
    }

    /// The address by which the machines of `group` reach istiod. Names of gateways cannot stand in a hosts file.
    pub fn way_to_istiod(&self, group: &Group) -> Option<IpAddr> {
        let cluster = self.clusters.get(&group.cluster)?;
        let mut addresses = cluster.gateways.iter().flat_map(|gateway| &gateway.addresses);
        addresses.find_map(|address| address.parse().ok())
    }

    /// The gateways that lead into `network`, in the order of their clusters.
    pub fn gateways_of<'a>(&'a self, network: &'a str) -> impl Iterator<Item = &'a Gateway> {
        let clusters = self
            .clusters
            .values()
            .filter(move |cluster| cluster.network == network);
        clusters.flat_map(|cluster| &cluster.gateways)
    }
}
