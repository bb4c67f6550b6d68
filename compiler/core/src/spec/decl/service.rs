use std::net::IpAddr;

use mesh_wire::cluster::Locality;

use super::{
    AccessDecl, ExpectDecl, Labels, NamespaceDecl, RouteDecl, Routed, SubsetDecl, TelemetryDecl, TrafficDecl,
    VmsDecl,
};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `service`.
#[derive(Clone, Debug)]
pub struct ServiceDecl {
    /// `expect`.
    pub expect: Vec<ExpectDecl>,
    /// Name.
    pub name: Spanned<String>,
    /// `account=`.
    pub account: Option<Spanned<String>>,
    /// `cluster-ip=`.
    pub cluster_ip: Option<Spanned<IpAddr>>,
    /// `headless=`.
    pub headless: Option<Spanned<bool>>,
    /// `visible=`.
    pub visible: Option<Spanned<Vec<Spanned<String>>>>,
    /// `host=`.
    pub host: Option<Spanned<String>>,
    /// `address`.
    pub addresses: Vec<Spanned<IpAddr>>,
    /// `port`.
    pub ports: Vec<PortDecl>,
    /// `selector`.
    pub selector: Option<Labels>,
    /// `pods`, one for each place that they run in.
    pub pods: Vec<PodsDecl>,
    /// `subset`.
    pub subsets: Vec<SubsetDecl>,
    /// `balance`, `limits`, `eject`…
    pub traffic: TrafficDecl,
    /// `route`, in the order written.
    pub routes: Vec<RouteDecl>,
    /// `allow`, `deny`, `audit` and `jwt`.
    pub access: AccessDecl,
    /// `mtls`.
    pub mtls: Vec<MtlsDecl>,
    /// `telemetry`.
    pub telemetry: TelemetryDecl,
    /// `on`.
    pub on: Vec<Spanned<String>>,
    /// `vms`.
    pub vms: Vec<VmsDecl>,
    /// What it has may be incomplete: what seems to be missing in it may not be.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `port NUMBER PROTOCOL`.
#[derive(Clone, Debug)]
pub struct PortDecl {
    /// What callers dial.
    pub number: Spanned<u16>,
    /// What is spoken.
    pub protocol: Spanned<String>,
    /// `name=`.
    pub name: Option<Spanned<String>>,
    /// `target=` with a number.
    pub target: Option<Spanned<u16>>,
    /// `target=` with a name.
    pub target_name: Option<Spanned<String>>,
    /// What holds on it in place of all that the service says.
    pub traffic: TrafficDecl,
    /// Where.
    pub span: Span,
}

/// `pods`.
#[derive(Clone, Debug)]
pub struct PodsDecl {
    /// `cluster=`.
    pub cluster: Option<Spanned<String>>,
    /// `locality=`.
    pub locality: Option<Spanned<Locality>>,
    /// Where.
    pub span: Span,
}

/// `mtls MODE port=`.
#[derive(Clone, Debug)]
pub struct MtlsDecl {
    /// The mode.
    pub mode: Spanned<String>,
    /// `port=`.
    pub port: Option<Spanned<u16>>,
    /// Where.
    pub span: Span,
}

impl ServiceDecl {
    /// What of it routes know.
    pub fn routed<'a>(&'a self, namespace: &'a NamespaceDecl) -> Routed<'a> {
        Routed {
            namespace,
            name: &self.name,
            host: self.host.as_ref(),
            ports: &self.ports,
            subsets: &self.subsets,
            routes: &self.routes,
            damaged: self.damaged,
        }
    }

    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            expect: ExpectDecl::all(item),
            name: item.spanned("name")?,
            account: item.spanned("account"),
            cluster_ip: item.spanned("cluster-ip"),
            headless: item.spanned("headless"),
            visible: item.spanned("visible"),
            host: item.spanned("host"),
            addresses: item
                .children("address")
                .flat_map(|address| address.all("address"))
                .collect(),
            ports: item.children("port").filter_map(PortDecl::read).collect(),
            selector: item.child("selector").map(|selector| selector.labels.clone()),
            pods: item.children("pods").map(PodsDecl::read).collect(),
            subsets: item.children("subset").filter_map(SubsetDecl::read).collect(),
            traffic: TrafficDecl::read(item),
            routes: item.children("route").map(RouteDecl::read).collect(),
            access: AccessDecl::read(item),
            mtls: item.children("mtls").filter_map(MtlsDecl::read).collect(),
            telemetry: TelemetryDecl::read(item),
            on: item.children("on").flat_map(|on| on.all("group")).collect(),
            vms: item.children("vms").map(VmsDecl::read).collect(),
            damaged: item.incomplete(&["port", "pods", "subset", "vms", "on"]),
            span: item.span,
        })
    }
}

impl PortDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            number: item.spanned("number")?,
            protocol: item.spanned("protocol")?,
            name: item.spanned("name"),
            target: item.spanned("target"),
            target_name: item.spanned("target"),
            traffic: TrafficDecl::read(item),
            span: item.span,
        })
    }

    /// What the workload listens on, and where that is written; the number where the target is a name.
    pub fn target(&self) -> Spanned<u16> {
        self.target.clone().unwrap_or_else(|| self.number.clone())
    }
}

impl PodsDecl {
    fn read(item: &Item) -> Self {
        Self {
            cluster: item.spanned("cluster"),
            locality: item.spanned("locality"),
            span: item.span,
        }
    }
}

impl MtlsDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            mode: item.spanned("mode")?,
            port: item.spanned("port"),
            span: item.span,
        })
    }
}
