mod fix;

use std::path::PathBuf;

use clap::ValueEnum;
use mesh_compiler::diag::render::{self, Style};
use mesh_compiler::diag::{Severity, count};
use mesh_compiler::{Compiled, World};

use super::build;
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Find all mistakes of a spec, pods and VMs, in one run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc check examples/forum
  meshc check --profile prod --set gateway=198.51.100.7 spec.kdl
  meshc check --format short spec.kdl     one line a mistake, for editors and grep
  meshc check --format json spec.kdl      one document, for programs
  meshc check --diff spec.kdl             what --fix would change, as a patch
  meshc check --fix spec.kdl              puts right what is certain, and checks again")]
pub(crate) struct Args {
    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it.
    spec: PathBuf,

    #[command(flatten)]
    values: Values,

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
    let spec = build::spec_file(&args.spec).display().to_string();
    let settings = args.values.settings();
    let found = |world: &dyn World| {
        let compiled = mesh_compiler::compile_with(world, &spec, &settings);
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
    let compiled = mesh_compiler::compile_with(&FsWorld, &spec, &settings);
    report(&compiled, &spec, args.format, ui);
    if compiled.unreadable() {
        Exit::Broken
    } else if compiled.model.is_none() {
        Exit::Failed
    } else {
        Exit::Done
    }
}

/// Shows all mistakes on standard output, and how many there are.
pub(crate) fn report(compiled: &Compiled, spec: &str, format: Format, ui: &Ui) {
    let Compiled {
        diagnostics, sources, ..
    } = compiled;
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
            ui.line(summary(compiled, spec));
        }
        Format::Short => ui.out(render::short(diagnostics, sources)),
        Format::Json => ui.out(render::json(diagnostics, sources)),
    }
}

/// `2 errors, 1 warning in spec.kdl`, or what a spec without mistakes holds.
fn summary(compiled: &Compiled, spec: &str) -> String {
    let counts = [(Severity::Error, "error"), (Severity::Warning, "warning")].map(|(severity, word)| {
        let number = count(&compiled.diagnostics, severity);
        (number > 0).then(|| plural(number, word))
    });
    let found: Vec<_> = counts.into_iter().flatten().collect();
    match &compiled.model {
        Some(mesh) => {
            let vms = mesh.vms().count();
            let holds = format!(
                "{} and {}",
                plural(mesh.services.len(), "service"),
                plural(vms, "VM")
            );
            let found = if found.is_empty() {
                "no mistakes".to_owned()
            } else {
                found.join(", ")
            };
            format!("{found} in {spec}: mesh {}, {holds}", mesh.name)
        }
        None => format!("{} in {spec}", found.join(", ")),
    }
}

fn plural(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}
