//! The mesh that a command is asked about: a spec's, or the one that existing manifests mean together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mesh_compiler::diag::Sources;
use mesh_compiler::model::Mesh;
use mesh_compiler::{Checked, ObjectOptions};

use super::build;
use super::check::{
    self, Format,
    input::{self, Input, Whole},
};
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// A mesh, and where it is written.
pub(super) struct Given {
    pub(super) mesh: Mesh,
    pub(super) sources: Sources,
    /// The spec, or the path of the manifests.
    pub(super) path: String,
}

/// The mesh at `path`. What is wrong with it, or no part of it, is told.
pub(super) fn mesh(path: &Path, values: &Values, ui: &Ui) -> Result<Given, Exit> {
    let paths: [PathBuf; 1] = [path.to_owned()];
    match input::of(&paths) {
        Ok((Input::Objects(files), world)) => of_objects(path, &files, &world, ui),
        Ok((Input::Spec(_), _)) | Err(_) => of_spec(path, values, ui),
    }
}

fn of_spec(path: &Path, values: &Values, ui: &Ui) -> Result<Given, Exit> {
    let path = build::spec_file(path).display().to_string();
    let mut compiled = mesh_compiler::compile_with(&FsWorld, &path, &values.settings());
    match compiled.model.take() {
        Some(mesh) => Ok(Given {
            mesh,
            sources: compiled.sources,
            path,
        }),
        None => {
            check::report(&compiled, &path, Format::Human, ui);
            Err(if compiled.unreadable() {
                Exit::Broken
            } else {
                Exit::Failed
            })
        }
    }
}

fn of_objects(path: &Path, files: &[String], world: &Whole, ui: &Ui) -> Result<Given, Exit> {
    let mut checked = mesh_compiler::check_objects(world, files, &ObjectOptions::default());
    let Some(mesh) = checked.mesh.take() else {
        let unreadable = checked.unreadable();
        check::report_objects(checked, files.len(), ui);
        return Err(if unreadable { Exit::Broken } else { Exit::Failed });
    };
    tell(&checked, ui);
    Ok(Given {
        mesh,
        sources: checked.sources,
        // What is expected of a folder lies in it.
        path: match path.display().to_string() {
            folder if path.is_dir() => format!("{}/", folder.trim_end_matches('/')),
            file => file,
        },
    })
}

/// Says what is no part of the mesh, by reason. Whatever else is in a cluster is none of it anyway.
fn tell(checked: &Checked, ui: &Ui) {
    if !checked.is_sound() {
        ui.note("the manifests have mistakes, which `meshc check` shows: what is wrong is left out here");
    }
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (at, unsaid) in checked.unsaid.iter().filter(|(_, unsaid)| !unsaid.elsewhere) {
        let Some(object) = checked.objects.get(*at) else {
            continue;
        };
        let of_istio = object.group().ends_with(".istio.io");
        if of_istio || object.is("", "Service") {
            let name = format!(
                "{} {}.{}",
                object.kind.value,
                object.name.value,
                object.namespace()
            );
            reasons.entry(&unsaid.why).or_default().push(name);
        }
    }
    if !reasons.is_empty() {
        ui.note("not looked at, since the language does not say it:");
    }
    for (why, names) in reasons {
        ui.note(format_args!("  {}: {why}", names.join(", ")));
    }
    for note in &checked.notes {
        ui.note(format_args!("taken for granted: {note}"));
    }
}
