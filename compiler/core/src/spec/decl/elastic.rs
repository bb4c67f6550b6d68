use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `elastic`.
#[derive(Clone, Debug)]
pub struct ElasticDecl {
    /// `metadata=`.
    pub metadata: Option<Spanned<String>>,
    /// `package=`.
    pub package: Option<Spanned<String>>,
    /// `sha256=`.
    pub sha256: Option<Spanned<String>>,
    /// `token-file=`.
    pub token_file: Option<Spanned<String>>,
    /// `token-command=`.
    pub token_command: Option<Spanned<String>>,
    /// `root-cert=`.
    pub root_cert: Option<Spanned<String>>,
    /// `drain=`.
    pub drain: Option<Millis>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl ElasticDecl {
    pub(super) fn read(item: &Item) -> Self {
        Self {
            metadata: item.spanned("metadata"),
            package: item.spanned("package"),
            sha256: item.spanned("sha256"),
            token_file: item.spanned("token-file"),
            token_command: item.spanned("token-command"),
            root_cert: item.spanned("root-cert"),
            drain: item.get("drain"),
            damaged: item.damaged,
            span: item.span,
        }
    }
}
