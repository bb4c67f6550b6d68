use std::net::IpAddr;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `expect`.
#[derive(Clone, Debug)]
pub struct ExpectDecl {
    /// `allow`, `deny`, `route` or `name`.
    pub what: Spanned<String>,
    /// `from=`.
    pub from: Spanned<String>,
    /// `to=`.
    pub to: Option<Spanned<String>>,
    /// `method=`.
    pub method: Option<Spanned<Vec<Spanned<String>>>>,
    /// `jwt=`.
    pub jwt: Option<Spanned<String>>,
    /// `from-ip=`.
    pub from_ip: Option<Spanned<IpAddr>>,
    /// `by=`.
    pub by: Option<Spanned<String>>,
    /// `takes=`.
    pub takes: Option<Spanned<String>>,
    /// `reaches=`.
    pub reaches: Option<Spanned<Vec<Spanned<String>>>>,
    /// `status=`.
    pub status: Option<Spanned<u16>>,
    /// `is=`.
    pub is: Option<Spanned<Vec<Spanned<String>>>>,
    /// `header`.
    pub headers: Vec<(Spanned<String>, Spanned<String>)>,
    /// Where.
    pub span: Span,
}

impl ExpectDecl {
    /// Those in the braces of `item`.
    pub(super) fn all(item: &Item) -> Vec<Self> {
        item.children("expect").filter_map(Self::read).collect()
    }

    pub(crate) fn read(item: &Item) -> Option<Self> {
        let header = |child: &Item| Some((child.spanned("name")?, child.spanned("value")?));
        Some(Self {
            what: item.spanned("what")?,
            from: item.spanned("from")?,
            to: item.spanned("to"),
            method: item.spanned("method"),
            jwt: item.spanned("jwt"),
            from_ip: item.spanned("from-ip"),
            by: item.spanned("by"),
            takes: item.spanned("takes"),
            reaches: item.spanned("reaches"),
            status: item.spanned("status"),
            is: item.spanned("is"),
            headers: item.children("header").filter_map(header).collect(),
            span: item.span,
        })
    }
}
