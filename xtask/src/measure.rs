//! What the programs take, beside their peers in the same run.

mod compile;
mod figure;
mod runtime;

use anyhow::Result;

use figure::{Figures, print_json, print_table};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What is measured: both if it is not said
    #[arg(value_enum)]
    what: Option<What>,
    /// How the figures are printed: `table` or `json`
    #[arg(long, default_value = "table", value_parser = ["table", "json"])]
    format: String,
    /// How often each program is started
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(3..=50))]
    runs: u32,
    /// Measures a program that is given, in this network namespace (used by the task itself)
    #[arg(long, hide = true, num_args = 2.., allow_hyphen_values = true)]
    inside: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// Size, start and memory of meshd, beside Envoy's
    Runtime,
    /// Time and memory of `meshc check` and `meshc build`, beside Helm's and Jinja2's
    Compile,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if let [port, program @ ..] = args.inside.as_slice() {
        return runtime::inside(port, program, args.runs);
    }
    let wanted = |what| args.what.is_none_or(|only| only == what);
    let mut figures = Vec::new();
    if wanted(What::Runtime) {
        figures.extend(runtime::figures(args.runs)?);
    }
    if wanted(What::Compile) {
        figures.extend(compile::figures(args.runs)?);
    }
    let figures = Figures::new(figures);
    if args.format == "json" {
        print_json(&figures)
    } else {
        print_table(&figures);
        Ok(())
    }
}
