//! Limits of the kernel that fleets run into.

use std::path::Path;

use crate::files::{self, FileError};

/// How many inotify instances one user may have. All machines of a lab are one user to the kernel, and a booted
/// systemd with its services holds about seven.
const INOTIFY: &str = "/proc/sys/fs/inotify/max_user_instances";
const INOTIFY_OF_MACHINE: usize = 16;
const INOTIFY_OF_HOST: usize = 64;

/// Raises the limits that `machines` need; they stay raised, as other labs may rely on them.
pub(crate) fn raise(machines: usize) -> Result<(), FileError> {
    let path = Path::new(INOTIFY);
    let limit = files::read(path)?.trim().parse().unwrap_or(usize::MAX);
    let needed = INOTIFY_OF_HOST + machines * INOTIFY_OF_MACHINE;
    if limit >= needed {
        return Ok(());
    }
    std::fs::write(path, needed.to_string()).map_err(|source| FileError::new("raise", path, source))
}
