//! What was done to a machine, so that all of it can be undone.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// `/var/lib/meshd/installed.json`. It is written before each change, so that no crash leaves an unknown one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Record {
    /// Links that lie on the machine, by their path.
    pub(crate) links: BTreeSet<String>,
    /// Files that had to make place.
    pub(crate) displaced: BTreeSet<String>,
    /// Folders that had to be made; the deepest is last.
    pub(crate) folders: BTreeSet<String>,
    /// The user was made.
    pub(crate) user: bool,
    /// The group was made.
    pub(crate) group: bool,
}

impl Record {
    /// What the machine's record says; nothing where there is none.
    pub(crate) fn read(layout: &Layout) -> Result<Self, Failure> {
        let path = layout.record();
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).on("read", &path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).on("read", &path),
        }
    }

    /// Writes it down.
    pub(crate) fn write(&self, layout: &Layout) -> Result<(), Failure> {
        let path = layout.record();
        let text = serde_json::to_vec_pretty(self).on("write", &path)?;
        replace(&path, &text, 0o644)
    }
}

/// Puts a file in place by one rename.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let new = path.with_extension("new");
    let write = || {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().on("write", path)
}
