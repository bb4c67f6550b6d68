//! One operation at a time.

use std::fs::File;
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use crate::failure::{Failure, OnPath};
use crate::layout::Layout;

/// Held while a machine is changed.
pub(crate) struct Lock {
    layout: Layout,
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock; waits for another operation at most `patience`.
    pub(crate) fn take(layout: &Layout, patience: Duration) -> Result<Self, Failure> {
        let path = layout.lock();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).on("make", folder)?;
        }
        let deadline = Instant::now() + patience;
        let mut options = File::options();
        let mut file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .on("open", &path)?;
        loop {
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => {
                    return Ok(Self {
                        layout: layout.clone(),
                        _file: file,
                    });
                }
                Err((back, _)) if Instant::now() < deadline => file = back,
                Err((_, cause)) => {
                    return Err(Failure::new(
                        "lock the machine",
                        format!("another meshd changes it ({cause})"),
                    )
                    .remedy("wait until the other operator is done"));
                }
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A machine without meshd has no lock of it either.
        if !self.layout.home().exists() {
            let _ = std::fs::remove_file(self.layout.lock());
        }
    }
}
