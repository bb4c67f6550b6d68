mod fix;
mod input;

use std::path::PathBuf;

use clap::ValueEnum;
use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::diag::{Diagnostic, Severity, Sources, count};
use mesh_compiler::{Checked, Compiled, ObjectOptions, World};

use self::input::{Input, Whole};
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Find all mistakes of a spec, or of Kubernetes and Istio manifests, in one run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc check examples/forum
  meshc check manifests/                  every YAML and JSON file below, all together
  helm template chart | meshc check -     what another program writes
  meshc check --profile prod --set gateway=198.51.100.7 spec.kdl
  meshc check --format short spec.kdl     one line a mistake, for editors and grep
  meshc check --format json spec.kdl      one document, for programs
  meshc check --diff spec.kdl             what --fix would change, as a patch
  meshc check --fix spec.kdl              puts right what is certain, and checks again")]
pub(crate) struct Args {
    /// A spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it; or files and folders of manifests. `-` is
    /// standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    #[command(flatten)]
    values: Values,

    /// The namespace of manifests that name none.
    #[arg(long, short = 'n', value_name = "NAME")]
    namespace: Option<String>,

    /// The Istio that manifests are for, such as 1.31: what it has given up or does not have yet is told.
    #[arg(long, value_name = "VERSION", value_parser = minor)]
    istio_version: Option<u32>,

    /// How mistakes are shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Put right what has only one remedy, in place, and check again.
    #[arg(long)]
    fix: bool,

    /// Write nothing, and show what `--fix` would change as a patch; 1 if there is something.
    #[arg(long)]
    diff: bool,
}

/// How mistakes are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// With the text that they are in, and what to write instead.
    #[default]
    Human,
    /// `file:line:column: error[CODE]: message`.
    Short,
    /// One JSON document.
    Json,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let (input, world) = match input::of(&args.paths) {
        Ok(read) => read,
        Err(wrong) => {
            ui.fail(wrong.what, wrong.cause, wrong.remedy);
            return Exit::Broken;
        }
    };
    match input {
        Input::Spec(spec) => check_spec(&args, &spec, &world, ui),
        Input::Objects(files) => check_objects(&args, &files, &world, ui),
    }
}

/// `1.31`, `1.31.2`, `31`.
fn minor(text: &str) -> Result<u32, String> {
    let rest = text.strip_prefix("1.").unwrap_or(text);
    let minor = rest.split('.').next().and_then(|minor| minor.parse().ok());
    minor.ok_or_else(|| "a release of Istio is written as in 1.31".to_owned())
}

fn check_spec(args: &Args, spec: &str, world: &Whole, ui: &Ui) -> Exit {
    let settings = args.values.settings();
    let found = |world: &dyn World| {
        let compiled = mesh_compiler::compile_with(world, spec, &settings);
        (compiled.diagnostics, compiled.sources)
    };
    if args.diff {
        return fix::show(found, ui);
    }
    if args.fix
        && let Err(exit) = fix::write(found, ui)
    {
        return exit;
    }
    // What `--fix` wrote is read again.
    let world: &dyn World = if args.fix { &FsWorld } else { world };
    let compiled = mesh_compiler::compile_with(world, spec, &settings);
    report(&compiled, spec, args.format, ui);
    if compiled.unreadable() {
        Exit::Broken
    } else if compiled.model.is_none() {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn check_objects(args: &Args, files: &[String], world: &Whole, ui: &Ui) -> Exit {
    let options = ObjectOptions {
        namespace: args.namespace.clone(),
        istio: args.istio_version,
    };
    let found = |world: &dyn World| {
        let checked = mesh_compiler::check_objects(world, files, &options);
        (checked.diagnostics, checked.sources)
    };
    if args.diff {
        return fix::show(found, ui);
    }
    if args.fix
        && let Err(exit) = fix::write(found, ui)
    {
        return exit;
    }
    let world: &dyn World = if args.fix { &FsWorld } else { world };
    let checked = mesh_compiler::check_objects(world, files, &options);
    let summary = objects_summary(&checked, files.len());
    show(&checked.diagnostics, &checked.sources, &summary, args.format, ui);
    if checked.unreadable() {
        Exit::Broken
    } else if checked.is_sound() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

/// Shows all mistakes on standard output, and how many there are.
pub(crate) fn report(compiled: &Compiled, spec: &str, format: Format, ui: &Ui) {
    let summary = summary(compiled, spec);
    show(&compiled.diagnostics, &compiled.sources, &summary, format, ui);
}

fn show(diagnostics: &[Diagnostic], sources: &Sources, summary: &str, format: Format, ui: &Ui) {
    match format {
        Format::Human => {
            ui.out(render::human(
                diagnostics,
                sources,
                Style {
                    color: ui.color,
                    width: ui.width,
                },
            ));
            ui.line(summary);
        }
        Format::Short => ui.out(render::short(diagnostics, sources)),
        Format::Json => ui.out(render::json(diagnostics, sources)),
    }
}

/// `2 errors, 1 warning in spec.kdl`, or what a spec without mistakes holds.
fn summary(compiled: &Compiled, spec: &str) -> String {
    let found = counts(&compiled.diagnostics);
    match &compiled.model {
        Some(mesh) => {
            let vms = mesh.vms().count();
            let holds = format!(
                "{} and {}",
                plural(mesh.services.len(), "service"),
                plural(vms, "VM")
            );
            format!("{found} in {spec}: mesh {}, {holds}", mesh.name)
        }
        None => format!("{found} in {spec}"),
    }
}

/// `2 errors, 1 warning in 7 objects of 3 files`.
fn objects_summary(checked: &Checked, files: usize) -> String {
    let found = counts(&checked.diagnostics);
    let objects = plural(checked.objects.len(), "object");
    format!("{found} in {objects} of {}", plural(files, "file"))
}

fn counts(diagnostics: &[Diagnostic]) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")].map(|(severity, word)| {
        let number = count(diagnostics, severity);
        (number > 0).then(|| plural(number, word))
    });
    let found: Vec<_> = counts.into_iter().flatten().collect();
    if found.is_empty() {
        "no mistakes".to_owned()
    } else {
        found.join(", ")
    }
}

fn plural(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
