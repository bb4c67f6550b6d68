//! Where labs keep what is theirs.

use std::path::PathBuf;

use crate::mount::Tree;

/// The folders of all labs.
#[derive(Clone, Debug)]
pub struct Places {
    /// Disks, logs and keys; a folder a lab.
    pub state: PathBuf,
    /// Mount points and locks; a folder a lab.
    pub run: PathBuf,
    /// The shared tree and Envoy, which every lab uses again.
    pub cache: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            state: "/var/lib/meshlab".into(),
            run: "/run/meshlab".into(),
            cache: "/var/cache/meshlab".into(),
        }
    }
}

impl Places {
    /// The folder of the lab `name` for what lasts.
    pub(crate) fn state_of(&self, name: &str) -> PathBuf {
        self.state.join(name)
    }

    /// The folder of the lab `name` for mount points.
    pub(crate) fn run_of(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    /// The file that only one `up` or `down` of the lab `name` may hold.
    pub(crate) fn lock_of(&self, name: &str) -> PathBuf {
        self.run.join(format!("{name}.lock"))
    }

    /// The file tree of a machine or pod.
    pub(crate) fn tree(&self, lab: &str, node: &str) -> Tree {
        Tree::new(&self.state_of(lab).join("nodes"), &self.run_of(lab), node)
    }

    /// The folder of a machine's or pod's logs.
    pub(crate) fn logs(&self, lab: &str, node: &str) -> PathBuf {
        self.state_of(lab).join("logs").join(node)
    }
}
