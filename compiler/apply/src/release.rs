//! What is shipped to one machine: its bundle with the runtime named in it, and the bytes of both.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::PathBuf;

use mesh_wire::{Bundle, Sha256};

use crate::out::Target;
use crate::runtime::Runtime;

/// One release for one VM on one kind of machine.
#[derive(Clone, Debug)]
pub struct Release {
    /// Digest of [`document`](Self::document); it names the release on the machine.
    pub id: Sha256,
    /// The bundle, with the runtime's digest.
    pub bundle: Bundle,
    /// `bundle.json` as it is shipped.
    pub document: Vec<u8>,
    /// The program.
    pub runtime: Runtime,
    /// All that the machine's store must have, the program among them.
    pub blobs: BTreeMap<Sha256, Blob>,
}

/// Bytes with a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Where they lie here.
    pub path: PathBuf,
    /// Their length.
    pub size: u64,
    /// They are a program.
    pub program: bool,
}

/// A release cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// A file of the bundle is missing.
    #[error("cannot read `{0}`, which the bundle of {1} needs: {2}")]
    Source(PathBuf, String, io::Error),
    /// A path leads out of the output folder.
    #[error("the bundle of {1} names `{0}`, which is not inside the output folder")]
    Outside(String, String),
    /// The bundle cannot be written as JSON.
    #[error("cannot write the bundle of {0}: {1}")]
    Write(String, serde_json::Error),
}

impl Release {
    /// Puts together what `target` is given when its machine can run `runtime`.
    ///
    /// # Errors
    /// When a file of the bundle is missing.
    pub fn assemble(target: &Target, runtime: &Runtime) -> Result<Self, ReleaseError> {
        let mut bundle = target.bundle.clone();
        bundle.runtime_sha256 = Some(runtime.sha256.clone());
        let mut document = serde_json::to_vec_pretty(&bundle)
            .map_err(|error| ReleaseError::Write(target.name.clone(), error))?;
        document.push(b'\n');
        let mut blobs = BTreeMap::new();
        for file in &bundle.files {
            if file.source.starts_with('/') || file.source.split('/').any(|part| part == "..") {
                return Err(ReleaseError::Outside(file.source.clone(), target.name.clone()));
            }
            let path = target.out.join(&file.source);
            let meta = fs::metadata(&path)
                .map_err(|error| ReleaseError::Source(path.clone(), target.name.clone(), error))?;
            blobs.insert(
                file.sha256.clone(),
                Blob {
                    path,
                    size: meta.len(),
                    program: false,
                },
            );
        }
        let program = Blob {
            path: runtime.path.clone(),
            size: runtime.size,
            program: true,
        };
        blobs.insert(runtime.sha256.clone(), program);
        Ok(Self {
            id: Sha256::of(&document),
            bundle,
            document,
            runtime: runtime.clone(),
            blobs,
        })
    }

    /// The units that must be active for the release to be in force.
    pub fn units(&self) -> Vec<&str> {
        let checked: Vec<&str> = self
            .bundle
            .checks
            .iter()
            .filter_map(|check| match check {
                mesh_wire::bundle::Check::UnitActive(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if checked.is_empty() {
            self.bundle.units.iter().map(|unit| unit.name.as_str()).collect()
        } else {
            checked
        }
    }

    /// Bytes of everything in the release.
    pub fn size(&self) -> u64 {
        self.blobs.values().map(|blob| blob.size).sum::<u64>() + self.document.len() as u64
    }

    /// It has a file whose path starts so.
    pub fn has_file(&self, start: &str) -> bool {
        self.bundle.files.iter().any(|file| file.path.starts_with(start))
    }
}
