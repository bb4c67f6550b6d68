//! Who this machine is: certificate, key and roots in files, taken over when they change.

use std::fs;
use std::path::PathBuf;

use mesh_proxy::tls::Identity;
use mesh_wire::snapshot::IdentitySource;

use crate::layout::Layout;

/// Why an identity was not taken over. Nothing of a key is ever in it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IdentityError {
    /// A file cannot be read.
    #[error("{}: {cause}", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// The files do not make an identity.
    #[error("{0}")]
    Unusable(String),
    /// They are somebody else's.
    #[error("the certificate is that of {there}, but the snapshot says {wanted}")]
    Other {
        /// Of the certificate.
        there: String,
        /// Of the snapshot.
        wanted: String,
    },
}

/// Why the certificate does not hold now; `None` where it does.
pub(crate) fn invalid(identity: &Identity) -> Option<&'static str> {
    let life = identity.not_after() - identity.not_before();
    match identity.expires_in() {
        ..0 => Some("the certificate has ended: issue a new one and apply it, or set this machine's clock"),
        left if left > life => Some("the certificate does not hold yet: is this machine's clock behind?"),
        _ => None,
    }
}

/// The files of an identity.
pub(crate) fn files(layout: &Layout, source: &IdentitySource) -> Vec<PathBuf> {
    let IdentitySource::Files {
        cert_chain,
        key,
        roots,
        crl,
    } = source;
    let all = [cert_chain, key, roots].into_iter().chain(crl);
    all.map(|path| layout.at(path)).collect()
}

/// Reads and checks the identity.
pub(crate) fn load(layout: &Layout, wanted: &mesh_wire::Identity) -> Result<Identity, IdentityError> {
    let IdentitySource::Files {
        cert_chain,
        key,
        roots,
        crl,
    } = &wanted.source;
    let read = |path: &String| {
        let path = layout.at(path);
        fs::read(&path).map_err(|cause| IdentityError::Read { path, cause })
    };
    let unusable = |error: mesh_proxy::tls::IdentityError| IdentityError::Unusable(error.to_string());
    let mut identity = Identity::load(&read(cert_chain)?, &read(key)?, &read(roots)?).map_err(unusable)?;
    if let Some(crl) = crl {
        identity = identity.with_revoked(&read(crl)?).map_err(unusable)?;
    }
    let there = identity.spiffe().to_string();
    if there != wanted.spiffe {
        return Err(IdentityError::Other {
            there,
            wanted: wanted.spiffe.clone(),
        });
    }
    Ok(identity)
}
