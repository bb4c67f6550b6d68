use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::Millis;

use super::ProxyDecl;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `mesh`.
#[derive(Clone, Debug)]
pub struct MeshDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `trust-domain`.
    pub trust_domain: Option<Spanned<String>>,
    /// `trust-domain-alias`.
    pub trust_domain_aliases: Vec<Spanned<String>>,
    /// `istio version=`.
    pub istio_version: Option<Spanned<String>>,
    /// `istio revision=`.
    pub revision: Option<Spanned<String>>,
    /// `mtls`.
    pub mtls: Option<Spanned<String>>,
    /// `outbound`.
    pub outbound: Option<Spanned<String>>,
    /// `dns`.
    pub dns: DnsDecl,
    /// `telemetry { metrics … }`.
    pub metrics: Option<Spanned<String>>,
    /// `telemetry { access-log … }`.
    pub access_log: Option<Spanned<String>>,
    /// `proxy`.
    pub proxy: ProxyDecl,
    /// Where.
    pub span: Span,
}

/// `dns`.
#[derive(Clone, Debug, Default)]
pub struct DnsDecl {
    /// `ttl=`.
    pub ttl: Option<Spanned<Millis>>,
    /// `capture=`.
    pub capture: Option<Spanned<String>>,
    /// `virtual-ips`.
    pub virtual_ips: Vec<Spanned<IpNet>>,
    /// `forward`.
    pub forward: Vec<ForwardDecl>,
}

/// `forward DOMAIN to=`.
#[derive(Clone, Debug)]
pub struct ForwardDecl {
    /// Domain.
    pub domain: Spanned<String>,
    /// Servers.
    pub servers: Vec<IpAddr>,
}

impl MeshDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let istio = item.child("istio");
        let telemetry = item.child("telemetry");
        Some(Self {
            name: item.spanned("name")?,
            trust_domain: item.word("trust-domain"),
            trust_domain_aliases: item
                .children("trust-domain-alias")
                .filter_map(|alias| alias.spanned("domain"))
                .collect(),
            istio_version: istio.and_then(|istio| istio.spanned("version")),
            revision: istio.and_then(|istio| istio.spanned("revision")),
            mtls: item.word("mtls"),
            outbound: item.word("outbound"),
            dns: item.child("dns").map(DnsDecl::read).unwrap_or_default(),
            metrics: telemetry.and_then(|telemetry| telemetry.word("metrics")),
            access_log: telemetry.and_then(|telemetry| telemetry.word("access-log")),
            proxy: item.child("proxy").map(ProxyDecl::read).unwrap_or_default(),
            span: item.span,
        })
    }
}

impl DnsDecl {
    fn read(item: &Item) -> Self {
        let ranges = item
            .child("virtual-ips")
            .map(|node| node.all::<Vec<IpNet>>("range"))
            .unwrap_or_default();
        let single = |range: Spanned<Vec<IpNet>>| {
            let span = range.span;
            range.value.into_iter().map(move |value| Spanned { value, span })
        };
        Self {
            ttl: item.spanned("ttl"),
            capture: item.spanned("capture"),
            virtual_ips: ranges.into_iter().flat_map(single).collect(),
            forward: item.children("forward").filter_map(ForwardDecl::read).collect(),
        }
    }
}

impl ForwardDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            domain: item.spanned("domain")?,
            servers: item.get("to")?,
        })
    }
}
