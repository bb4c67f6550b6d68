mod side;

use std::path::PathBuf;

use clap::ValueEnum;
use mesh_compiler::diff::{self, Picture, render};

use super::settings::Values;
use crate::exit::Exit;
use crate::ui::Ui;
use side::Side;

/// Compare two meshes by meaning: what changes, what restarts, and who gains or loses access.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  meshc diff out spec.kdl                 what the next build and apply will change
  meshc diff --git main spec.kdl          since the branch main
  meshc diff main:spec.kdl HEAD:spec.kdl  between two commits
  meshc diff spec.kdl spec.kdl --before-profile staging --profile prod
  meshc diff manifests spec.kdl           existing objects of Kubernetes and Istio against a spec
  meshc diff --git HEAD manifests         what a change of existing objects means, and what it restarts

Each side is a spec or a folder with one, a folder that `meshc build` wrote, or files of Kubernetes objects; with
`REV:` before it, as git has it at that revision. Spelling, order and names of objects say nothing. Objects are taken
for the mesh that they mean; what the language does not say is compared as it is written.

Exit codes: 0 the same, 1 different, 2 one of them cannot be read or has mistakes.")]
pub(crate) struct Args {
    /// What was, and what is; with `--git`, one path is both.
    #[arg(required = true, num_args = 1..=2, value_names = ["BEFORE", "AFTER"])]
    sides: Vec<PathBuf>,

    /// Take the first side as git has it at this revision.
    #[arg(long, value_name = "REV")]
    git: Option<String>,

    #[command(flatten)]
    values: Values,

    /// Take the parameters' values of this profile for the first side; that of `--profile` if it is not given.
    #[arg(long, value_name = "NAME")]
    before_profile: Option<String>,

    /// Set a parameter for the first side alone.
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::settings::pair)]
    before_set: Vec<(String, String)>,

    /// How the difference is shown.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How a difference is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    #[default]
    Human,
    /// One JSON document.
    Json,
}

pub(crate) fn run(args: &Args, ui: &Ui) -> Exit {
    let (before, after) = match pictures(args, ui) {
        Ok(pictures) => pictures,
        Err(exit) => return exit,
    };
    let difference = diff::between(&before, &after);
    match args.format {
        Format::Human => {
            ui.out(render::human(&difference, ui.color));
            if difference.is_empty() {
                ui.line("no difference in meaning");
            }
        }
        Format::Json => ui.out(render::json(&difference)),
    }
    if difference.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    }
}

fn pictures(args: &Args, ui: &Ui) -> Result<(Picture, Picture), Exit> {
    let (before, after) = match (args.sides.as_slice(), &args.git) {
        ([both], Some(revision)) => (Side::at(revision, both, ui)?, Side::here(both)),
        ([before, after], Some(revision)) => (Side::at(revision, before, ui)?, Side::of(after, ui)?),
        ([before, after], None) => (Side::of(before, ui)?, Side::of(after, ui)?),
        _ => {
            ui.fail(
                "there is nothing to compare with",
                "one path is given",
                "name two, or `--git REV` for what it was",
            );
            return Err(Exit::Broken);
        }
    };
    let now = args.values.settings();
    let mut then = now.clone();
    if args.before_profile.is_some() {
        then.profile.clone_from(&args.before_profile);
    }
    then.set.extend(args.before_set.iter().cloned());
    Ok((before.picture(&then, ui)?, after.picture(&now, ui)?))
}
