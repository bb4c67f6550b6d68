use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `tls`.
#[derive(Clone, Debug)]
pub struct ClientTlsDecl {
    /// `simple` or `mutual`.
    pub mode: Spanned<String>,
    /// `sni=`.
    pub sni: Option<Spanned<String>>,
    /// `sans=`.
    pub sans: Option<Spanned<Vec<Spanned<String>>>>,
    /// `ca=`.
    pub ca: Option<Spanned<String>>,
    /// `crl=`.
    pub crl: Option<Spanned<String>>,
    /// `cert=`.
    pub cert: Option<Spanned<String>>,
    /// `key=`.
    pub key: Option<Spanned<String>>,
    /// `credential=`.
    pub credential: Option<Spanned<String>>,
    /// `insecure=`.
    pub insecure: Option<Spanned<bool>>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl ClientTlsDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        Some(Self {
            mode: item.spanned("mode")?,
            sni: item.spanned("sni"),
            sans: item.spanned("sans"),
            ca: item.spanned("ca"),
            crl: item.spanned("crl"),
            cert: item.spanned("cert"),
            key: item.spanned("key"),
            credential: item.spanned("credential"),
            insecure: item.spanned("insecure"),
            damaged: item.damaged,
            span: item.span,
        })
    }
}
