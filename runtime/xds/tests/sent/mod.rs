//! What a real istiod sent.

use std::path::{Path, PathBuf};

use mesh_xds::Response;

/// Kinds of resources, by the names of their files.
pub(crate) const KINDS: [&str; 5] = ["cds", "eds", "lds", "rds", "nds"];

/// All answers in a folder.
pub(crate) fn responses(folder: &Path) -> [Response; 5] {
    KINDS.map(|kind| {
        let bytes = std::fs::read(folder.join(format!("{kind}.pb"))).unwrap();
        Response::read(&bytes).unwrap()
    })
}

pub(crate) fn house() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder of the material beside the house. It is not part of it: without it a test is skipped, but not in CI.
pub(crate) fn reference(path: &str) -> Option<PathBuf> {
    let path = house().join("../shared/reference").join(path);
    if path.exists() {
        return Some(path);
    }
    let missing = format!("needs {}", path.display());
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(!ci, "CI {missing}");
    println!("skipped: {missing}");
    None
}
