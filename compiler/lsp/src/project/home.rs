use mesh_compiler::diag::Language;
use mesh_compiler::spec::{self, schema};
use mesh_compiler::{World, holds_objects};

use super::shelf::{is_table, is_test};
use super::{Desk, File, Shelf};
use crate::tree::Branch;

/// What a file is to us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    /// It belongs to the spec at this path.
    Spec(String),
    /// It speaks the language of specs, and no spec includes it.
    Alone,
    /// It lists machines for the spec at this path.
    Listed(String),
    /// It holds expectations of the spec at this path.
    Tests(String),
    /// It holds objects of Kubernetes for Istio, which are checked with those beside it in this folder.
    Objects(String),
    /// It is something else.
    Foreign,
}

/// What specs are called.
pub const SPECS: [&str; 3] = ["spec.kdl", "spec.yaml", "spec.json"];

/// So many folders above a file may hold its spec.
const ABOVE: usize = 8;

/// Where the file at `path` belongs: to the nearest spec in its folder or above that includes it, or to an open document
/// that does, or to itself.
pub fn home(path: &str, desk: &Desk, shelf: &Shelf) -> Home {
    let Some(file) = shelf.file(path, desk) else {
        return Home::Foreign;
    };
    if is_test(path) {
        let beside = SPECS.map(|name| spec::beside(path, name));
        let mut beside = beside.into_iter().filter(|spec| shelf.file(spec, desk).is_some());
        return beside.next().map_or(Home::Foreign, Home::Tests);
    }
    let includes = |candidate: &String| shelf.spec(candidate, desk).iter().any(|file| file.path == path);
    if let Some(spec) = above(path).into_iter().find(includes) {
        return Home::Spec(spec);
    }
    let open = desk.documents().map(|(other, _)| other.to_owned());
    if let Some(spec) = open.filter(|other| other != path).find(includes) {
        return Home::Spec(spec);
    }
    if let Some(spec) = lists(path, desk, shelf) {
        return Home::Listed(spec);
    }
    if is_table(path) {
        return Home::Foreign;
    }
    if is_objects(&file) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        return Home::Objects(folder.to_owned());
    }
    let has = |name: &str| file.tree.nodes.iter().any(|node| node.name.value == name);
    if has("mesh") && (file.language == Language::Kdl || has("namespace")) {
        Home::Spec(path.to_owned())
    } else if speaks(&file) {
        Home::Alone
    } else {
        Home::Foreign
    }
}

/// The spec that takes machines from the file at `path`: the nearest one above, or one that is open.
fn lists(path: &str, desk: &Desk, shelf: &Shelf) -> Option<String> {
    if !is_table(path) && Language::of_path(path) == Language::Kdl {
        return None;
    }
    let open = desk.documents().map(|(other, _)| other.to_owned());
    let mut specs = above(path)
        .into_iter()
        .chain(open.filter(|other| SPECS.iter().any(|name| other.ends_with(name))));
    specs.find(|candidate| {
        shelf.spec(candidate, desk).iter().any(|file| {
            let mut named = file.inventories().iter();
            named.any(|inventory| {
                spec::find(desk, &file.path, &inventory.named)
                    .is_ok_and(|found| found.iter().any(|found| found == path))
            })
        })
    })
}

/// The paths that a spec of this file may have, the nearest first.
fn above(path: &str) -> Vec<String> {
    let mut folder = path;
    let mut found = Vec::new();
    for _ in 0..ABOVE {
        let Some((parent, _)) = folder.rsplit_once('/') else {
            found.extend(SPECS.map(str::to_owned));
            break;
        };
        found.extend(SPECS.iter().map(|name| spec::beside(&format!("{parent}/"), name)));
        folder = parent;
    }
    found
}

/// It holds objects of Kubernetes, and some of them are Istio's.
fn is_objects(file: &File) -> bool {
    file.language != Language::Kdl && file.text.contains("istio.io/") && holds_objects(&file.text)
}

/// More files than these of one folder are not looked at.
const MOST: usize = 10_000;

/// The files in `folder` that hold objects of Kubernetes.
pub fn manifests(folder: &str, desk: &dyn World) -> Vec<String> {
    let mut names: Vec<_> = desk
        .list(folder)
        .unwrap_or_default()
        .into_iter()
        .filter(|entry| !entry.folder)
        .collect();
    names.retain(|entry| Language::of_path(&entry.name) != Language::Kdl);
    names.sort();
    let paths = names
        .iter()
        .take(MOST)
        .map(|entry| format!("{folder}/{}", entry.name));
    paths
        .filter(|path| desk.read(path).is_ok_and(|text| holds_objects(&text)))
        .collect()
}

/// It says what only a spec says: a namespace with something in it, or, in KDL, nothing but what stands at a spec's top and
/// words that are still typed.
fn speaks(file: &File) -> bool {
    let kdl = file.language == Language::Kdl;
    let nodes = || file.tree.nodes.iter();
    let known = |name: &str| schema::SPEC.iter().any(|child| child.node.name == name);
    nodes().any(|node| node.name.value == "namespace" && !node.children.is_empty())
        || kdl && nodes().all(|node| known(&node.name.value) || is_typed(node))
}

/// A word alone may become anything.
fn is_typed(node: &Branch) -> bool {
    node.args.is_empty() && node.props.is_empty() && node.body.is_none()
}
