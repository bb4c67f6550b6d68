use super::{AccessDecl, AuthorizerDecl, CaptureDecl, DnsDecl, ExpectDecl, ProxyDecl, TelemetryDecl};
use crate::diag::{Span, Spanned};
use crate::spec::Item;

/// `mesh`.
#[derive(Clone, Debug)]
pub struct MeshDecl {
    /// `expect`.
    pub expect: Vec<ExpectDecl>,
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
    /// `authorizer`.
    pub authorizers: Vec<AuthorizerDecl>,
    /// `allow`, `deny`, `audit` and `jwt`.
    pub access: AccessDecl,
    /// `outbound`.
    pub outbound: Option<Spanned<String>>,
    /// `dns`.
    pub dns: DnsDecl,
    /// `capture`.
    pub capture: CaptureDecl,
    /// `telemetry`.
    pub telemetry: TelemetryDecl,
    /// `proxy`.
    pub proxy: ProxyDecl,
    /// Where.
    pub span: Span,
}

impl MeshDecl {
    pub(super) fn read(item: &Item) -> Option<Self> {
        let istio = item.child("istio");
        Some(Self {
            expect: ExpectDecl::all(item),
            name: item.spanned("name")?,
            trust_domain: item.word("trust-domain"),
            trust_domain_aliases: item
                .children("trust-domain-alias")
                .filter_map(|alias| alias.spanned("domain"))
                .collect(),
            istio_version: istio.and_then(|istio| istio.spanned("version")),
            revision: istio.and_then(|istio| istio.spanned("revision")),
            mtls: item.word("mtls"),
            authorizers: item
                .children("authorizer")
                .filter_map(AuthorizerDecl::read)
                .collect(),
            access: AccessDecl::read(item),
            outbound: item.word("outbound"),
            dns: item.child("dns").map(DnsDecl::read).unwrap_or_default(),
            capture: item.child("capture").map(CaptureDecl::read).unwrap_or_default(),
            telemetry: TelemetryDecl::read(item),
            proxy: item.child("proxy").map(ProxyDecl::read).unwrap_or_default(),
            span: item.span,
        })
    }
}
