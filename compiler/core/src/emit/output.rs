use std::collections::BTreeMap;
use std::sync::Arc;

use mesh_wire::Sha256;

use super::build_record::BuildRecord;
use super::layout::Layout;
use super::{document, kubernetes, vm, watch};
use crate::model::Mesh;

/// Everything that `meshc build` writes, by the path below `out/`.
pub type Output = BTreeMap<String, File>;

/// A file below `out/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Digest of the bytes.
    pub sha256: Sha256,
    /// Who may read it.
    pub mode: Mode,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everybody: 0644.
    Public,
    /// Its owner: 0600.
    Secret,
}

/// What the mesh itself does not say.
#[derive(Clone, Debug)]
pub struct Options {
    /// Digest of the spec that the mesh was made from.
    pub spec: Sha256,
    /// Certificates and keys by namespace and name of the VM. With them the output is secret.
    pub credentials: BTreeMap<(String, String), Credentials>,
}

/// Who a VM is: PEM texts.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The private key.
    pub key: String,
    /// Its certificate, and the intermediates.
    pub cert_chain: String,
    /// Whom it trusts.
    pub root_cert: String,
    /// The certificates that hold no more, where the authority keeps lists of them.
    pub crl: Option<Arc<str>>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl File {
    /// A file that everybody may read.
    pub(super) fn public(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes.into(), Mode::Public)
    }

    /// A file that only its owner may read.
    pub(super) fn secret(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(bytes.into(), Mode::Secret)
    }

    fn new(mut bytes: Vec<u8>, mode: Mode) -> Self {
        // Writers leave up to half of it unused, which counts with many files.
        bytes.shrink_to_fit();
        Self {
            sha256: Sha256::of(&bytes),
            bytes,
            mode,
        }
    }
}

impl Mode {
    /// Permission bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Public => 0o644,
            Self::Secret => 0o600,
        }
    }

    /// Four octal digits.
    pub fn digits(self) -> String {
        format!("{:04o}", self.bits())
    }
}

/// Path of the list of all other files.
pub(super) const RECORD: &str = "build.json";
/// Path of what keeps secrets out of a repository.
const GITIGNORE: &str = ".gitignore";

/// Writes `mesh` down.
pub fn emit(mesh: &Mesh, options: &Options) -> Output {
    let layout = Layout::of(mesh);
    let mut output = Output::new();
    for cluster in mesh.clusters.values() {
        output.extend(kubernetes::files(mesh, cluster));
        output.extend(watch::files(mesh, cluster));
    }
    vm::emit_groups(mesh, &layout, options, &mut output);
    for (path, bytes) in &mesh.files.beside {
        output.insert(format!("files/{path}"), File::public(bytes.as_slice()));
    }
    if output.values().any(|file| file.mode == Mode::Secret) {
        output.insert(GITIGNORE.to_owned(), File::public(IGNORED));
    }
    let record = BuildRecord::of(&output, options.spec.clone());
    output.insert(RECORD.to_owned(), File::public(document::json_bytes(&record)));
    output
}

const IGNORED: &str = "# Private keys of the VMs.\nrootfs/etc/meshd/identity/\n";
