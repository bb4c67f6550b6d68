//! The control groups of a lab: they know every process of it, and end them all at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::files;
use crate::files::FileError;

/// How long the kernel may take to end processes that were killed.
const KILL_DEADLINE: Duration = Duration::from_secs(20);

/// One control group (cgroup v2) of the lab.
#[derive(Clone, Debug)]
pub(crate) struct Cgroup {
    path: PathBuf,
}

/// A control group could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// The kernel has no cgroup v2 mounted.
    #[error("no cgroup2 file system is mounted on this machine")]
    Missing,
    /// Processes outlived SIGKILL.
    #[error("processes of {} did not end", .0.display())]
    Alive(PathBuf),
    /// A file of the group could not be worked on.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Cgroup {
    /// The group `name` right below the root of the hierarchy; not made yet.
    pub(crate) fn top(name: &str) -> Result<Self, CgroupError> {
        let mounts = files::read(Path::new("/proc/self/mounts"))?;
        let root = cgroup2_mount(&mounts).ok_or(CgroupError::Missing)?;
        Ok(Self {
            path: root.join(name),
        })
    }

    /// The group `name` inside of this one; not made yet.
    pub(crate) fn child(&self, name: &str) -> Self {
        Self {
            path: self.path.join(name),
        }
    }

    /// Makes the group.
    pub(crate) fn make(&self) -> Result<(), CgroupError> {
        Ok(files::make_dir(&self.path)?)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// All processes in it and in the groups below.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let mut found = Vec::new();
        visit(&self.path, &mut |dir| {
            let list = fs::read_to_string(dir.join("cgroup.procs")).unwrap_or_default();
            found.extend(list.lines().filter_map(|line| line.parse::<u32>().ok()));
        });
        found.sort_unstable();
        found
    }

    /// Ends every process in it and removes it; nothing there is fine.
    pub(crate) fn destroy(&self) -> Result<(), CgroupError> {
        if !self.path.exists() {
            return Ok(());
        }
        let kill = self.path.join("cgroup.kill");
        fs::write(&kill, "1").map_err(|source| FileError::new("write", &kill, source))?;
        let deadline = Instant::now() + KILL_DEADLINE;
        while !self.processes().is_empty() {
            if Instant::now() > deadline {
                return Err(CgroupError::Alive(self.path.clone()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        remove_tree(&self.path)?;
        self.remove_shadow();
        Ok(())
    }

    /// In the hybrid layout, systemd-nspawn makes the same folders in systemd's own hierarchy.
    fn remove_shadow(&self) {
        let Some(name) = self.path.file_name() else { return };
        let shadow = Path::new("/sys/fs/cgroup/systemd").join(name);
        if shadow.exists() {
            // Empty folders of a hierarchy that nothing else reads: what stays is no harm.
            let _ = remove_tree(&shadow);
        }
    }
}

/// The mount point of cgroup v2 in the text of `/proc/self/mounts`.
fn cgroup2_mount(mounts: &str) -> Option<PathBuf> {
    mounts.lines().find_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        (kind == "cgroup2").then(|| PathBuf::from(point))
    })
}

fn visit(dir: &Path, seen: &mut impl FnMut(&Path)) {
    seen(dir);
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            visit(&entry.path(), seen);
        }
    }
}

/// Groups are removed by `rmdir`, the innermost first: their files cannot be removed.
fn remove_tree(dir: &Path) -> Result<(), FileError> {
    let mut dirs = Vec::new();
    visit(dir, &mut |dir| dirs.push(dir.to_owned()));
    for dir in dirs.iter().rev() {
        fs::remove_dir(dir).map_err(|source| FileError::new("remove", dir, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_of_control_groups_are_found() {
        let hybrid = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        assert_eq!(
            cgroup2_mount(hybrid),
            Some(PathBuf::from("/sys/fs/cgroup/unified"))
        );
        let unified = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
        assert_eq!(cgroup2_mount(unified), Some(PathBuf::from("/sys/fs/cgroup")));
        assert_eq!(cgroup2_mount("proc /proc proc rw 0 0\n"), None);
    }
}
