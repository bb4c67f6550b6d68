use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::root;

/// Where everything lies while it is measured; it goes away with this value.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() {
            memory.to_owned()
        } else {
            root().join("target")
        };
        let folder = parent.join(format!("meshc-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is in memory until the next boot.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
