use std::path::{Path, PathBuf};

use mesh_apply::ca::{Ca, CaError, Subject};
use mesh_lab::plan::PodIdentity;

/// How long a pod's certificate holds; one with half of that left is kept, so that the lab stays the same.
const DAYS: u32 = 365;

/// A pod could not be given a certificate.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdentityError {
    /// Nobody said where the CA is.
    #[error(
        "the pods' sidecars need certificates: make a CA with `meshc ca init DIR` and say `--identity DIR`"
    )]
    NoCa,
    /// The CA could not issue it.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// What was issued could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Gives the pods of an account a certificate of the authority in `ca`.
pub(super) fn of(
    ca: Option<&Path>,
    trust_domain: &str,
    namespace: &str,
    account: &str,
) -> Result<PodIdentity, IdentityError> {
    let ca = Ca::open(ca.ok_or(IdentityError::NoCa)?)?;
    let folder = ca
        .issue(&Subject::account(trust_domain, namespace, account), DAYS)?
        .folder;
    let read = |name: &str| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|source| IdentityError::Unread { path, source })
    };
    Ok(PodIdentity {
        cert_chain: read("cert-chain.pem")?,
        key: read("key.pem")?,
        roots: read("root-cert.pem")?,
    })
}
