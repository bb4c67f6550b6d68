use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::diff::{self, Difference};
use mesh_compiler::{Checked, Imported, ObjectOptions};

use super::check::input::{self, Input};
use crate::exit::Exit;
use crate::ui::{Ui, plain};

/// Write a spec from objects of Kubernetes and Istio that are there, and prove that it means the same.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc import manifests/                      writes spec.kdl, and raw/ for what the language does not say
  kubectl get svc,dr,vs,we,wg -A -o yaml | meshc import - -o mesh/spec.kdl

The spec is built in memory, and its objects are compared with those that went in, by meaning. What the language cannot
say whole stays an object, as it is, and is listed with the reason.

Exit codes: 0 the spec means the same, 1 something would be lost (nothing is written without --force), 2 the objects
cannot be read, or the spec cannot be written.")]
pub(crate) struct Args {
    /// Files and folders of objects; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The spec; files for `raw` are written beside it.
    #[arg(short, long, value_name = "FILE", default_value = "spec.kdl")]
    out: PathBuf,

    /// The namespace of objects that name none.
    #[arg(long, short = 'n', value_name = "NAME")]
    namespace: Option<String>,

    /// Write over files that are there.
    #[arg(long)]
    overwrite: bool,

    /// Write the spec although something is lost.
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let (files, world) = match input::of(&args.paths) {
        Ok((Input::Objects(files), world)) => (files, world),
        Ok((Input::Spec(spec), _)) => {
            ui.fail(
                format_args!("there is nothing to import in `{spec}`"),
                "it holds no objects of Kubernetes",
                "name files or folders with objects",
            );
            return Exit::Broken;
        }
        Err(wrong) => {
            ui.fail(wrong.what, wrong.cause, wrong.remedy);
            return Exit::Broken;
        }
    };
    let options = ObjectOptions {
        namespace: Some(args.namespace.clone().unwrap_or_else(|| "default".to_owned())),
        ..ObjectOptions::default()
    };
    let imported = match mesh_compiler::import(&world, &files, &options) {
        Ok(imported) => imported,
        Err(checked) => return unreadable(&checked, ui),
    };
    show(&imported, ui);
    let sound = imported.lost.is_empty() && imported.mistakes.is_empty();
    if !sound && !args.force {
        ui.fail(
            "the spec is not written",
            "it would not mean what the objects mean",
            "put the objects right, or write it with `--force` and go through what is listed",
        );
        return Exit::Failed;
    }
    match write(args, &imported) {
        Ok(()) => {
            let Imported {
                objects, left, raw, ..
            } = &imported;
            let said = objects - left.len();
            let beside = if raw.is_empty() {
                ""
            } else {
                ", the others beside it in raw/"
            };
            ui.line(format_args!(
                "{}: {said} of {objects} objects{beside}",
                args.out.display()
            ));
            if sound { Exit::Done } else { Exit::Failed }
        }
        Err((path, cause)) => {
            ui.fail(
                format_args!("`{}` cannot be written", path.display()),
                cause,
                "name another file with `-o`, or write over it with `--overwrite`",
            );
            Exit::Broken
        }
    }
}

fn unreadable(checked: &Checked, ui: &Ui) -> Exit {
    let style = Style {
        color: ui.color_err,
        width: ui.width,
    };
    ui.note(render::human(&checked.diagnostics, &checked.sources, style).trim_end());
    ui.fail(
        "nothing is imported",
        "no objects of Kubernetes can be read there",
        "`meshc check` says what is wrong with them",
    );
    Exit::Broken
}

/// Says what stays as it is, what was taken for granted, and what the spec says otherwise.
fn show(imported: &Imported, ui: &Ui) {
    left("stay as they are, in raw/:", imported, false, ui);
    left("are not the mesh's, and are left out:", imported, true, ui);
    if !imported.notes.is_empty() {
        ui.line("left open by the objects:");
    }
    for note in &imported.notes {
        ui.line(format_args!("  {note}"));
    }
    section(
        "the spec writes more, which changes nothing:",
        &imported.added,
        ui,
    );
    section("the spec would say otherwise:", &imported.lost, ui);
    let style = Style {
        color: ui.color,
        width: ui.width,
    };
    if !imported.mistakes.is_empty() {
        ui.out(render::human(&imported.mistakes, &imported.sources, style));
    }
}

/// Objects that the spec does not say, by reason.
fn left(title: &str, imported: &Imported, elsewhere: bool, ui: &Ui) {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for left in imported.left.iter().filter(|left| left.elsewhere == elsewhere) {
        let place = left.identity.namespace.as_ref();
        let place = place.map_or_else(String::new, |namespace| format!(".{namespace}"));
        let name = format!("{} {}{place}", left.identity.kind, left.identity.name);
        reasons.entry(&left.why).or_default().push(name);
    }
    if !reasons.is_empty() {
        ui.line(title);
    }
    for (why, names) in reasons {
        ui.line(format_args!("  {}: {why}", names.join(", ")));
    }
}

fn section(title: &str, changes: &[diff::Change], ui: &Ui) {
    if changes.is_empty() {
        return;
    }
    ui.line(title);
    let difference = Difference {
        things: changes.to_vec(),
        ..Difference::default()
    };
    for line in diff::render::human(&difference, ui.color).lines() {
        ui.line(format_args!("  {line}"));
    }
}

/// Writes the spec and its files, or none of them.
fn write(args: &Args, imported: &Imported) -> Result<(), (PathBuf, String)> {
    let folder = args.out.parent().unwrap_or(Path::new(""));
    let raw = imported.raw.iter().map(|(path, text)| (folder.join(path), text));
    let files: Vec<_> = raw.chain([(args.out.clone(), &imported.spec)]).collect();
    if !args.overwrite
        && let Some((there, _)) = files.iter().find(|(path, _)| path.exists())
    {
        return Err((there.clone(), "it is there already".to_owned()));
    }
    for (path, text) in files {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let made = parent.map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, text))
            .map_err(|error| (path, plain(error)))?;
    }
    Ok(())
}
