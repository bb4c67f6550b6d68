//! Certificates for workloads.

use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PublicKeyData as _};
use time::OffsetDateTime;
use x509_parser::extensions::GeneralName;
use x509_parser::pem::Pem;
use zeroize::Zeroizing;

use super::authority::Authority;
use super::{CaError, files, profile};

/// Whom a certificate is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// Its namespace.
    pub namespace: String,
    /// The VM's name; `sa-<account>` for pods, whose certificate belongs to their account.
    pub name: String,
    /// `spiffe://<trust domain>/ns/<namespace>/sa/<account>`.
    pub spiffe: String,
}

impl Subject {
    /// A VM that runs as `account`.
    pub fn vm(trust_domain: &str, namespace: &str, vm: &str, account: &str) -> Self {
        let spiffe = format!("spiffe://{trust_domain}/ns/{namespace}/sa/{account}");
        Self {
            namespace: namespace.to_owned(),
            name: vm.to_owned(),
            spiffe,
        }
    }

    /// Every pod that runs as `account`.
    pub fn account(trust_domain: &str, namespace: &str, account: &str) -> Self {
        Self::vm(trust_domain, namespace, &format!("sa-{account}"), account)
    }
}

/// Where a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issued {
    /// It has `key.pem`, `cert-chain.pem` and `root-cert.pem`.
    pub folder: PathBuf,
    /// The one that was there is good for more than half of its life.
    pub kept: bool,
}

pub(super) fn issue(
    authority: &Authority,
    root_pem: &str,
    subject: &Subject,
    days: u32,
    folder: &Path,
) -> Result<Issued, CaError> {
    if still_good(authority, root_pem, subject, folder) {
        return Ok(Issued {
            folder: folder.to_owned(),
            kept: true,
        });
    }
    if authority.not_after() <= OffsetDateTime::now_utc() {
        return Err(CaError::Ended(authority.place().to_owned()));
    }
    let chain = folder.join("cert-chain.pem");
    let failed = |error: rcgen::Error| CaError::Certificate(chain.clone(), error.to_string());
    let pair = KeyPair::generate().map_err(failed)?;
    let params = profile::leaf(&subject.spiffe, days, authority.not_after()).map_err(failed)?;
    let leaf = authority.sign(params, &pair).map_err(failed)?;
    // The chain comes last: whoever finds it finds the key that belongs to it.
    files::replace(&folder.join("key.pem"), &pair.serialize_pem(), true)?;
    files::replace(&folder.join("root-cert.pem"), root_pem, false)?;
    files::replace(&chain, &format!("{leaf}{}", authority.pem()), false)?;
    Ok(Issued {
        folder: folder.to_owned(),
        kept: false,
    })
}

/// What is there was signed by this authority for this subject, fits its key, and is young.
fn still_good(authority: &Authority, root_pem: &str, subject: &Subject, folder: &Path) -> bool {
    let read = |name: &str| files::read(&folder.join(name)).ok();
    let (Some(key), Some(chain), Some(root)) =
        (read("key.pem"), read("cert-chain.pem"), read("root-cert.pem"))
    else {
        return false;
    };
    let key = Zeroizing::new(key);
    if root != root_pem || !chain.ends_with(authority.pem()) {
        return false;
    }
    let Some(Ok(block)) = Pem::iter_from_buffer(chain.as_bytes()).next() else {
        return false;
    };
    let (Ok(cert), Ok(pair)) = (block.parse_x509(), KeyPair::from_pem(&key)) else {
        return false;
    };
    let named = cert
        .subject_alternative_name()
        .ok()
        .flatten()
        .is_some_and(|names| {
            names
                .value
                .general_names
                .iter()
                .any(|name| matches!(name, GeneralName::URI(uri) if *uri == subject.spiffe))
        });
    let fits = cert.public_key().subject_public_key.data.as_ref() == pair.der_bytes();
    let (start, end) = (
        cert.validity().not_before.to_datetime(),
        cert.validity().not_after.to_datetime(),
    );
    named && fits && end - OffsetDateTime::now_utc() > (end - start) / 2
}
