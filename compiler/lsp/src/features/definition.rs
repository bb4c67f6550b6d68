use std::sync::Arc;

use mesh_compiler::spec::{self, schema::Role};

use super::{Cursor, Place};
use crate::names::inner;
use crate::project::{Desk, File, Project, Shelf};
use crate::tree::Range;

/// A place that something leads to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The file.
    pub file: Arc<File>,
    /// The name there.
    pub name: Range,
    /// All that it names.
    pub whole: Range,
}

/// Where the name at byte `at` is declared, or the files that a path there means.
pub fn definition(project: &Project, at: usize, desk: &Desk, shelf: &Shelf) -> Vec<Target> {
    let names = project.names();
    if let Some((key, _)) = names.at(project.here, at) {
        let spots = names.declarations(key);
        let target = |spot| Target {
            file: Arc::clone(project.file_of(spot)),
            name: spot.mention.place,
            whole: spot.mention.whole.unwrap_or(spot.mention.place),
        };
        return spots.into_iter().map(target).collect();
    }
    files(project, at, desk, shelf)
}

/// The files that the path at byte `at` means.
fn files(project: &Project, at: usize, desk: &Desk, shelf: &Shelf) -> Vec<Target> {
    let file = project.file();
    let cursor = Cursor::at(file, at);
    let (Place::Value(_, field) | Place::Entry(_, Some(field))) = cursor.place else {
        return Vec::new();
    };
    if field.role != Role::File {
        return Vec::new();
    }
    let Some(named) = cursor.value.as_ref().and_then(inner) else {
        return Vec::new();
    };
    let paths = spec::find(desk, &file.path, &named.value).unwrap_or_default();
    let start = Range::default();
    let target = |file| Target {
        file,
        name: start,
        whole: start,
    };
    paths
        .iter()
        .filter_map(|path| shelf.file(path, desk))
        .map(target)
        .collect()
}
