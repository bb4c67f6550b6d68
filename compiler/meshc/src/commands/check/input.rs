//! What is to be checked: a spec, or manifests and files of machines.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use mesh_compiler::host_files::Kind;
use mesh_compiler::{Entry, World, holds_objects, parallel};

use crate::commands::build::{self, SPECS};
use crate::ui::plain;
use crate::world::FsWorld;

/// What the paths of the command line lead to.
pub(in crate::commands) enum Input {
    /// A spec.
    Spec(String),
    /// Files of manifests and of machines.
    Objects(Vec<String>),
}

/// Why there is nothing to check.
pub(in crate::commands) struct Wrong {
    pub(in crate::commands) what: String,
    pub(in crate::commands) cause: String,
    pub(in crate::commands) remedy: String,
}

/// The files of this machine, and those that were read already to see what they are.
#[derive(Default)]
pub(in crate::commands) struct Whole {
    read: BTreeMap<String, String>,
}

impl World for Whole {
    fn read(&self, path: &str) -> Result<String, String> {
        self.read
            .get(path)
            .map_or_else(|| FsWorld.read(path), |text| Ok(text.clone()))
    }

    fn list(&self, folder: &str) -> Result<Vec<Entry>, String> {
        FsWorld.list(folder)
    }
}

/// Standard input.
pub(super) const PIPE: &str = "-";

/// Looks what the paths are, by what they hold.
pub(in crate::commands) fn of(paths: &[PathBuf]) -> Result<(Input, Whole), Wrong> {
    let mut world = Whole::default();
    let mut files = Vec::new();
    let mut specs = Vec::new();
    for path in paths {
        let shown = path.display().to_string();
        if shown == PIPE {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| unreadable(&shown, plain(error)))?;
            let list = if is_of_mesh(&shown, &text) {
                &mut files
            } else {
                &mut specs
            };
            list.push(shown.clone());
            world.read.insert(shown, text);
        } else if !path.is_dir() {
            if let Some(text) = objects(&shown) {
                files.push(shown.clone());
                world.read.insert(shown, text);
            } else {
                specs.push(shown);
            }
        } else if SPECS.iter().any(|name| path.join(name).is_file()) {
            specs.push(build::spec_file(path).display().to_string());
        } else {
            let mut found = Vec::new();
            search(path, &mut found).map_err(|cause| unreadable(&shown, cause))?;
            let before = files.len();
            let texts = parallel::chunks(&found, |part| part.iter().map(|path| objects(path)).collect());
            let texts = texts.into_iter().flat_map(|part: Vec<_>| part);
            for (path, text) in found.into_iter().zip(texts) {
                if let Some(text) = text {
                    files.push(path.clone());
                    world.read.insert(path, text);
                }
            }
            if files.len() == before {
                return Err(Wrong {
                    what: format!("there is nothing to read in `{shown}`"),
                    cause:
                        "it has no spec, and nothing below it is an object of Kubernetes or a file of a VM"
                            .to_owned(),
                    remedy: format!(
                        "name a spec, such as {}, or a folder of manifests",
                        path.join(SPECS[0]).display()
                    ),
                });
            }
        }
    }
    match (specs.as_slice(), files.is_empty()) {
        ([one], true) => Ok((Input::Spec(one.clone()), world)),
        ([], false) => Ok((Input::Objects(files), world)),
        _ => Err(Wrong {
            what: match specs.as_slice() {
                [one] => format!("`{one}` is a spec, which is checked by itself"),
                _ => format!(
                    "`{}` are specs, each of which is checked by itself",
                    specs.join("` and `")
                ),
            },
            cause: "a mesh has one spec, and manifests beside it are named in it with `raw`".to_owned(),
            remedy: "name one spec, or manifests only".to_owned(),
        }),
    }
}

fn unreadable(path: &str, cause: String) -> Wrong {
    Wrong {
        what: format!("`{path}` cannot be read"),
        cause,
        remedy: "is the path right?".to_owned(),
    }
}

/// The text of the file at `path`, if it holds objects or is a machine's. What cannot be read is told where it is read
/// for good.
fn objects(path: &str) -> Option<String> {
    // Objects that a page shows are no objects.
    if path.ends_with(".kdl") || path.ends_with(".md") {
        return None;
    }
    let text = FsWorld.read(path).ok()?;
    is_of_mesh(path, &text).then_some(text)
}

/// The text holds objects, or is a file of a machine.
fn is_of_mesh(path: &str, text: &str) -> bool {
    holds_objects(text) || Kind::of(path, text).is_some()
}

/// All files below `folder`, in order. What begins with a dot is no part of what people mean.
fn search(folder: &Path, files: &mut Vec<String>) -> Result<(), String> {
    let mut entries = FsWorld.list(&folder.display().to_string())?;
    entries.sort();
    for entry in entries.iter().filter(|entry| !entry.name.starts_with('.')) {
        let path = folder.join(&entry.name);
        if entry.folder {
            // A link that leads up would go round in circles.
            if !path.is_symlink() {
                search(&path, files)?;
            }
        } else {
            files.push(path.display().to_string());
        }
    }
    Ok(())
}
