use std::path::PathBuf;

use clap::ValueEnum;
use mesh_compiler::diag::render::{self as mistakes, Style};
use mesh_compiler::query::{self, Verdict, render};

use super::given;
use super::settings::Values;
use super::trace::put;
use crate::exit::Exit;
use crate::ui::Ui;
use crate::world::FsWorld;

/// Hold what the spec expects of calls against the mesh.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc test examples/forum
  meshc test examples/forum --filter webapp
  meshc test spec.kdl --format junit -o report.xml     for continuous integration

Expectations are `expect` nodes in the spec, or in files beside it that end in `.test.kdl`. It ends with 0 where all are
met, with 1 where one is not.")]
pub(crate) struct Args {
    /// The spec, or a folder with `spec.kdl`, `spec.yaml` or `spec.json` in it; or manifests, or a folder of them.
    #[arg(default_value = ".")]
    spec: PathBuf,

    /// Only expectations with this text in their line or the path of their file.
    #[arg(long, default_value = "", value_name = "TEXT")]
    filter: String,

    #[command(flatten)]
    values: Values,

    /// How the result is shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Write it to a file.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How the result is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each; what is not met is explained.
    #[default]
    Human,
    /// One JSON document.
    Json,
    /// A report as JUnit writes it.
    Junit,
}

pub(crate) fn run(args: Args, ui: &Ui) -> Exit {
    let mut given = match given::mesh(&args.spec, &args.values, ui) {
        Ok(given) => given,
        Err(exit) => return exit,
    };
    let (mesh, spec) = (&given.mesh, &given.path);
    let (beside, wrong) = query::read_tests(&FsWorld, spec, mesh, &mut given.sources);
    let style = Style {
        color: ui.color && args.output.is_none(),
        width: ui.width,
    };
    if !wrong.is_empty() {
        ui.out(mistakes::human(&wrong, &given.sources, style));
        return Exit::Failed;
    }
    let mut all = mesh.expectations.clone();
    all.extend(beside);
    let verdicts = query::judge(mesh, &all, &args.filter, &given.sources);
    if verdicts.is_empty() {
        let help = if all.is_empty() {
            "write one: `expect allow from=webapp to=\"/api/x\"` in a service"
        } else {
            "no expectation has the text of `--filter` in it"
        };
        ui.fail("nothing is expected", format_args!("in {spec}"), help);
        return Exit::Broken;
    }
    let text = match args.format {
        Format::Human => render::verdicts(&verdicts, &given.sources, style),
        Format::Json => render::verdicts_json(&verdicts, &given.sources),
        Format::Junit => render::junit(&verdicts, spec, &given.sources),
    };
    if let Err(exit) = put(&text, args.output.as_deref(), ui) {
        return exit;
    }
    let failed = verdicts.iter().filter(|verdict| !verdict.passed()).count();
    match args.format {
        Format::Human if args.output.is_none() => ui.line(summary(&verdicts, failed)),
        _ => ui.note(summary(&verdicts, failed)),
    }
    if failed == 0 { Exit::Done } else { Exit::Failed }
}

fn summary(verdicts: &[Verdict], failed: usize) -> String {
    format!("{} met, {failed} not", verdicts.len() - failed)
}
