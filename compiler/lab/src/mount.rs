//! The file trees of machines and pods: one shared root, and what each changed of it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{CommandError, run};
use crate::files::{self, FileError};

/// The changes of one machine or pod, and the place where its whole tree appears.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    /// What differs from the shared root; stays over a reboot.
    pub(crate) upper: PathBuf,
    work: PathBuf,
    /// The whole tree.
    pub(crate) root: PathBuf,
}

/// A file tree could not be mounted or unmounted.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// `mount` or `umount` failed.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A folder for it could not be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Tree {
    /// The tree of `node`: its changes below `state`, its mount point below `run`.
    pub(crate) fn new(state: &Path, run: &Path, node: &str) -> Self {
        let kept = state.join(node);
        Self {
            upper: kept.join("upper"),
            work: kept.join("work"),
            root: run.join(node).join("root"),
        }
    }

    /// Mounts it over `base`.
    pub(crate) fn mount(&self, base: &Path) -> Result<(), MountError> {
        for dir in [&self.upper, &self.work, &self.root] {
            files::make_dir(dir)?;
        }
        let options = format!(
            "lowerdir={},upperdir={},workdir={}",
            base.display(),
            self.upper.display(),
            self.work.display()
        );
        run(Command::new("mount")
            .args(["-t", "overlay", "overlay", "-o", &options])
            .arg(&self.root))?;
        Ok(())
    }

    /// Shows /proc in it, which programs of pods need.
    pub(crate) fn mount_proc(&self) -> Result<(), MountError> {
        run(Command::new("mount")
            .args(["-t", "proc", "proc"])
            .arg(self.root.join("proc")))?;
        Ok(())
    }

    /// Shows the file `source` at `inside`, read-only.
    pub(crate) fn bind(&self, source: &Path, inside: &str) -> Result<(), MountError> {
        let target = files::below(&self.root, inside);
        files::write(&target, b"", 0o755)?;
        run(Command::new("mount")
            .args(["-o", "bind,ro"])
            .arg(source)
            .arg(&target))?;
        Ok(())
    }
}

/// Unmounts everything below `dir`, the innermost first.
pub(crate) fn unmount_below(dir: &Path) -> Result<(), MountError> {
    let table = files::read(Path::new("/proc/self/mountinfo"))?;
    for point in points_below(&table, dir).iter().rev() {
        run(Command::new("umount").arg(point))?;
    }
    Ok(())
}

/// Removes what systemd-nspawn leaves in its own folder when it is killed: a folder a machine, and a lock named
/// after the device and inode of each root.
pub(crate) fn remove_traces_of_nspawn(lab: &str, run: &Path) {
    let nspawn = Path::new("/run/systemd/nspawn");
    let roots = entries(run).map(|node| node.join("root"));
    let locks = roots
        .filter_map(|root| root.metadata().ok())
        .map(|it| format!("inode-{}:{}", it.dev(), it.ino()));
    for lock in locks {
        // Already gone where it ended by itself.
        let _ = std::fs::remove_file(nspawn.join("locks").join(lock));
    }
    let machines = format!("{lab}.");
    for dir in entries(&nspawn.join("propagate")) {
        if dir
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(&machines))
        {
            let _ = std::fs::remove_dir(dir);
        }
    }
}

fn entries(dir: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

/// Mount points at or below `dir`, in the order in which they were mounted.
fn points_below(table: &str, dir: &Path) -> Vec<PathBuf> {
    let point = |line: &str| {
        line.split(' ')
            .nth(4)
            .map(|word| PathBuf::from(word.replace("\\040", " ")))
    };
    table
        .lines()
        .filter_map(point)
        .filter(|path| path.starts_with(dir))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mounts_of_the_lab_are_found() {
        let table = "22 1 0:20 / /proc rw - proc proc rw\n\
                     90 22 0:50 / /run/meshlab/forum/webapp/root rw - overlay overlay rw\n\
                     91 90 0:20 / /run/meshlab/forum/webapp/root/proc rw - proc proc rw\n\
                     92 22 0:51 / /run/meshlab/forum2/x rw - overlay overlay rw\n";
        let points = points_below(table, Path::new("/run/meshlab/forum"));
        assert_eq!(points.len(), 2);
        assert!(points[1].ends_with("proc"));
    }
}
