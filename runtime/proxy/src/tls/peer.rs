use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use mesh_wire::Sha256;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

use super::verified::Span;

/// Who is at the other end of a mutual TLS connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PeerIdentity {
    /// The URI SAN.
    pub(crate) spiffe: Arc<str>,
    /// Of the leaf, as Envoy writes it into `x-forwarded-client-cert`.
    pub(crate) hash: Sha256,
    /// RFC 2253, empty for Istio's workloads.
    pub(crate) subject: String,
    /// DNS SANs.
    pub(crate) dns: Vec<String>,
}

/// So many are remembered by a thread.
const MOST: usize = 256;

thread_local! {
    /// Who was here before, by certificate: reading one takes longer than looking whether it is known.
    static KNOWN: RefCell<HashMap<CertificateDer<'static>, Known>> = RefCell::default();
}

#[derive(Clone)]
struct Known {
    peer: Arc<PeerIdentity>,
    span: Span,
}

impl Known {
    fn of(leaf: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(leaf).ok()?;
        let names = parsed.subject_alternative_name().ok().flatten();
        let dns = names
            .iter()
            .flat_map(|names| &names.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                _ => None,
            });
        let peer = PeerIdentity {
            spiffe: spiffe_of(&parsed)?.into(),
            hash: Sha256::of(leaf),
            subject: parsed.subject().to_string(),
            dns: dns.collect(),
        };
        Some(Self {
            peer: Arc::new(peer),
            span: Span::of(&parsed),
        })
    }
}

impl PeerIdentity {
    /// Out of a certificate that has been verified: now, or when a session began that is taken up again. That may be
    /// long ago, and the certificate may have ended since.
    pub(crate) fn of(leaf: &CertificateDer<'_>) -> Option<Arc<Self>> {
        let known = KNOWN.with_borrow_mut(|all| {
            if let Some(known) = all.get(leaf) {
                return Some(known.clone());
            }
            let known = Known::of(leaf)?;
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(leaf.clone().into_owned(), known.clone());
            Some(known)
        })?;
        known.span.holds(UnixTime::now()).then_some(known.peer)
    }

    /// The namespace in the SPIFFE ID.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.spiffe.trim_start_matches("spiffe://").split('/').nth(2)
    }
}

/// The one URI SAN that is a SPIFFE ID; two make a certificate ambiguous (SPIFFE X.509-SVID, section 2).
pub(super) fn spiffe_of<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a str> {
    let names = certificate.subject_alternative_name().ok()??;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let uri = uris.next()?;
    (uris.next().is_none() && is_spiffe(uri)).then_some(uri)
}

/// Exactly `spiffe://TD/ns/NS/sa/SA` (istio `pkg/spiffe/spiffe.go`).
fn is_spiffe(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("spiffe://") else {
        return false;
    };
    let parts: Vec<&str> = rest.split('/').collect();
    matches!(parts[..], [td, "ns", ns, "sa", sa] if !td.is_empty() && !ns.is_empty() && !sa.is_empty())
}

/// The trust domain of a SPIFFE ID.
pub(super) fn trust_domain(spiffe: &str) -> Option<&str> {
    spiffe.strip_prefix("spiffe://")?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_has_ended_is_nobodys() {
        for (end, holds) in [(4096, true), (2001, false)] {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::default();
            let uri = "spiffe://cluster.local/ns/forum/sa/api".try_into().unwrap();
            params.subject_alt_names = vec![rcgen::SanType::URI(uri)];
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(end, 1, 1);
            let certificate = params.self_signed(&key).unwrap();
            assert_eq!(PeerIdentity::of(certificate.der()).is_some(), holds, "{end}");
        }
    }

    #[test]
    fn only_istios_form_is_an_identity() {
        assert!(is_spiffe("spiffe://cluster.local/ns/forum/sa/api"));
        for wrong in [
            "spiffe://cluster.local",
            "https://cluster.local/ns/a/sa/b",
            "spiffe://td/ns/a/sa/b/c",
            "spiffe:///ns/a/sa/b",
        ] {
            assert!(!is_spiffe(wrong), "{wrong}");
        }
    }
}
