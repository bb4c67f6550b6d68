use std::net::IpAddr;

use super::PortDecl;
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `external`.
#[derive(Clone, Debug)]
pub struct ExternalDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `host=`.
    pub host: Spanned<String>,
    /// `port`.
    pub ports: Vec<PortDecl>,
    /// `endpoint`.
    pub endpoints: Vec<Spanned<String>>,
    /// `address`.
    pub addresses: Vec<Spanned<IpAddr>>,
    /// Where.
    pub span: Span,
}

impl ExternalDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let lists = item
            .children("endpoint")
            .flat_map(|endpoint| endpoint.all::<Vec<Spanned<String>>>("address"));
        Some(Self {
            name: item.spanned("name")?,
            host: item.spanned("host")?,
            ports: item.children("port").filter_map(PortDecl::read).collect(),
            endpoints: lists.flat_map(|list| list.value).collect(),
            addresses: item
                .children("address")
                .flat_map(|address| address.all("address"))
                .collect(),
            span: item.span,
        })
    }
}
