mod fix;
pub(super) mod input;
mod report;

use std::path::PathBuf;

use mesh_compiler::{Checked, Compiled, ObjectOptions, World};

use self::input::{Input, Whole};
pub(crate) use self::report::Format;
use self::report::{Report, plural};
use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Find all mistakes of a spec, or of manifests and files of VMs, in one run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc check examples/forum
  meshc check manifests/                  every YAML and JSON file below, all together
  meshc check manifests/ vm-1/            and a VM's: cluster.env, mesh.yaml, units, scripts, iptables-save
  helm template chart | meshc check -     what another program writes
  meshc check --profile prod --set gateway=198.51.100.7 spec.kdl
  meshc check --format short spec.kdl     one line a mistake, for editors and grep
  meshc check --format json spec.kdl      one document, for programs
  meshc check --format sarif spec.kdl > meshc.sarif
  meshc check --diff spec.kdl             what --fix would change, as a patch
  meshc check --fix spec.kdl              puts right what is certain, and checks again")]
pub(crate) struct Args {
    /// A spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it; or files and folders of manifests. `-` is
    /// standard input.
    #[arg(default_value = ".", value_name = "PATH")]
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

    /// Fail where there are warnings, too.
    #[arg(long)]
    deny_warnings: bool,

    /// Put right what has only one remedy, in place, and check again.
    #[arg(long)]
    fix: bool,

    /// Write nothing, and show what `--fix` would change as a patch; 1 if there is something.
    #[arg(long)]
    diff: bool,
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
    let check = |world: &dyn World| {
        let compiled = mesh_compiler::compile_with(world, spec, &settings);
        Report::of_spec(&compiled, spec)
    };
    finish(args, check, world, ui)
}

fn check_objects(args: &Args, files: &[String], world: &Whole, ui: &Ui) -> Exit {
    let options = ObjectOptions {
        namespace: args.namespace.clone(),
        istio: args.istio_version,
    };
    let check = |world: &dyn World| {
        let checked = mesh_compiler::check_objects(world, files, &options);
        Report::of_objects(checked, files.len())
    };
    finish(args, check, world, ui)
}

/// Puts right what is wanted, and shows what `check` finds then.
fn finish(args: &Args, check: impl Fn(&dyn World) -> Report, world: &Whole, ui: &Ui) -> Exit {
    let found = |world: &dyn World| {
        let report = check(world);
        (report.diagnostics, report.sources)
    };
    if args.diff {
        return fix::show(world, found, ui);
    }
    if args.fix
        && let Err(exit) = fix::write(world, found, ui)
    {
        return exit;
    }
    // What `--fix` wrote is read again.
    let world: &dyn World = if args.fix { &FsWorld } else { world };
    let report = check(world);
    let exit = report.exit(args.deny_warnings);
    report.show(args.format, ui);
    exit
}

/// The same of `files` files of manifests.
pub(crate) fn report_objects(checked: Checked, files: usize, ui: &Ui) {
    Report::of_objects(checked, files).show(Format::Human, ui);
}

/// Shows all mistakes of a spec on standard output, and how many there are.
pub(crate) fn report(compiled: &Compiled, spec: &str, format: Format, ui: &Ui) {
    Report::of_spec(compiled, spec).show(format, ui);
}
