use clap::{Parser, Subcommand};

use crate::commands::{
    apply, build, ca, check, completion, convert, diff, explain, export, fmt, graph, import, init, lab, lsp,
    man, remove, schema, test, trace,
};
use crate::exit::Exit;
use crate::ui::{Color, Ui};

/// Puts virtual machines into an Istio mesh from one spec file.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = TOUR)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

const TOUR: &str = "\
The tour:
  meshc check examples/forum/spec.kdl          all mistakes of a spec, at once
  meshc build examples/forum/spec.kdl -o out   manifests for the cluster, a bundle for each VM
  meshc apply out --ssh                        ships the bundles

Exit codes: 0 done, 1 the spec or a host failed, 2 the tool failed or was used wrongly.";

/// What meshc can do. Each command is a file in `commands/`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(init::Args),
    Check(check::Args),
    Explain(explain::Args),
    Trace(trace::Args),
    Graph(graph::Args),
    Test(test::Args),
    Import(import::Args),
    Export(export::Args),
    Build(build::Args),
    Diff(diff::Args),
    Apply(apply::Args),
    Remove(remove::Args),
    Ca(ca::Args),
    Lab(lab::Args),
    Lsp(lsp::Args),
    Fmt(fmt::Args),
    Convert(convert::Args),
    Schema(schema::Args),
    Completion(completion::Args),
    Man(man::Args),
}

impl Command {
    pub(crate) fn run(self, ui: &Ui) -> Exit {
        match self {
            Self::Init(args) => init::run(&args, ui),
            Self::Check(args) => check::run(args, ui),
            Self::Explain(args) => explain::run(&args, ui),
            Self::Trace(args) => trace::run(args, ui),
            Self::Graph(args) => graph::run(&args, ui),
            Self::Test(args) => test::run(args, ui),
            Self::Import(args) => import::run(&args, ui),
            Self::Export(args) => export::run(&args, ui),
            Self::Build(args) => build::run(args, ui),
            Self::Diff(args) => diff::run(&args, ui),
            Self::Apply(args) => apply::run(args, ui),
            Self::Remove(args) => remove::run(args, ui),
            Self::Ca(args) => ca::run(args, ui),
            Self::Lab(args) => lab::run(args, ui),
            Self::Lsp(args) => lsp::run(&args, ui),
            Self::Fmt(args) => fmt::run(&args, ui),
            Self::Convert(args) => convert::run(&args, ui),
            Self::Schema(args) => schema::run(&args, ui),
            Self::Completion(args) => completion::run(args, ui),
            Self::Man(args) => man::run(&args, ui),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
