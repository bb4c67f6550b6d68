//! An offline certificate authority, for meshes whose VMs are not served by istiod.
//!
//! One root signs an intermediate for every cluster ([`Ca::cluster`], as Istio's plugged-in CA wants it, so that pods
//! and VMs trust each other) and one for the VMs, which signs their certificates ([`Ca::issue`]).
//!
//! ```text
//! DIR/root-key.pem, root-cert.pem                                  the root; its key can be taken offline
//! DIR/clusters/<name>/{ca-cert,ca-key,cert-chain,root-cert}.pem    and cacerts.yaml, the Secret with these four
//! DIR/vms-ca/{ca-cert,ca-key}.pem                                  signs the VMs' certificates
//! DIR/issued/<namespace>/<vm>/{key,cert-chain,root-cert}.pem       what a VM is given
//! ```
//! Keys are P-256, are written with mode 0600 from their first byte on, and appear in no message.

mod authority;
mod files;
mod issue;
mod profile;
mod secret;

use std::path::{Path, PathBuf};

use rcgen::KeyPair;

use authority::Authority;
pub use files::FileError;
pub use issue::{Issued, Subject};

/// The authority in a folder.
#[derive(Debug)]
pub struct Ca {
    folder: PathBuf,
    root_pem: String,
}

/// What the authority could not do.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// There is one already.
    #[error(
        "`{0}` has a root already, and it is never overwritten: every certificate of the mesh hangs on it"
    )]
    Exists(PathBuf),
    /// There is none.
    #[error("`{0}` has no root: make one with `meshc ca init`")]
    Missing(PathBuf),
    /// A name cannot be a folder's, or a DNS label.
    #[error("`{0}` cannot be a name here: letters, digits and `-` are expected")]
    Name(String),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A certificate or key is damaged, or could not be made.
    #[error("`{0}` is no certificate or key that can be used: {1}")]
    Certificate(PathBuf, String),
    /// The signer's own certificate has ended.
    #[error("the certificate in `{0}` has ended, and can sign no more: remove it, and a new one is made")]
    Ended(PathBuf),
    /// The root's key was taken offline, and is needed.
    #[error(
        "`{0}` is not there, and only with the root's key are intermediates made: bring it back for this"
    )]
    Offline(PathBuf),
}

/// An intermediate for a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// Where its files are.
    pub folder: PathBuf,
    /// The manifest of its Secret.
    pub manifest: PathBuf,
    /// It was there before.
    pub kept: bool,
}

impl Ca {
    /// Makes a root in `folder`, which is valid for ten years.
    ///
    /// # Errors
    /// When there is one already, or the folder cannot be written.
    pub fn init(folder: &Path) -> Result<Self, CaError> {
        let (cert, key) = (folder.join("root-cert.pem"), folder.join("root-key.pem"));
        if cert.exists() || key.exists() {
            return Err(CaError::Exists(folder.to_owned()));
        }
        let failed = |error: rcgen::Error| CaError::Certificate(cert.clone(), error.to_string());
        let pair = KeyPair::generate().map_err(failed)?;
        let pem = profile::root()
            .and_then(|params| params.self_signed(&pair))
            .map_err(failed)?
            .pem();
        files::write_new(&key, &pair.serialize_pem(), true)?;
        files::write_new(&cert, &pem, false)?;
        Ok(Self {
            folder: folder.to_owned(),
            root_pem: pem,
        })
    }

    /// The authority that is in `folder`.
    ///
    /// # Errors
    /// When there is none.
    pub fn open(folder: &Path) -> Result<Self, CaError> {
        let cert = folder.join("root-cert.pem");
        if !cert.is_file() {
            return Err(CaError::Missing(folder.to_owned()));
        }
        let root_pem = files::read(&cert)?;
        // Every machine would be given it.
        authority::not_after(&root_pem).map_err(|cause| CaError::Certificate(cert, cause))?;
        Ok(Self {
            folder: folder.to_owned(),
            root_pem,
        })
    }

    /// An intermediate for the cluster `name`, and the Secret `cacerts` that gives it to istiod. One that is there is
    /// kept: a new one would make istiod renew every certificate of the cluster.
    ///
    /// # Errors
    /// When the root's key is not there, or the folder cannot be written.
    pub fn cluster(&self, name: &str) -> Result<Cluster, CaError> {
        check_name(name)?;
        let folder = self.folder.join("clusters").join(name);
        let manifest = folder.join("cacerts.yaml");
        let kept = folder.join("ca-cert.pem").is_file();
        let authority = self.intermediate(&folder, name)?;
        let key = files::read(&folder.join("ca-key.pem"))?;
        // Istio's own tools put the root at the end of the chain (tools/certs/common.mk).
        let chain = format!("{}{}", authority.pem(), self.root_pem);
        files::replace(&folder.join("cert-chain.pem"), &chain, false)?;
        files::replace(&folder.join("root-cert.pem"), &self.root_pem, false)?;
        let text = secret::manifest(authority.pem(), &key, &chain, &self.root_pem);
        files::replace(&manifest, &text, true)?;
        Ok(Cluster {
            folder,
            manifest,
            kept,
        })
    }

    /// A certificate for `subject`, valid for `days`, in `DIR/issued/<namespace>/<name>`. One that has more than half
    /// of its life left is kept.
    ///
    /// # Errors
    /// When the signer is not there or has ended, or the folder cannot be written.
    pub fn issue(&self, subject: &Subject, days: u32) -> Result<Issued, CaError> {
        check_name(&subject.namespace)?;
        check_name(&subject.name)?;
        let authority = self.intermediate(&self.folder.join("vms-ca"), "vms")?;
        let folder = self
            .folder
            .join("issued")
            .join(&subject.namespace)
            .join(&subject.name);
        issue::issue(&authority, &self.root_pem, subject, days, &folder)
    }

    /// The certificate of the root.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    fn intermediate(&self, folder: &Path, name: &str) -> Result<Authority, CaError> {
        let (cert, key) = (folder.join("ca-cert.pem"), folder.join("ca-key.pem"));
        if cert.is_file() && key.is_file() {
            return Authority::load(&cert, &key);
        }
        let root_key = self.folder.join("root-key.pem");
        if !root_key.exists() {
            return Err(CaError::Offline(root_key));
        }
        let root = Authority::load(&self.folder.join("root-cert.pem"), &root_key)?;
        let failed = |error: rcgen::Error| CaError::Certificate(cert.clone(), error.to_string());
        let pair = KeyPair::generate().map_err(failed)?;
        let params = profile::intermediate(name, root.not_after()).map_err(failed)?;
        let pem = root.sign(params, &pair).map_err(failed)?;
        files::replace(&key, &pair.serialize_pem(), true)?;
        files::replace(&cert, &pem, false)?;
        Authority::load(&cert, &key)
    }
}

/// Names become folders and parts of a SPIFFE ID.
fn check_name(name: &str) -> Result<(), CaError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let fine = !name.is_empty() && !name.starts_with('.') && name.bytes().all(good);
    if fine {
        Ok(())
    } else {
        Err(CaError::Name(name.to_owned()))
    }
}
