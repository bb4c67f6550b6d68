use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use mesh_wire::listener::MtlsMode;

use super::{Access, Group, Pods, TrafficPolicy};
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
    /// How callers treat it (DestinationRule).
    pub traffic: TrafficPolicy,
    /// Who may call it.
    pub access: Access,
    /// PeerAuthentication of its own.
    pub mtls: Option<MtlsMode>,
    /// PeerAuthentication of single workload ports.
    pub port_mtls: BTreeMap<u16, MtlsMode>,
    /// Labels of its workloads, pods and VMs; empty for external services.
    pub selector: BTreeMap<String, String>,
    /// Its pods.
    pub pods: Option<Pods>,
    /// The groups of VMs that it runs on, ordered by name: its own, and those that others brought along.
    pub groups: Vec<Arc<Group>>,
    /// Where it is written.
    pub span: Span,
}

/// What a service is for Istio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Kubernetes Service.
    Kubernetes {
        /// `clusterIP: None`.
        headless: bool,
    },
    /// A ServiceEntry with `location: MESH_INTERNAL` and a workload selector, for a host that is no Kubernetes name.
    MeshInternal,
    /// A ServiceEntry with `location: MESH_EXTERNAL`.
    External {
        /// How its endpoints are found.
        resolution: Resolution,
        /// Addresses or names; with `Resolution::Dns` empty is the host itself.
        endpoints: Vec<String>,
    },
}

/// How the endpoints of an external service are found (ServiceEntry `resolution`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The spec lists them.
    Static,
    /// By DNS.
    Dns,
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
    /// What the workload listens on.
    pub target: u16,
    /// What is spoken.
    pub protocol: Protocol,
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
    /// TLS that the application makes.
    Tls,
    /// HTTPS that the application makes.
    Https,
    /// Bytes.
    Tcp,
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
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Mysql => "mysql",
            Self::Redis => "redis",
            Self::Mongo => "mongo",
        }
    }

    /// The proxy understands requests.
    pub const fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Http2 | Self::Grpc)
    }

    /// The endpoints are spoken to in HTTP/2.
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Grpc)
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

    /// It lies outside the mesh.
    pub const fn is_external(&self) -> bool {
        matches!(self.kind, Kind::External { .. })
    }
}
