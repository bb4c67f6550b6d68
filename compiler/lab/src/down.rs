//! Taking a lab down.

use crate::cgroup::CgroupError;
use crate::command::CommandError;
use crate::files::{self, FileError};
use crate::lab::{self, Lab};
use crate::mount::{self, MountError};
use crate::needs::{self, NeedsError};
use crate::network;
use crate::places::Places;
use crate::rootfs;

/// Something of a lab could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum DownError {
    /// This machine cannot run labs.
    #[error(transparent)]
    Needs(#[from] NeedsError),
    /// Its processes.
    #[error(transparent)]
    Cgroup(#[from] CgroupError),
    /// Its mounts.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// Its namespaces.
    #[error(transparent)]
    Namespaces(#[from] CommandError),
    /// Its folders.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Lab {
    /// Takes the lab `name` down: processes, mounts, namespaces and folders, also of one that was only half made.
    ///
    /// # Errors
    /// When something does not go away.
    pub fn down(places: &Places, name: &str) -> Result<(), DownError> {
        needs::check()?;
        files::make_dir(&places.run)?;
        let lock = places.lock_of(name);
        let _only_one = rootfs::lock(&lock)?;
        remove(places, name)?;
        std::fs::remove_file(&lock).map_err(|source| FileError::new("remove", &lock, source))?;
        Ok(())
    }
}

/// Removes what there is of the lab `name`; its lock is held.
pub(crate) fn remove(places: &Places, name: &str) -> Result<(), DownError> {
    lab::cgroup(name)?.destroy()?;
    mount::remove_traces_of_nspawn(name, &places.run_of(name));
    mount::unmount_below(&places.run_of(name))?;
    network::remove(name)?;
    files::remove_all(&places.run_of(name))?;
    files::remove_all(&places.state_of(name))?;
    Ok(())
}
