//! What the tests of the emitters share: the examples, and what a real Istio said.

#![allow(dead_code, reason = "every test crate uses a part of this")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read the examples and the reference from disk"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mesh_compiler::emit::{self, Options, Output};
use mesh_compiler::model::Mesh;
use mesh_compiler::{Entry, World};
use mesh_wire::Sha256;

/// The workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder with what a real Istio said, or `None` after a word on where to get it; in CI it must be there.
pub(crate) fn reference(part: &str) -> Option<PathBuf> {
    let path = root().join("../shared/reference").join(part);
    present(
        path.exists(),
        &format!("{}, which lies beside the checkout", path.display()),
    )
    .then_some(path)
}

/// Whether a test that needs `what` can run. Where it cannot, CI fails and people are told.
pub(crate) fn present(is: bool, what: &str) -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(is || !ci, "CI needs {what}");
    if !is {
        println!("skipped: needs {what}");
    }
    is
}

/// The text of a file.
pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of all examples of specs.
pub(crate) fn examples() -> Vec<String> {
    let entries = std::fs::read_dir(root().join("examples")).expect("the examples are there");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let is_spec = |spec| entry.path().join(spec).is_file();
        let is = ["spec.kdl", "spec.yaml", "spec.json"].into_iter().any(is_spec);
        is.then(|| entry.file_name().to_string_lossy().into_owned())
    };
    let mut names: Vec<_> = entries.filter_map(name).collect();
    names.sort();
    names
}

/// The mesh of `examples/NAME`.
pub(crate) fn example(name: &str) -> Mesh {
    let folder = root().join("examples").join(name);
    let spec = ["spec.kdl", "spec.yaml", "spec.json"].map(|spec| folder.join(spec));
    let spec = spec.iter().find(|spec| spec.is_file());
    compile(spec.unwrap_or_else(|| panic!("{} has no spec", folder.display())))
}

/// All that is built for a mesh.
pub(crate) fn emitted(mesh: &Mesh) -> Output {
    let options = Options {
        spec: Sha256::of(b""),
        credentials: BTreeMap::new(),
    };
    emit::emit(mesh, &options)
}

/// The mesh of a spec without mistakes.
pub(crate) fn compile(spec: &Path) -> Mesh {
    let compiled = mesh_compiler::compile(&Disk, &spec.display().to_string());
    compiled
        .model
        .unwrap_or_else(|| panic!("{}: {:#?}", spec.display(), compiled.diagnostics))
}

/// The mesh of a text without mistakes.
pub(crate) fn compile_text(spec: &str) -> Mesh {
    let compiled = mesh_compiler::compile(&Text(spec.to_owned()), "spec.kdl");
    compiled
        .model
        .unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// What is found in a text.
pub(crate) fn diagnostics(spec: &str) -> Vec<mesh_compiler::diag::Diagnostic> {
    mesh_compiler::compile(&Text(spec.to_owned()), "spec.kdl").diagnostics
}

struct Text(String);

impl World for Text {
    fn read(&self, _path: &str) -> Result<String, String> {
        Ok(self.0.to_owned())
    }
}

struct Disk;

impl World for Disk {
    fn read(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(path).map_err(|error| error.to_string())
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        let entries = std::fs::read_dir(folder).map_err(|error| error.to_string())?;
        let entry = |entry: std::fs::DirEntry| Entry {
            name: entry.file_name().to_string_lossy().into_owned(),
            folder: entry.path().is_dir(),
        };
        Ok(entries.filter_map(Result::ok).map(entry).collect())
    }
}
