use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Certificate;
use super::peer::spiffe_of;

/// Who the proxy is, and whom it trusts.
#[derive(Debug)]
pub struct Identity {
    pub(crate) key: Arc<CertifiedKey>,
    pub(crate) roots: Arc<RootCertStore>,
    /// What was revoked by the authorities.
    pub(super) revoked: Vec<CertificateRevocationListDer<'static>>,
    /// Sessions may be taken up again.
    pub(super) resumes: bool,
    /// What `roots` was made of.
    authorities: Vec<CertificateDer<'static>>,
    spiffe: String,
    not_before: i64,
    not_after: i64,
}

/// Why certificate, key and roots do not make an identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not PEM, or nothing in it.
    #[error("the {what} is not readable as PEM: {why}")]
    Pem {
        /// Certificate chain, key or trust bundle.
        what: &'static str,
        /// What the reader says.
        why: String,
    },
    /// A certificate that cannot be parsed.
    #[error("the certificate is malformed: {0}")]
    Certificate(String),
    /// A certificate of no workload.
    #[error(
        "the certificate carries no SPIFFE ID (a URI of the form spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT)"
    )]
    NoSpiffe,
    /// A key of another certificate, or of a kind that is not supported.
    #[error("the private key does not serve the certificate: {0}")]
    Key(rustls::Error),
    /// A root that cannot be trusted.
    #[error("the trust bundle is not usable: {0}")]
    Roots(String),
}

impl Identity {
    /// From PEM: the chain (leaf first), its private key, and the trust bundle.
    ///
    /// # Errors
    /// Where they are malformed, or do not belong together.
    pub fn load(cert_chain: &[u8], key: &[u8], roots: &[u8]) -> Result<Self, IdentityError> {
        let chain = certificates("certificate chain", cert_chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| IdentityError::Pem {
            what: "private key",
            why: error.to_string(),
        })?;
        let (_, leaf) = X509Certificate::from_der(&chain[0])
            .map_err(|error| IdentityError::Certificate(error.to_string()))?;
        let spiffe = spiffe_of(&leaf).ok_or(IdentityError::NoSpiffe)?.to_owned();
        let (not_before, not_after) = (
            leaf.validity().not_before.timestamp(),
            leaf.validity().not_after.timestamp(),
        );
        let key = CertifiedKey::from_der(chain, key, &super::provider()).map_err(IdentityError::Key)?;
        let mut store = RootCertStore::empty();
        let authorities = certificates("trust bundle", roots)?;
        for root in &authorities {
            store
                .add(root.clone())
                .map_err(|error| IdentityError::Roots(error.to_string()))?;
        }
        Ok(Self {
            key: Arc::new(key),
            roots: Arc::new(store),
            revoked: Vec::new(),
            resumes: true,
            authorities,
            spiffe,
            not_before,
            not_after,
        })
    }

    /// The same, held against lists of revoked certificates (PEM): every authority of a chain has to have one.
    ///
    /// # Errors
    /// Where there is none, or one that cannot be read.
    pub fn with_revoked(self, pem: &[u8]) -> Result<Self, IdentityError> {
        let unreadable = |why: String| IdentityError::Pem {
            what: "list of revoked certificates",
            why,
        };
        let revoked = revoked(pem).map_err(|error| unreadable(error.to_string()))?;
        for list in &revoked {
            webpki::BorrowedCertRevocationList::from_der(list)
                .map_err(|error| unreadable(error.to_string()))?;
        }
        Ok(Self { revoked, ..self })
    }

    /// The same, with which no session is taken up again: every handshake is full.
    #[must_use]
    pub fn without_resumption(self) -> Self {
        Self {
            resumes: false,
            ..self
        }
    }

    /// `spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.
    pub fn spiffe(&self) -> &str {
        &self.spiffe
    }

    /// The trust domain in [`Identity::spiffe`].
    pub fn trust_domain(&self) -> &str {
        self.spiffe
            .trim_start_matches("spiffe://")
            .split('/')
            .next()
            .unwrap_or_default()
    }

    /// The chain that is shown, leaf first.
    pub fn chain(&self) -> Vec<Certificate> {
        self.key.cert.iter().filter_map(Certificate::of).collect()
    }

    /// Those whose signature is trusted.
    pub fn authorities(&self) -> Vec<Certificate> {
        self.authorities.iter().filter_map(Certificate::of).collect()
    }

    /// When the certificate begins to hold, in seconds since 1970.
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// When the certificate ends, in seconds since 1970.
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Seconds until the certificate ends; negative when it has.
    pub fn expires_in(&self) -> i64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        self.not_after - i64::try_from(now).unwrap_or(i64::MAX)
    }
}

/// At least one list of revoked certificates out of PEM.
pub(super) fn revoked(pem: &[u8]) -> Result<Vec<CertificateRevocationListDer<'static>>, pem::Error> {
    let lists: Vec<_> = CertificateRevocationListDer::pem_slice_iter(pem).collect::<Result<_, _>>()?;
    match lists.is_empty() {
        true => Err(pem::Error::NoItemsFound),
        false => Ok(lists),
    }
}

/// At least one certificate out of PEM.
pub(super) fn certificates(
    what: &'static str,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(IdentityError::Pem {
            what,
            why: "no certificate in it".to_owned(),
        }),
        Ok(found) => Ok(found),
        Err(error) => Err(IdentityError::Pem {
            what,
            why: error.to_string(),
        }),
    }
}
