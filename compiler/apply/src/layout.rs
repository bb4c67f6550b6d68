//! Where meshd lives on a machine.

use mesh_wire::Sha256;

/// Paths on the machine. Everything is derived from two roots, so that a test can stay inside a folder of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// meshd's own folder.
    pub home: String,
    /// What stands before the absolute paths of a bundle's files; empty on a real machine.
    pub prefix: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            home: "/var/lib/meshd".to_owned(),
            prefix: String::new(),
        }
    }
}

impl Layout {
    /// The blob with this digest.
    pub fn blob(&self, digest: &Sha256) -> String {
        format!("{}/store/{digest}", self.home)
    }

    /// The folder in which a release is handed to meshd.
    pub fn incoming(&self, release: &Sha256) -> String {
        format!("{}/incoming/{release}", self.home)
    }

    /// The program that is in force.
    pub fn meshd(&self) -> String {
        format!("{}/current/meshd", self.home)
    }
}
