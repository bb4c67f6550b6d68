use mesh_wire::Millis;

use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `jwt`.
#[derive(Clone, Debug)]
pub struct JwtDecl {
    /// `issuer=`.
    pub issuer: Spanned<String>,
    /// `jwks-uri=`.
    pub jwks_uri: Option<Spanned<String>>,
    /// `jwks=`.
    pub jwks: Option<Spanned<String>>,
    /// `audiences=`.
    pub audiences: Vec<Spanned<String>>,
    /// `required=`.
    pub required: Option<Spanned<bool>>,
    /// `except=`.
    pub except: Option<Spanned<Vec<Spanned<String>>>>,
    /// `forward=`.
    pub forward: Option<bool>,
    /// `payload-header=`.
    pub payload_header: Option<Spanned<String>>,
    /// `timeout=`.
    pub timeout: Option<Millis>,
    /// `space-delimited=`.
    pub space_delimited: Vec<Spanned<String>>,
    /// `from`.
    pub from: Vec<JwtFromDecl>,
    /// `claim-to-header`: claim, header.
    pub claims: Vec<(Spanned<String>, Spanned<String>)>,
    /// Where.
    pub span: Span,
}

/// `from header=… | param=… | cookie=…`.
#[derive(Clone, Debug)]
pub struct JwtFromDecl {
    /// `header=`.
    pub header: Option<Spanned<String>>,
    /// `prefix=`.
    pub prefix: Option<Spanned<String>>,
    /// `param=`.
    pub param: Option<Spanned<String>>,
    /// `cookie=`.
    pub cookie: Option<Spanned<String>>,
    /// A part of it was wrong.
    pub damaged: bool,
    /// Where.
    pub span: Span,
}

impl JwtDecl {
    /// Where it is said that requests need a token.
    pub fn demand(&self) -> Option<Span> {
        let required = self.required.as_ref().filter(|required| required.value);
        required.map(|required| required.span)
    }

    pub(super) fn read(item: &Item) -> Option<Self> {
        let claim = |item: &Item| Some((item.spanned("claim")?, item.spanned("header")?));
        Some(Self {
            issuer: item.spanned("issuer")?,
            jwks_uri: item.spanned("jwks-uri"),
            jwks: item.spanned("jwks"),
            audiences: item.get("audiences").unwrap_or_default(),
            required: item.spanned("required"),
            except: item.spanned("except"),
            forward: item.get("forward"),
            payload_header: item.spanned("payload-header"),
            timeout: item.get("timeout"),
            space_delimited: item.get("space-delimited").unwrap_or_default(),
            from: item.children("from").map(JwtFromDecl::read).collect(),
            claims: item.children("claim-to-header").filter_map(claim).collect(),
            span: item.span,
        })
    }
}

impl JwtFromDecl {
    fn read(item: &Item) -> Self {
        Self {
            header: item.spanned("header"),
            prefix: item.spanned("prefix"),
            param: item.spanned("param"),
            cookie: item.spanned("cookie"),
            damaged: item.damaged,
            span: item.span,
        }
    }
}
