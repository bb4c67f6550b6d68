use mesh_wire::Sha256;
use serde::{Deserialize, Serialize};

use super::Output;

/// The newest format of [`BuildRecord`].
pub(super) const FORMAT: u32 = 1;

/// What a build wrote: `out/build.json`. It marks the folder as ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildRecord {
    /// 1: newer ones are for newer programs.
    pub format: u32,
    /// Version of meshc.
    pub meshc: String,
    /// Digest of the spec.
    pub spec: Sha256,
    /// All files but this one, ordered by path.
    pub files: Vec<RecordedFile>,
}

/// A file that a build wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedFile {
    /// Path below `out/`.
    pub path: String,
    /// Digest.
    pub sha256: Sha256,
    /// Permissions, four octal digits.
    pub mode: String,
}

impl BuildRecord {
    pub(super) fn of(output: &Output, spec: Sha256) -> Self {
        let recorded = output.iter().map(|(path, file)| RecordedFile {
            path: path.clone(),
            sha256: file.sha256.clone(),
            mode: file.mode.digits(),
        });
        let meshc = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            format: FORMAT,
            meshc,
            spec,
            files: recorded.collect(),
        }
    }
}
