//! Where meshd's things lie on a machine.

use std::path::{Path, PathBuf};

use mesh_wire::Sha256;

/// meshd's folder as the machine sees it.
pub(crate) const HOME: &str = "/var/lib/meshd";
/// The program as the machine sees it.
pub(crate) const PROGRAM: &str = "/usr/local/bin/meshd";
/// meshd's user and group.
pub(crate) const USER: &str = "meshd";
/// Their number: Istio's, which capture rules leave out.
pub(crate) const ID: u32 = 1337;

/// The folders of a machine whose file system begins at a root.
///
/// A root other than `/` is an image that is being made: nothing runs there, so that nothing is started.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// This very machine.
    pub(crate) fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }

    /// Where an absolute path of the machine lies.
    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.at(HOME)
    }

    pub(crate) fn releases(&self) -> PathBuf {
        self.home().join("releases")
    }

    pub(crate) fn release(&self, release: &Sha256) -> PathBuf {
        self.releases().join(release.as_str())
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.home().join("store")
    }

    pub(crate) fn displaced(&self) -> PathBuf {
        self.home().join("displaced")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home().join("state")
    }

    pub(crate) fn record(&self) -> PathBuf {
        self.home().join("installed.json")
    }

    pub(crate) fn unconfirmed(&self) -> PathBuf {
        self.home().join("unconfirmed.json")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.at("/run/meshd-install.lock")
    }

    /// The release that a link of the home names.
    pub(crate) fn linked(&self, link: &str) -> Option<Sha256> {
        let target = std::fs::read_link(self.home().join(link)).ok()?;
        Sha256::try_from(target.file_name()?.to_str()?.to_owned()).ok()
    }

    /// The release in force.
    pub(crate) fn current(&self) -> Option<Sha256> {
        self.linked("current")
    }

    /// The release before it.
    pub(crate) fn previous(&self) -> Option<Sha256> {
        self.linked("previous")
    }
}

/// What a placed file's link says: the file of whatever release is in force.
pub(crate) fn link_of(path: &str) -> PathBuf {
    PathBuf::from(format!("{HOME}/current/rootfs{path}"))
}
