use std::net::IpAddr;

use ipnet::IpNet;

use super::{AccessDecl, ExpectDecl, ExternalDecl, Labels, ServiceDecl, TelemetryDecl, VmsDecl};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `network`.
#[derive(Clone, Debug)]
pub struct NetworkDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `cidr=`.
    pub cidrs: Option<Spanned<Vec<IpNet>>>,
    /// Where.
    pub span: Span,
}

/// `cluster`.
#[derive(Clone, Debug)]
pub struct ClusterDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `network=`.
    pub network: Option<Spanned<String>>,
    /// `context`.
    pub context: Option<Spanned<String>>,
    /// `gateway`.
    pub gateways: Vec<GatewayDecl>,
    /// `egress`.
    pub egress: Vec<EgressDecl>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `gateway`.
#[derive(Clone, Debug)]
pub struct GatewayDecl {
    /// Name.
    pub name: Option<Spanned<String>>,
    /// `address=`.
    pub addresses: Vec<Spanned<String>>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// `cluster-ip=`.
    pub cluster_ip: Option<Spanned<IpAddr>>,
    /// Where.
    pub span: Span,
}

/// `egress` of a cluster.
#[derive(Clone, Debug)]
pub struct EgressDecl {
    /// Name.
    pub name: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

/// `namespace`.
#[derive(Clone, Debug)]
pub struct NamespaceDecl {
    /// `expect`.
    pub expect: Vec<ExpectDecl>,
    /// Name.
    pub name: Spanned<String>,
    /// `injection=`.
    pub injection: Option<Spanned<bool>>,
    /// `revision=`.
    pub revision: Option<Spanned<String>>,
    /// `label`.
    pub labels: Labels,
    /// `mtls`.
    pub mtls: Option<Spanned<String>>,
    /// `telemetry`.
    pub telemetry: TelemetryDecl,
    /// `allow`, `deny`, `audit` and `jwt`.
    pub access: AccessDecl,
    /// `account`.
    pub accounts: Vec<Spanned<String>>,
    /// `service`.
    pub services: Vec<ServiceDecl>,
    /// `external`.
    pub externals: Vec<ExternalDecl>,
    /// `vms` beside the services.
    pub vms: Vec<VmsDecl>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl NetworkDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            cidrs: item.spanned("cidr"),
            span: item.span,
        })
    }
}

impl ClusterDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            network: item.spanned("network"),
            context: item.word("context"),
            gateways: item.children("gateway").filter_map(GatewayDecl::read).collect(),
            egress: item.children("egress").map(EgressDecl::read).collect(),
            damaged: item.damaged || item.incomplete(&["gateway", "egress"]),
            span: item.span,
        })
    }
}

impl GatewayDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name"),
            addresses: item.get("address")?,
            port: item.spanned("port"),
            cluster_ip: item.spanned("cluster-ip"),
            span: item.span,
        })
    }
}

impl EgressDecl {
    fn read(item: &Item) -> Self {
        Self {
            name: item.spanned("name"),
            span: item.span,
        }
    }
}

impl NamespaceDecl {
    /// What it says of telemetry, and what its services do.
    pub fn telemetry_inside(&self) -> impl Iterator<Item = &TelemetryDecl> {
        std::iter::once(&self.telemetry).chain(self.services.iter().map(|service| &service.telemetry))
    }

    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            expect: ExpectDecl::all(item),
            name: item.spanned("name")?,
            injection: item.spanned("injection"),
            revision: item.spanned("revision"),
            labels: item
                .child("label")
                .map(|label| label.labels.clone())
                .unwrap_or_default(),
            mtls: item.word("mtls"),
            telemetry: TelemetryDecl::read(item),
            access: AccessDecl::read(item),
            accounts: item
                .children("account")
                .filter_map(|account| account.spanned("name"))
                .collect(),
            services: item.children("service").filter_map(ServiceDecl::read).collect(),
            externals: item.children("external").filter_map(ExternalDecl::read).collect(),
            vms: item.children("vms").map(VmsDecl::read).collect(),
            damaged: item.incomplete(&["account", "service", "external", "vms"]),
            span: item.span,
        })
    }

    /// Every group of its VMs, with the service that it is written in, if it is.
    pub fn groups(&self) -> impl Iterator<Item = (Option<&ServiceDecl>, &VmsDecl)> {
        let of_services = self
            .services
            .iter()
            .flat_map(|service| service.vms.iter().map(move |vms| (Some(service), vms)));
        of_services.chain(self.vms.iter().map(|vms| (None, vms)))
    }
}
