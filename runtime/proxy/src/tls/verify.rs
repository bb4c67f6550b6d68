use std::sync::Arc;

use mesh_wire::matcher::StringMatch;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationOptionsBuilder,
};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::peer::{spiffe_of, trust_domain};
use super::verified::Verified;
use super::{Identity, provider};
use crate::state::matcher::Text;

/// The trust domain and its other names.
pub(crate) type TrustDomains = Arc<[String]>;

/// The SPIFFE ID of a certificate whose trust domain is one of `domains`.
fn trusted<'a>(parsed: &'a X509Certificate<'_>, domains: &[String]) -> Result<&'a str, Error> {
    let spiffe = spiffe_of(parsed).ok_or_else(|| refused("the certificate carries no SPIFFE ID"))?;
    let known = trust_domain(spiffe).is_some_and(|domain| domains.iter().any(|known| known == domain));
    if known {
        Ok(spiffe)
    } else {
        Err(refused(&format!(
            "{spiffe} is of a trust domain that is not ours"
        )))
    }
}

pub(super) fn parse<'a>(certificate: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>, Error> {
    let parsed = X509Certificate::from_der(certificate);
    parsed
        .map(|(_, parsed)| parsed)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// A certificate that is sound, but not of the one whom we mean.
fn refused(why: &str) -> Error {
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Refused(String);
    Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(Refused(
        why.to_owned(),
    )))))
}

/// Whether a server's certificate is the one that is meant.
pub(super) trait Judge: std::fmt::Debug + Send + Sync {
    /// As [`ServerCertVerifier::verify_server_cert`].
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error>;
}

/// Verifies servers: whose certificate it is says the judge, the signatures are the same for all.
#[derive(Debug)]
pub(super) struct Judged<J>(pub(super) J);

impl<J: Judge> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.0.judge(leaf, intermediates, name, ocsp, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The lists of revoked certificates: those that say nothing, because there are none, let every chain pass.
#[derive(Debug)]
pub(super) struct Revoked(Vec<CertRevocationList<'static>>);

impl Revoked {
    pub(super) fn new(lists: &[CertificateRevocationListDer<'_>]) -> Result<Self, Error> {
        let read = |list: &CertificateRevocationListDer<'_>| OwnedCertRevocationList::from_der(list);
        let lists: Result<Vec<_>, _> = lists.iter().map(|list| Ok(read(list)?.into())).collect();
        lists
            .map(Self)
            .map_err(|error: webpki::Error| Error::General(error.to_string()))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A whole chain, as Envoy has it: each authority of it has a list, and one that has not ended.
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        roots: &RootCertStore,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let lists: Vec<_> = self.0.iter().collect();
        let Ok(options) = RevocationOptionsBuilder::new(&lists) else {
            return Ok(());
        };
        let options = options.with_expiration_policy(ExpirationPolicy::Enforce).build();
        let verified = EndEntityCert::try_from(leaf).and_then(|leaf| {
            let usage = KeyUsage::server_auth();
            let algorithms = provider().signature_verification_algorithms.all;
            let found = leaf.verify_for_usage(
                algorithms,
                &roots.roots,
                intermediates,
                now,
                usage,
                Some(options),
                None,
            );
            found.map(drop)
        });
        verified.map_err(|error| match error {
            webpki::Error::CertRevoked => Error::InvalidCertificate(CertificateError::Revoked),
            other => refused(&format!("it cannot be told whether it was revoked: {other}")),
        })
    }
}

/// Servers of the mesh: by chain and URI SAN; the host name says nothing in a mesh.
#[derive(Debug)]
pub(super) struct InMesh {
    pub(super) roots: Arc<RootCertStore>,
    pub(super) revoked: Revoked,
    pub(super) domains: TrustDomains,
    /// One of these; empty takes every workload of the trust domains.
    pub(super) sans: Arc<[Text]>,
    pub(super) verified: Verified,
}

impl Judge for InMesh {
    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        self.verified
            .once(leaf, intermediates, now, || self.verify(leaf, intermediates, now))
    }
}

impl InMesh {
    fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let chain = || {
            let algorithms = provider().signature_verification_algorithms.all;
            let certificate = ParsedCertificate::try_from(leaf)?;
            rustls::client::verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.roots,
                intermediates,
                now,
                algorithms,
            )
        };
        if self.revoked.is_empty() {
            chain()?;
        } else {
            // A chain that is bad by itself is called so, whatever the lists say.
            let held = self.revoked.verify(leaf, &self.roots, intermediates, now);
            held.or_else(|revoked| chain().and(Err(revoked)))?;
        }
        let parsed = parse(leaf)?;
        if self.sans.is_empty() {
            return trusted(&parsed, &self.domains).map(drop);
        }
        let spiffe = spiffe_of(&parsed).ok_or_else(|| refused("the certificate carries no SPIFFE ID"))?;
        if self.sans.iter().any(|san| san.matches(spiffe)) {
            return Ok(());
        }
        Err(refused(&format!(
            "{spiffe} is not one of the identities that serve this cluster"
        )))
    }
}

/// Verifies clients by chain and trust domain; which of them may do what is for the policies to say.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    domains: TrustDomains,
    verified: Verified,
}

impl ClientVerifier {
    pub(super) fn new(identity: &Identity, domains: TrustDomains) -> Result<Self, Error> {
        let chain = WebPkiClientVerifier::builder_with_provider(identity.roots.clone(), provider())
            .with_crls(identity.revoked.iter().cloned())
            .enforce_revocation_expiration()
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        Ok(Self {
            chain,
            domains,
            verified: Verified::beside(&identity.revoked),
        })
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.verified.once(leaf, intermediates, now, || {
            self.chain.verify_client_cert(leaf, intermediates, now)?;
            trusted(&parse(leaf)?, &self.domains).map(drop)
        })?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// `sans` with every trust domain that means the same (istio `pkg/spiffe` ExpandWithTrustDomains).
pub(super) fn expand(sans: &[StringMatch], domains: &[String]) -> Vec<StringMatch> {
    let mut expanded = Vec::with_capacity(sans.len());
    for san in sans {
        expanded.push(san.clone());
        let StringMatch::Exact(uri) = san else { continue };
        let Some(domain) = trust_domain(uri) else { continue };
        if !domains.iter().any(|known| known == domain) {
            continue;
        }
        let path = &uri["spiffe://".len() + domain.len()..];
        let others = domains.iter().filter(|other| *other != domain);
        expanded.extend(others.map(|other| StringMatch::Exact(format!("spiffe://{other}{path}"))));
    }
    expanded
}
