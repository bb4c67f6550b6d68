use std::path::{Path, PathBuf};

use mesh_lab::plan::PodIdentity;

/// A pod's certificate could not be found.
#[derive(Debug, thiserror::Error)]
pub(super) enum IdentityError {
    /// Nobody said where the CA is.
    #[error(
        "the pods' sidecars need certificates: make a CA with `meshc ca init DIR`, issue with `meshc ca issue DIR \
         SPEC --workload {namespace}/{account}`, and say `--identity DIR`"
    )]
    NoCa {
        /// Whose.
        namespace: String,
        /// Which.
        account: String,
    },
    /// It was not issued.
    #[error("cannot read {}: {source}; issue it with `meshc ca issue {} SPEC --workload {namespace}/{account}`", path.display(), ca.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// The CA's folder.
        ca: PathBuf,
        /// Whose.
        namespace: String,
        /// Which.
        account: String,
        /// Why.
        source: std::io::Error,
    },
}

/// The certificate of an account, from the folder of an offline CA.
pub(super) fn of(ca: Option<&Path>, namespace: &str, account: &str) -> Result<PodIdentity, IdentityError> {
    let owned = || (namespace.to_owned(), account.to_owned());
    let Some(ca) = ca else {
        let (namespace, account) = owned();
        return Err(IdentityError::NoCa { namespace, account });
    };
    let dir = ca.join("issued").join(namespace).join(format!("sa-{account}"));
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read_to_string(&path).map_err(|source| {
            let (namespace, account) = owned();
            IdentityError::Unread {
                path,
                ca: ca.to_owned(),
                namespace,
                account,
                source,
            }
        })
    };
    Ok(PodIdentity {
        cert_chain: read("cert-chain.pem")?,
        key: read("key.pem")?,
        roots: read("root-cert.pem")?,
    })
}
