use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use mesh_wire::cluster::Locality;
use mesh_wire::listener::MtlsMode;

use super::{Access, Group, Pods, Routes, Telemetry, TrafficPolicy};
use crate::diag::Span;

/// Something with a host name that others call.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The full host: `name.ns.svc.DOMAIN`, or one that the spec gives.
    pub host: String,
    /// What it is for Istio.
    pub kind: Kind,
    /// Service account of its workloads; empty for external services.
    pub account: String,
    /// What it resolves to: the ClusterIP or addresses that the spec gives, else virtual addresses.
    pub addresses: Vec<IpAddr>,
    /// The addresses are the spec's (false: allocated).
    pub addresses_given: bool,
    /// In the order of the spec; names are unique.
    pub ports: Vec<Port>,
    /// Versions.
    pub subsets: Vec<Subset>,
    /// How callers treat it (DestinationRule); [`Service::policy`] says what holds on a port.
    pub traffic: TrafficPolicy,
    /// Which namespaces know it.
    pub visible: Visibility,
    /// Where what callers send to it goes (VirtualService).
    pub routes: Routes,
    /// The egress gateway that its traffic leaves by; its routes then lead there.
    pub exit: Option<Exit>,
    /// Who may call it.
    pub access: Access,
    /// PeerAuthentication of its own.
    pub mtls: Option<MtlsMode>,
    /// Metrics, logs, traces, where they are not as in the namespace.
    pub telemetry: Telemetry,
    /// PeerAuthentication of single workload ports.
    pub port_mtls: BTreeMap<u16, MtlsMode>,
    /// Labels of its workloads, pods and VMs; empty for external services.
    pub selector: BTreeMap<String, String>,
    /// Names of the services of its namespace that have some of its workloads, too.
    pub beside: BTreeSet<String>,
    /// Its pods: one entry for each place, ordered by cluster and locality.
    pub pods: Vec<Pods>,
    /// The groups of VMs that it runs on, ordered by name: its own, and those that others brought along.
    pub groups: Vec<Arc<Group>>,
    /// Where it is written.
    pub span: Span,
}

/// How the traffic of an external service leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The name of the egress gateway.
    pub gateway: String,
    /// For each port of the service, the one of the gateway that is for it alone: behind the gateway's mutual TLS nothing
    /// but the port tells for whom bytes are, since the name that the client asks for is what gateways between networks
    /// go by.
    pub ports: BTreeMap<u16, u16>,
}

/// What a service is for Istio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Kubernetes Service.
    Kubernetes {
        /// `clusterIP: None`.
        headless: bool,
    },
    /// The Service of an egress gateway, which Istio's gateway chart makes.
    Egress,
    /// A ServiceEntry with `location: MESH_INTERNAL` and a workload selector, for a host that is no Kubernetes name.
    MeshInternal,
    /// A ServiceEntry with `location: MESH_EXTERNAL`.
    External {
        /// How its endpoints are found.
        resolution: Resolution,
        /// Where it is, ordered; empty with a resolution by DNS is the host itself.
        endpoints: Vec<ExternalEndpoint>,
        /// Names that its certificate carries (ServiceEntry `subjectAltNames`), ordered.
        sans: Vec<String>,
    },
}

/// An endpoint of an external service (ServiceEntry `endpoints`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExternalEndpoint {
    /// Address or name.
    pub address: String,
    /// Where it stands.
    pub locality: Locality,
    /// Its share, relative to the others; Istio's default 1.
    pub weight: Option<u32>,
    /// What it listens on, by the name of the port, where it is not as the port says.
    pub ports: BTreeMap<String, u16>,
    /// Its labels, by which subsets choose.
    pub labels: BTreeMap<String, String>,
}

/// Which namespaces know a service (`exportTo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Visibility {
    /// All.
    #[default]
    Mesh,
    /// These alone; where there is none, nobody knows it.
    Namespaces(BTreeSet<String>),
}

/// How the endpoints of an external service are found (ServiceEntry `resolution`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The spec lists them.
    Static,
    /// By DNS; every address of an answer is used.
    Dns,
    /// By DNS; one address of an answer at a time.
    DnsRoundRobin,
    /// The address that the application dialled.
    None,
}

/// A port of a service.
#[derive(Clone, Debug)]
pub struct Port {
    /// `http`, `tcp-mysql`: unique in the service.
    pub name: String,
    /// What callers dial.
    pub number: u16,
    /// What the workload listens on; the number where that has only a name.
    pub target: u16,
    /// The name of the workload's port, which pods and VMs know by a number of their own.
    pub target_name: Option<String>,
    /// What is spoken.
    pub protocol: Protocol,
    /// What holds on it in place of all that the service says (DestinationRule `portLevelSettings`).
    pub traffic: TrafficPolicy,
    /// Where it is written.
    pub span: Span,
}

/// What is spoken on a port (Istio `pkg/config/protocol`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// HTTP/1.1 (and h2c by preface).
    Http,
    /// HTTP/2.
    Http2,
    /// gRPC.
    Grpc,
    /// gRPC-Web: HTTP, to the endpoints HTTP/2.
    GrpcWeb,
    /// TLS that the application makes.
    Tls,
    /// HTTPS that the application makes.
    Https,
    /// Bytes.
    Tcp,
    /// Datagrams, which no proxy touches.
    Udp,
    /// MySQL: bytes, the server speaks first.
    Mysql,
    /// Redis: bytes.
    Redis,
    /// MongoDB: bytes.
    Mongo,
}

/// A version of a service.
#[derive(Clone, Debug)]
pub struct Subset {
    /// Its name.
    pub name: String,
    /// What its workloads are labelled.
    pub labels: BTreeMap<String, String>,
    /// What holds for it in place of what the service or port says, part by part.
    pub traffic: TrafficPolicy,
    /// What holds on single ports of it, in place of all else.
    pub ports: BTreeMap<u16, TrafficPolicy>,
    /// Where it is written.
    pub span: Span,
}

impl Protocol {
    /// The word for `appProtocol` in Services and, in capitals, for `protocol` in ServiceEntries.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
            Self::GrpcWeb => "grpc-web",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Mongo => "mongo",
        }
    }

    /// The proxy understands requests.
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// The endpoints are spoken to in HTTP/2.
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc | Self::GrpcWeb)
    }

    /// Proxies carry it: all but datagrams.
    pub const fn is_proxied(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// The application's own TLS.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Tls | Self::Https)
    }
}

impl Service {
    /// `name.namespace`, as people call it.
    pub fn label(&self) -> String {
        format!("{}.{}", self.name, self.namespace)
    }

    /// The ports that proxies know of.
    pub fn proxied_ports(&self) -> impl Iterator<Item = &Port> {
        self.ports.iter().filter(|port| port.protocol.is_proxied())
    }

    /// What holds for callers of `port`, of all of the service or of a version (Istio `GetPortLevelTrafficPolicy`,
    /// `MergeSubsetTrafficPolicy`): what is said on a port replaces all that the service says, and what a version
    /// says replaces that, part by part.
    pub fn policy(&self, port: &Port, subset: Option<&Subset>) -> TrafficPolicy {
        let whole = if port.traffic.is_empty() {
            &self.traffic
        } else {
            &port.traffic
        };
        match subset {
            None => whole.clone(),
            Some(subset) => match subset.ports.get(&port.number) {
                Some(on_port) => TrafficPolicy {
                    retry_budget: whole.retry_budget,
                    ..on_port.clone()
                },
                None => whole.overlaid(&subset.traffic),
            },
        }
    }

    /// Names that its certificate carries, where it is outside and the spec says them.
    pub fn certificate_names(&self) -> &[String] {
        match &self.kind {
            Kind::External { sans, .. } => sans,
            _ => &[],
        }
    }

    /// Workloads of `namespace` know it.
    pub fn is_visible_in(&self, namespace: &str) -> bool {
        match &self.visible {
            Visibility::Mesh => true,
            Visibility::Namespaces(names) => names.contains(namespace),
        }
    }

    /// Its pods in `cluster`.
    pub fn pods_in<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a Pods> {
        self.pods.iter().filter(move |pods| pods.cluster == cluster)
    }

    /// The hosts that its routes are for: its own, and names that only its routes for TLS know. None takes in another,
    /// since Istio refuses such a list; a name below a wildcard is a route's all the same.
    pub fn routed_hosts(&self) -> Vec<&str> {
        let matches = self.routes.tls.iter().flat_map(|route| &route.matches);
        let names = matches.flat_map(|matching| &matching.sni).map(String::as_str);
        let names: BTreeSet<_> = names.filter(|name| !takes_in(&self.host, name)).collect();
        let below = |name: &str| names.iter().any(|wide| *wide != name && takes_in(wide, name));
        let more = names.iter().copied().filter(|name| !below(name));
        std::iter::once(self.host.as_str()).chain(more).collect()
    }

    /// Workloads with these labels are its own.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty()
            && self
                .selector
                .iter()
                .all(|(key, value)| labels.get(key) == Some(value))
    }

    /// It is a Service of Kubernetes, whoever makes it.
    pub const fn is_kubernetes(&self) -> bool {
        matches!(self.kind, Kind::Kubernetes { .. } | Kind::Egress)
    }

    /// It lies outside the mesh.
    pub const fn is_external(&self) -> bool {
        matches!(self.kind, Kind::External { .. })
    }
}

/// `wide` is `name`, or a wildcard above it.
pub(crate) fn takes_in(wide: &str, name: &str) -> bool {
    match wide.strip_prefix('*') {
        Some(suffix) => name.ends_with(suffix),
        None => name == wide,
    }
}
