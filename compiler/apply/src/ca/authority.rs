//! A certificate that signs others, with its key.

use std::path::{Path, PathBuf};

use rcgen::{CertificateParams, Issuer, KeyPair};
use time::OffsetDateTime;
use x509_parser::pem::parse_x509_pem;
use zeroize::Zeroizing;

use super::{CaError, files};

pub(super) struct Authority {
    place: PathBuf,
    pem: String,
    not_after: OffsetDateTime,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn load(cert: &Path, key: &Path) -> Result<Self, CaError> {
        let pem = files::read(cert)?;
        let not_after = not_after(&pem).map_err(|cause| CaError::Certificate(cert.to_owned(), cause))?;
        let text = Zeroizing::new(files::read(key)?);
        let failed =
            |path: &Path, error: rcgen::Error| CaError::Certificate(path.to_owned(), error.to_string());
        let pair = KeyPair::from_pem(&text).map_err(|error| failed(key, error))?;
        let issuer = Issuer::from_ca_cert_pem(&pem, pair).map_err(|error| failed(cert, error))?;
        Ok(Self {
            place: cert.to_owned(),
            pem,
            not_after,
            issuer,
        })
    }

    pub(super) fn sign(&self, params: CertificateParams, key: &KeyPair) -> Result<String, rcgen::Error> {
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }

    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    pub(super) fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }
}

/// When the certificate ends.
pub(super) fn not_after(pem: &str) -> Result<OffsetDateTime, String> {
    let (_, block) = parse_x509_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
    let cert = block.parse_x509().map_err(|error| error.to_string())?;
    Ok(cert.validity().not_after.to_datetime())
}
