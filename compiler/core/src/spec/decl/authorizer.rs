use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `authorizer`.
#[derive(Clone, Debug)]
pub struct AuthorizerDecl {
    /// Name.
    pub name: Spanned<String>,
    /// `grpc=`.
    pub grpc: Option<Spanned<String>>,
    /// `http=`.
    pub http: Option<Spanned<String>>,
    /// `timeout=`.
    pub timeout: Option<Millis>,
    /// `fail-open=`.
    pub fail_open: bool,
    /// `status-on-error=`.
    pub status_on_error: Option<u16>,
    /// `body=`, in bytes.
    pub body: Option<u64>,
    /// `partial-body=`.
    pub partial_body: Option<bool>,
    /// What only `http=` has.
    pub of_http: HttpAuthorizerDecl,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

/// What is said of an authorizer that answers by HTTP.
#[derive(Clone, Debug, Default)]
pub struct HttpAuthorizerDecl {
    /// `path-prefix=`.
    pub path_prefix: Option<Spanned<String>>,
    /// `send-headers=`.
    pub send: Option<Spanned<Vec<Spanned<String>>>>,
    /// `upstream-headers=`.
    pub upstream: Option<Spanned<Vec<Spanned<String>>>>,
    /// `allow-headers=`.
    pub allow: Option<Spanned<Vec<Spanned<String>>>>,
    /// `deny-headers=`.
    pub deny: Option<Spanned<Vec<Spanned<String>>>>,
}

impl AuthorizerDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            name: item.spanned("name")?,
            grpc: item.spanned("grpc"),
            http: item.spanned("http"),
            timeout: item.get("timeout"),
            fail_open: item.get("fail-open").unwrap_or(false),
            status_on_error: item.get("status-on-error"),
            body: item.get("body"),
            partial_body: item.get("partial-body"),
            of_http: HttpAuthorizerDecl {
                path_prefix: item.spanned("path-prefix"),
                send: item.spanned("send-headers"),
                upstream: item.spanned("upstream-headers"),
                allow: item.spanned("allow-headers"),
                deny: item.spanned("deny-headers"),
            },
            damaged: item.damaged,
            span: item.span,
        })
    }
}

impl HttpAuthorizerDecl {
    /// What is said, and where.
    pub fn said(&self) -> Vec<(&'static str, Span)> {
        let lists = [
            ("`send-headers=`", &self.send),
            ("`upstream-headers=`", &self.upstream),
            ("`allow-headers=`", &self.allow),
            ("`deny-headers=`", &self.deny),
        ];
        let lists = lists
            .into_iter()
            .filter_map(|(name, list)| Some((name, list.as_ref()?.span)));
        let prefix = self
            .path_prefix
            .as_ref()
            .map(|path| ("`path-prefix=`", path.span));
        prefix.into_iter().chain(lists).collect()
    }
}
