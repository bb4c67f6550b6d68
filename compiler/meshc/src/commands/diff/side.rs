use std::path::Path;

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::diff::Picture;
use mesh_compiler::emit::{self, Options};
use mesh_compiler::{Settings, World};
use mesh_wire::Sha256;

use crate::commands::build::SPECS;
use crate::exit::Exit;
use crate::git::GitWorld;
use crate::ui::Ui;
use crate::world::FsWorld;

/// One side of a comparison: a path, and where it is read.
pub(super) struct Side {
    /// As the user gave it.
    shown: String,
    /// As `world` knows it.
    path: String,
    world: Box<dyn World>,
}

impl Side {
    /// A path on disk, or `REV:PATH`.
    pub(super) fn of(path: &Path, ui: &Ui) -> Result<Self, Exit> {
        let text = path.display().to_string();
        match text.split_once(':') {
            Some((revision, inside)) if !path.exists() && !revision.is_empty() => {
                let world = git(revision, &text, ui)?;
                // Like git itself: below the top folder, unless it begins with a dot.
                let path = if inside.starts_with('.') {
                    world
                        .below_top(Path::new(inside))
                        .map_err(|cause| outside(&text, &cause, ui))?
                } else {
                    inside.to_owned()
                };
                Ok(Self {
                    shown: text,
                    path,
                    world: Box::new(world),
                })
            }
            _ => Ok(Self::here(path)),
        }
    }

    /// A path on disk.
    pub(super) fn here(path: &Path) -> Self {
        let path = path.display().to_string();
        Self {
            shown: path.clone(),
            path,
            world: Box::new(FsWorld),
        }
    }

    /// A path on disk, as git has it at `revision`.
    pub(super) fn at(revision: &str, path: &Path, ui: &Ui) -> Result<Self, Exit> {
        let shown = format!("{} at {revision}", path.display());
        let world = git(revision, &shown, ui)?;
        let path = world
            .below_top(path)
            .map_err(|cause| outside(&shown, &cause, ui))?;
        Ok(Self {
            shown,
            path,
            world: Box::new(world),
        })
    }

    /// What it means.
    pub(super) fn picture(&self, settings: &Settings, ui: &Ui) -> Result<Picture, Exit> {
        let Ok(entries) = self.world.list(&self.path) else {
            return if self.is_manifest() {
                self.manifests(std::slice::from_ref(&self.path), ui)
            } else {
                self.spec(&self.path, settings, ui)
            };
        };
        let has = |name: &str| entries.iter().any(|entry| entry.name == name && !entry.folder);
        if has("build.json") {
            return self.output(ui);
        }
        let specs: Vec<_> = SPECS.iter().filter(|name| has(name)).collect();
        match specs.as_slice() {
            [] => {
                let mut files = Vec::new();
                self.walk(&self.path, &mut files);
                files.sort();
                self.manifests(&files, ui)
            }
            [one] => self.spec(&self.below(one), settings, ui),
            // Reading the folder says that it has several.
            _ => self.spec(&self.path, settings, ui),
        }
    }

    fn below(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// A YAML or JSON file with an object of Kubernetes in it, and no spec.
    fn is_manifest(&self) -> bool {
        is_data(&self.path)
            && self.world.read(&self.path).is_ok_and(|text| {
                let line = |word: &str| {
                    text.lines()
                        .any(|line| line.trim_start().trim_matches('"').starts_with(word))
                };
                line("apiVersion") && line("kind")
            })
    }

    fn walk(&self, folder: &str, files: &mut Vec<String>) {
        for entry in self.world.list(folder).unwrap_or_default() {
            let path = join(folder, &entry.name);
            if entry.folder && !entry.name.starts_with('.') {
                self.walk(&path, files);
            } else if !entry.folder && is_data(&path) {
                files.push(path);
            }
        }
    }

    fn spec(&self, path: &str, settings: &Settings, ui: &Ui) -> Result<Picture, Exit> {
        let compiled = mesh_compiler::compile_with(self.world.as_ref(), path, settings);
        let Some(mesh) = &compiled.model else {
            let style = Style {
                color: ui.color_err,
                width: ui.width,
            };
            ui.note(render::human(&compiled.diagnostics, &compiled.sources, style).trim_end());
            ui.fail(
                format_args!("`{}` is not compared", self.shown),
                "it has mistakes",
                "put them right first",
            );
            return Err(Exit::Broken);
        };
        // The digest of its text is no part of what it means.
        let options = Options {
            spec: Sha256::of(b""),
            credentials: std::collections::BTreeMap::new(),
        };
        Picture::of_output(&emit::emit(mesh, &options)).map_err(|error| self.unreadable(&error, ui))
    }

    fn output(&self, ui: &Ui) -> Result<Picture, Exit> {
        let record = self.world.bytes(&self.below("build.json"));
        let record = record.map_err(|cause| self.unreadable(&cause, ui))?;
        Picture::of_record(&record, |path| self.world.bytes(&self.below(path)))
            .map_err(|error| self.unreadable(&error, ui))
    }

    fn manifests(&self, files: &[String], ui: &Ui) -> Result<Picture, Exit> {
        let mut texts = Vec::new();
        for file in files {
            let bytes = self.world.bytes(file);
            texts.push((file.as_str(), bytes.map_err(|cause| self.unreadable(&cause, ui))?));
        }
        if texts.is_empty() {
            return Err(self.unreadable(&"there is no spec, no build.json and no YAML in it", ui));
        }
        let texts: Vec<_> = texts
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        mesh_compiler::picture(&texts).map_err(|error| self.unreadable(&error, ui))
    }

    fn unreadable(&self, cause: &dyn std::fmt::Display, ui: &Ui) -> Exit {
        ui.fail(
            format_args!("`{}` cannot be compared", self.shown),
            cause,
            "name a spec, a folder that `meshc build` wrote, or files of Kubernetes objects",
        );
        Exit::Broken
    }
}

fn join(folder: &str, name: &str) -> String {
    match folder.trim_end_matches('/') {
        "" if folder.starts_with('/') => format!("/{name}"),
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

fn is_data(path: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.to_ascii_lowercase().ends_with(end))
}

fn git(revision: &str, shown: &str, ui: &Ui) -> Result<GitWorld, Exit> {
    GitWorld::of(revision).map_err(|cause| {
        ui.fail(
            format_args!("`{shown}` cannot be read"),
            cause,
            "name a file that is there, or `REV:PATH` of a repository of git",
        );
        Exit::Broken
    })
}

fn outside(shown: &str, cause: &str, ui: &Ui) -> Exit {
    ui.fail(
        format_args!("`{shown}` cannot be read"),
        cause,
        "name a path inside of it",
    );
    Exit::Broken
}
