use std::net::IpAddr;

use ipnet::IpNet;
use mesh_wire::Millis;

use crate::diag::Spanned;
use crate::spec::Item;

/// `dns`.
#[derive(Clone, Debug, Default)]
pub struct DnsDecl {
    /// `ttl=`.
    pub ttl: Option<Spanned<Millis>>,
    /// `capture=`.
    pub capture: Option<Spanned<String>>,
    /// `virtual-ips`.
    pub virtual_ips: Vec<Spanned<IpNet>>,
    /// `search`.
    pub search: Vec<Spanned<String>>,
    /// `forward`.
    pub forward: Vec<ForwardDecl>,
}

/// `forward DOMAIN to=`.
#[derive(Clone, Debug)]
pub struct ForwardDecl {
    /// Domain.
    pub domain: Spanned<String>,
    /// Servers.
    pub servers: Spanned<Vec<IpAddr>>,
}

impl DnsDecl {
    pub(super) fn read(item: &Item) -> Self {
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
            search: item
                .child("search")
                .map(|node| node.all("domain"))
                .unwrap_or_default(),
            forward: item.children("forward").filter_map(ForwardDecl::read).collect(),
        }
    }
}

impl ForwardDecl {
    fn read(item: &Item) -> Option<Self> {
        Some(Self {
            domain: item.spanned("domain")?,
            servers: item.spanned("to")?,
        })
    }
}
