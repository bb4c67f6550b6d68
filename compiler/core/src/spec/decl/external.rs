use std::net::IpAddr;

use mesh_wire::cluster::Locality;

use super::{ExpectDecl, Labels, NamespaceDecl, PortDecl, RouteDecl, Routed, SubsetDecl, TrafficDecl};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `external`.
#[derive(Clone, Debug)]
pub struct ExternalDecl {
    /// `expect`.
    pub expect: Vec<ExpectDecl>,
    /// Name.
    pub name: Spanned<String>,
    /// `host=`.
    pub host: Spanned<String>,
    /// `visible=`.
    pub visible: Option<Spanned<Vec<Spanned<String>>>>,
    /// `resolution=`.
    pub resolution: Option<Spanned<String>>,
    /// `sans=`.
    pub sans: Vec<Spanned<String>>,
    /// `port`.
    pub ports: Vec<PortDecl>,
    /// `endpoint`.
    pub endpoints: Vec<EndpointDecl>,
    /// `address`.
    pub addresses: Vec<Spanned<IpAddr>>,
    /// `subset`.
    pub subsets: Vec<SubsetDecl>,
    /// `balance`, `limits`, `eject`, `tls`…
    pub traffic: TrafficDecl,
    /// `route`, in the order written.
    pub routes: Vec<RouteDecl>,
    /// `egress`.
    pub egress: Option<ExitDecl>,
    /// What it has may be incomplete: what seems to be missing in it may not be.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// `endpoint`.
#[derive(Clone, Debug)]
pub struct EndpointDecl {
    /// Addresses or names.
    pub addresses: Vec<Spanned<String>>,
    /// `locality=`.
    pub locality: Option<Locality>,
    /// `weight=`.
    pub weight: Option<u32>,
    /// `label`.
    pub labels: Labels,
    /// `port NUMBER target=`.
    pub ports: Vec<(Spanned<u16>, u16)>,
    /// Where.
    pub span: Span,
}

/// `egress` of an external service.
#[derive(Clone, Debug)]
pub struct ExitDecl {
    /// The gateway.
    pub gateway: Option<Spanned<String>>,
    /// Where.
    pub span: Span,
}

impl ExternalDecl {
    /// What of it routes know.
    pub fn routed<'a>(&'a self, namespace: &'a NamespaceDecl) -> Routed<'a> {
        Routed {
            namespace,
            name: &self.name,
            host: Some(&self.host),
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
            host: item.spanned("host")?,
            visible: item.spanned("visible"),
            resolution: item.spanned("resolution"),
            sans: item.get("sans").unwrap_or_default(),
            ports: item.children("port").filter_map(PortDecl::read).collect(),
            endpoints: item.children("endpoint").map(EndpointDecl::read).collect(),
            addresses: item
                .children("address")
                .flat_map(|address| address.all("address"))
                .collect(),
            subsets: item.children("subset").filter_map(SubsetDecl::read).collect(),
            traffic: TrafficDecl::read(item),
            routes: item.children("route").map(RouteDecl::read).collect(),
            egress: item.child("egress").map(|egress| ExitDecl {
                gateway: egress.spanned("gateway"),
                span: egress.span,
            }),
            damaged: item.damaged
                || item.incomplete(&["port", "endpoint", "address", "tls", "egress", "subset"]),
            span: item.span,
        })
    }
}

impl EndpointDecl {
    fn read(item: &Item) -> Self {
        let port = |child: &Item| Some((child.spanned("number")?, child.get("target")?));
        let lists = item.all::<Vec<Spanned<String>>>("address");
        Self {
            addresses: lists.into_iter().flat_map(|list| list.value).collect(),
            locality: item.get("locality"),
            weight: item.get("weight"),
            labels: item
                .child("label")
                .map(|label| label.labels.clone())
                .unwrap_or_default(),
            ports: item.children("port").filter_map(port).collect(),
            span: item.span,
        }
    }
}
