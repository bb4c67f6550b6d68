//! The declarations of a spec, as they are written: names are not looked up, defaults not filled in.

mod access;
mod attribute;
mod authorizer;
mod balance;
mod capture;
mod client_tls;
mod dns;
mod elastic;
mod expect;
mod external;
mod file;
mod jwt;
mod limits;
mod mesh;
mod place;
mod raw;
mod route;
mod service;
mod telemetry;
mod traffic;
mod tune;
mod vms;

pub use access::{AccessDecl, ChoiceDecl, RuleDecl, WhenDecl};
pub use attribute::{Action, Attribute, BadKey};
pub use authorizer::{AuthorizerDecl, HttpAuthorizerDecl};
pub use balance::{BalanceDecl, DistributeDecl, HashKeyDecl, LocalityDecl, WarmUpDecl};
pub use capture::{CaptureDecl, Choice, Names};
pub use client_tls::ClientTlsDecl;
pub use dns::{DnsDecl, ForwardDecl};
pub use elastic::ElasticDecl;
pub use expect::ExpectDecl;
pub use external::{EndpointDecl, ExitDecl, ExternalDecl};
pub use file::FileDecl;
pub use jwt::{JwtDecl, JwtFromDecl};
pub use limits::{EjectDecl, Http2, Limits, LimitsDecl, RetryBudgetDecl};
pub use mesh::MeshDecl;
pub use place::{ClusterDecl, EgressDecl, GatewayDecl, NamespaceDecl, NetworkDecl};
pub use raw::{Identity, RawDecl, RawObject};
pub use route::{
    AbortDecl, CorsDecl, DelayDecl, EditsDecl, FaultDecl, List, MatchDecl, PairDecl, RedirectDecl,
    RespondDecl, RetryDecl, RewriteDecl, RouteDecl, TargetDecl, TextDecl,
};
pub use service::{MtlsDecl, PodsDecl, PortDecl, ServiceDecl};
pub use telemetry::{AccessLogDecl, MetricEditDecl, MetricsDecl, TelemetryDecl, TraceTagDecl, TracingDecl};
pub use traffic::{SubsetDecl, SubsetPortDecl, TrafficDecl};
pub use tune::TuneDecl;
pub use vms::{ExtraPortDecl, HealthDecl, Pairs, ProxyDecl, SshDecl, VmDecl, VmsDecl};

use super::Item;
use crate::diag::Spanned;
use crate::parallel;

/// A whole spec.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// `mesh`.
    pub mesh: Option<MeshDecl>,
    /// `network`.
    pub networks: Vec<NetworkDecl>,
    /// `cluster`.
    pub clusters: Vec<ClusterDecl>,
    /// `namespace`.
    pub namespaces: Vec<NamespaceDecl>,
    /// `raw`.
    pub raw: Vec<RawDecl>,
    /// `file`.
    pub files: Vec<FileDecl>,
}

/// What a place says of those who call.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// What it says.
    pub decl: &'a AccessDecl,
    /// `None` is the whole mesh.
    pub namespace: Option<&'a NamespaceDecl>,
    /// `None` is the whole namespace, or the whole mesh.
    pub service: Option<&'a ServiceDecl>,
}

/// A service or an external service, as far as routes are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Routed<'a> {
    /// Where it is.
    pub namespace: &'a NamespaceDecl,
    /// Its name.
    pub name: &'a Spanned<String>,
    /// A host of its own.
    pub host: Option<&'a Spanned<String>>,
    /// Its ports.
    pub ports: &'a [PortDecl],
    /// Its versions.
    pub subsets: &'a [SubsetDecl],
    /// Where what callers send goes.
    pub routes: &'a [RouteDecl],
    /// What it has may be incomplete.
    pub damaged: bool,
}

/// Labels as they are written.
pub type Labels = Vec<(Spanned<String>, Spanned<String>)>;

impl Spec {
    /// Reads what [`check`](super::check) left; what has no name is left out.
    pub fn read(items: &[Item]) -> Self {
        let of = |name: &'static str| items.iter().filter(move |item| item.spec.name == name);
        let namespaces: Vec<_> = of("namespace").collect();
        let amount = namespaces.iter().map(|item| item.children.len()).sum();
        let namespaces = parallel::each(&namespaces, amount, |item| NamespaceDecl::read(item));
        Self {
            mesh: of("mesh").find_map(MeshDecl::read),
            networks: of("network").filter_map(NetworkDecl::read).collect(),
            clusters: of("cluster").filter_map(ClusterDecl::read).collect(),
            namespaces: namespaces.into_iter().flatten().collect(),
            raw: Vec::new(),
            files: of("file").filter_map(FileDecl::read).collect(),
        }
    }

    /// Every place that says who may call: the mesh, then each namespace and its services.
    pub fn access(&self) -> impl Iterator<Item = Access<'_>> {
        let mesh = self.mesh.iter().map(|mesh| Access {
            decl: &mesh.access,
            namespace: None,
            service: None,
        });
        let namespaces = self.namespaces.iter().flat_map(|namespace| {
            let own = Access {
                decl: &namespace.access,
                namespace: Some(namespace),
                service: None,
            };
            let services = namespace.services.iter().map(move |service| Access {
                decl: &service.access,
                namespace: Some(namespace),
                service: Some(service),
            });
            std::iter::once(own).chain(services)
        });
        mesh.chain(namespaces)
    }

    /// What is said of telemetry, from the mesh inwards.
    pub fn telemetry(&self) -> impl Iterator<Item = &TelemetryDecl> {
        let of_mesh = self.mesh.iter().map(|mesh| &mesh.telemetry);
        of_mesh.chain(self.namespaces.iter().flat_map(NamespaceDecl::telemetry_inside))
    }

    /// Every service with its namespace.
    pub fn services(&self) -> impl Iterator<Item = (&NamespaceDecl, &ServiceDecl)> {
        self.namespaces
            .iter()
            .flat_map(|namespace| namespace.services.iter().map(move |service| (namespace, service)))
    }

    /// Every external service with its namespace.
    pub fn externals(&self) -> impl Iterator<Item = (&NamespaceDecl, &ExternalDecl)> {
        self.namespaces.iter().flat_map(|namespace| {
            namespace
                .externals
                .iter()
                .map(move |external| (namespace, external))
        })
    }

    /// Everything that has routes.
    pub fn routed(&self) -> impl Iterator<Item = Routed<'_>> {
        let services = self
            .services()
            .map(|(namespace, service)| service.routed(namespace));
        let externals = self
            .externals()
            .map(|(namespace, external)| external.routed(namespace));
        services.chain(externals)
    }

    /// Every group of VMs with its namespace and the service that it is written in, if it is.
    pub fn groups(&self) -> impl Iterator<Item = (&NamespaceDecl, Option<&ServiceDecl>, &VmsDecl)> {
        self.namespaces.iter().flat_map(|namespace| {
            namespace
                .groups()
                .map(move |(service, vms)| (namespace, service, vms))
        })
    }

    /// The names of all variables that machines are given.
    pub fn variables(&self) -> impl Iterator<Item = &Spanned<String>> {
        let of_mesh = self.mesh.iter().map(|mesh| &mesh.proxy);
        let of_groups = self.groups().map(|(_, _, vms)| &vms.proxy);
        let all = of_mesh.chain(of_groups).flat_map(|proxy| &proxy.metadata);
        all.map(|(name, _)| name)
    }

    /// Every `capture` that holds somewhere: that of the mesh, and what holds for a group that has one itself.
    pub fn captures(&self) -> Vec<CaptureDecl> {
        let of_mesh = self.mesh.as_ref().map(|mesh| mesh.capture.clone());
        let own = self.groups().filter(|(.., vms)| vms.capture.span.is_some());
        let own = own.map(|(.., vms)| self.capture_of(vms));
        of_mesh.into_iter().chain(own).collect()
    }

    /// What is captured on the machines of a group.
    pub fn capture_of(&self, vms: &VmsDecl) -> CaptureDecl {
        self.mesh
            .as_ref()
            .map_or_else(|| vms.capture.clone(), |mesh| vms.capture.over(&mesh.capture))
    }
}
